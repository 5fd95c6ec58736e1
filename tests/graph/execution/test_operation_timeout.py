"""An operation that takes too long: its caller hears so, and hears the truth."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from graph.fanout.groups import Groups
from models import Account, Role, User
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.multipart import Part, make_form, post
from tests.fixtures.said import write_message
from tests.fixtures.timeouts import make_timeouts
from tests.fixtures.waiting import eventually
from tests.graph.live_kit import wait_for_listeners
from tests.graph.socket_kit import SocketClient, open_socket, serve
from whatsapp.common.capacity import Capacity
from whatsapp.common.timeouts import Timeouts
from whatsapp.contacts import users

CREATE = 'mutation { createUser(input: {name: "Ada"}) { user { id } userErrors { code } } }'
ACCOUNTS = "{ accounts { edges { cursor } } }"


@pytest.fixture
def timeouts() -> Timeouts:
    return make_timeouts(operation_seconds=0.5, upload_deadline_seconds=1.0)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Blocks writes and lists until it is set."""
    gate = asyncio.Event()
    create_user = users.create_user

    async def wait_and_create(*args: Any, **kwargs: Any) -> User:
        await gate.wait()
        return await create_user(*args, **kwargs)

    async def wait(*_args: Any, **_kwargs: Any) -> None:
        await gate.wait()

    monkeypatch.setattr(users, "create_user", wait_and_create)
    monkeypatch.setattr("graph.types.connection_field.connect", wait)
    return gate


@pytest.fixture
async def ws(app: Any, admin: GraphQLClient) -> AsyncIterator[SocketClient]:
    async with serve(app) as port, open_socket(port, token=admin.token) as client:
        yield client


@pytest.mark.parametrize("map", ["{}", '{"0": ["variables.file"]}'])
async def test_form_has_deadline_too(admin: GraphQLClient, gate: asyncio.Event, map: str) -> None:
    operations = json.dumps({"query": ACCOUNTS, "variables": {"file": None}})
    parts: list[Part] = [("operations", operations), ("map", map)]
    if map != "{}":
        parts.append(("0", b"7 bytes"))

    answer = (await post(admin, make_form(*parts))).json()

    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert "longer than 0.5 seconds" in error["message"]


async def test_mutation_of_form_has_deadline(admin: GraphQLClient, gate: asyncio.Event) -> None:
    operations = json.dumps({"query": CREATE, "variables": {"file": None}})
    without = await post(admin, make_form(("operations", operations), ("map", "{}")))
    file: list[Part] = [("map", '{"0": ["variables.file"]}'), ("0", b"7 bytes")]
    with_file = await post(admin, make_form(("operations", operations), *file))
    messages = [answer.json()["errors"][0]["message"] for answer in (without, with_file)]
    gate.set()

    assert "longer than 0.5 seconds" in messages[0]
    assert "longer than 1.5 seconds" in messages[1]


async def test_query_is_cut_off(admin: GraphQLClient, gate: asyncio.Event) -> None:
    answer = await admin.post(ACCOUNTS)

    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert "longer than 0.5 seconds; request less" in error["message"]
    assert answer.get("data") is None


async def test_mutation_goes_on_and_its_caller_hears_so(
    admin: GraphQLClient, gate: asyncio.Event, database: AsyncDatabase[dict[str, Any]]
) -> None:
    answer = await admin.post(CREATE)
    before = await User.count()
    gate.set()

    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert "continues; check its result" in error["message"]
    assert before == 0
    assert await eventually(User.count) == 1


async def test_same_holds_on_socket(ws: SocketClient, gate: asyncio.Event) -> None:
    assert await ws.find_error(ACCOUNTS) == "SERVICE_UNAVAILABLE"
    assert await ws.find_error(CREATE) == "SERVICE_UNAVAILABLE"

    gate.set()
    assert await eventually(User.count) == 1


async def test_mutation_completes_after_caller_disconnects(
    ws: SocketClient, gate: asyncio.Event
) -> None:
    operation_id = await ws.subscribe(CREATE)
    await ws.send({"id": operation_id, "type": "complete"})
    await ws.send({"type": "ping"})
    await ws.receive()
    gate.set()

    assert await eventually(User.count) == 1


async def test_subscription_lives_on(
    ws: SocketClient, account: Account, live_groups: Groups
) -> None:
    await ws.subscribe("subscription { messageAdded { message { text } } }")
    await wait_for_listeners(live_groups, 1)
    await asyncio.sleep(0.8)

    await write_message(account, "15550001111", "Still there?")

    assert await ws.take(1) == [{"messageAdded": {"message": {"text": "Still there?"}}}]


class TestTurns:
    @pytest.fixture
    def capacity(self) -> Capacity:
        return Capacity(graphql_operations=4)

    @pytest.fixture
    def timeouts(self) -> Timeouts:
        return make_timeouts(operation_seconds=60.0)

    @pytest.mark.parametrize("operation", [ACCOUNTS, CREATE])
    async def test_credential_leaves_operations_for_other_credentials(
        self,
        admin: GraphQLClient,
        make_client: Callable[..., Awaitable[GraphQLClient]],
        gate: asyncio.Event,
        ws: SocketClient,
        operation: str,
    ) -> None:
        other = await make_client(Role.ADMIN)
        gate.set()
        await admin.post(operation)  # a query is known from now on
        gate.clear()
        greedy = [asyncio.create_task(admin.post(operation)) for _ in range(6)]
        await asyncio.sleep(0.2)
        viewer = await other.post("{ viewer { role } }")
        waiting = asyncio.create_task(admin.post("{ viewer { role } }"))
        await ws.send({"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { role } }"}})
        await asyncio.sleep(0.2)
        is_waiting = not waiting.done()
        gate.set()
        answers = [await one for one in (*greedy, waiting)]

        assert viewer["data"] == {"viewer": {"role": "ADMIN"}}
        assert is_waiting
        errors = [error for answer in answers for error in answer.get("errors", [])]
        codes = {error["extensions"]["code"] for error in errors}
        # The list that the gate stands for has no value in the end.
        assert codes <= {"INTERNAL_SERVER_ERROR"}
        assert (await ws.receive())["type"] == "next"
