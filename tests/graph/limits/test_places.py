"""Places of a workspace with a quota, while other workspaces are active and while it is alone."""

import asyncio
from typing import Any

import httpx
import pytest

from graph.fanout.groups import Groups
from models import Account, Role, User
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.quotas import add_other_workspace, set_quotas
from tests.fixtures.timeouts import make_timeouts
from tests.fixtures.waiting import eventually
from tests.graph.live_kit import (
    create_contact,
    create_conversation,
    create_message,
    wait_for_listeners,
)
from tests.graph.socket_kit import open_socket, serve
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.capacity import Capacity
from whatsapp.common.timeouts import Timeouts
from whatsapp.contacts import users

CREATE = 'mutation { createUser(input: {name: "Ada"}) { user { id } userErrors { code } } }'
WHO = "{ viewer { role } }"
PAGE = "{ contacts(first: 99) { edges { cursor } } }"
LIVE = """subscription { messageAdded { cursor message {
  text conversation { messages(first: 3) { edges { n%d: cursor } } } } } }"""


class Gate:
    """Holds mutations that have a place until it is opened."""

    def __init__(self) -> None:
        self.entered = 0
        self.opened = asyncio.Event()

    async def pass_through(self) -> None:
        self.entered += 1
        await self.opened.wait()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate, create_user = Gate(), users.create_user

    async def wait_and_create(*args: Any, **kwargs: Any) -> User:
        await gate.pass_through()
        return await create_user(*args, **kwargs)

    monkeypatch.setattr(users, "create_user", wait_and_create)
    return gate


@pytest.fixture
def capacity() -> Capacity:
    return Capacity(limited_operations=2, limited_waiting=3, held_refusals=1)


@pytest.fixture
def timeouts() -> Timeouts:
    # The other workspace stays active during a test.
    return make_timeouts(
        workspace_active_seconds=600.0, refusal_hold_seconds=3.0, limited_rest_seconds=60.0
    )


@pytest.fixture
async def stranger(admin: GraphQLClient) -> GraphQLClient:
    """A client of another workspace, which is not active yet."""
    other = await add_other_workspace()
    _, token = await create_api_key(other.id, name="other", role=Role.ADMIN)
    return GraphQLClient(admin.http, token)


async def post(client: GraphQLClient, query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {client.token}"}
    return await client.http.post("/graphql", json={"query": query}, headers=headers)


async def limit_admin(admin: GraphQLClient, events: int | None = None) -> None:
    """Sets quotas of the default workspace, and waits until the process knows them."""
    await set_quotas(operation_cost_per_minute=600_000, event_cost_per_minute=events)

    async def is_known() -> bool:
        usage = await admin.post("{ viewer { workspace { usage { operationCost { used } } } } }")
        return usage["data"]["viewer"]["workspace"]["usage"]["operationCost"]["used"] is not None

    await eventually(is_known)


async def start(client: GraphQLClient, number: int) -> list[asyncio.Task[httpx.Response]]:
    tasks = [asyncio.create_task(post(client, CREATE)) for _ in range(number)]
    await asyncio.sleep(0.3)
    return tasks


async def test_workspace_with_quota_leaves_places_to_others(
    admin: GraphQLClient, stranger: GraphQLClient, gate: Gate
) -> None:
    await limit_admin(admin)
    await post(stranger, WHO)

    greedy = await start(admin, 5)
    entered = gate.entered
    others = await start(stranger, 4)
    entered_with_others = gate.entered
    gate.opened.set()
    answers = [await task for task in (*greedy, *others)]

    assert entered == 2
    assert entered_with_others == 6, "the others have their places at once"
    assert [answer.status_code for answer in answers] == [200] * 9
    assert await User.count() == 9


async def test_places_rest_as_long_as_they_were_used(
    admin: GraphQLClient, stranger: GraphQLClient, gate: Gate
) -> None:
    await limit_admin(admin)
    await post(stranger, WHO)
    greedy = await start(admin, 2)
    await asyncio.sleep(2)
    gate.opened.set()
    await asyncio.gather(*greedy)

    [later] = await start(admin, 1)
    entered = gate.entered
    [other] = await start(stranger, 1)

    assert entered == 2, "both places rest"
    assert (await other).status_code == 200
    assert not later.done(), "the places rest longer than others take"
    assert (await later).status_code == 200
    assert await User.count() == 4


async def test_operations_beyond_line_are_refused(
    admin: GraphQLClient, stranger: GraphQLClient, gate: Gate
) -> None:
    await limit_admin(admin)
    await post(stranger, WHO)

    greedy = await start(admin, 5)
    beyond = await start(admin, 2)
    refused = [(await task).json() for task in beyond]
    gate.opened.set()
    answers = [await task for task in greedy]

    codes = [answer["errors"][0]["extensions"]["code"] for answer in refused]
    assert codes == ["RATE_LIMITED"] * 2
    costs = [answer["extensions"]["cost"]["requested"] for answer in refused]
    assert costs == [None] * 2, "nothing is charged"
    assert [answer.status_code for answer in answers] == [200] * 5
    assert await User.count() == 5


async def test_workspace_alone_has_all_places(
    admin: GraphQLClient, stranger: GraphQLClient, gate: Gate
) -> None:
    await limit_admin(admin)

    tasks = await start(admin, 7)
    entered = gate.entered
    gate.opened.set()
    answers = [await task for task in tasks]

    assert entered == 7
    assert [answer.status_code for answer in answers] == [200] * 7


async def test_workspace_without_quota_has_all_places(
    admin: GraphQLClient, stranger: GraphQLClient, gate: Gate
) -> None:
    await limit_admin(admin)
    await post(admin, WHO)

    tasks = await start(stranger, 7)
    entered = gate.entered
    gate.opened.set()
    answers = [await task for task in tasks]

    assert entered == 7
    assert [answer.status_code for answer in answers] == [200] * 7


async def test_bounded_number_of_refusals_is_held_back(
    admin: GraphQLClient, stranger: GraphQLClient
) -> None:
    await post(stranger, WHO)
    await set_quotas(operation_cost_per_minute=60)

    async def is_refused() -> bool:
        return (await post(admin, PAGE)).status_code == 429

    await eventually(is_refused)
    await post(stranger, WHO)
    first = asyncio.create_task(post(admin, PAGE))
    await asyncio.sleep(0.3)
    second = await post(admin, PAGE)
    is_held = not first.done()
    served = await post(stranger, PAGE)
    held = await first

    assert is_held
    assert second.status_code == 429
    assert served.status_code == 200
    assert held.status_code == 429
    error = held.json()["errors"][0]["extensions"]
    assert held.headers["Retry-After"] == str(error["retryAfter"])


async def test_subscriptions_of_limited_workspace_are_complete(
    app: Any,
    admin: GraphQLClient,
    stranger: GraphQLClient,
    account: Account,
    live_groups: Groups,
) -> None:
    conversation = await create_conversation(await create_contact(account.id))
    await limit_admin(admin, events=600_000)
    await post(stranger, WHO)
    texts = [str(text) for text in range(5)]
    async with serve(app) as port, open_socket(port, token=admin.token) as socket:
        # Each subscription differs, so each is executed for itself.
        ids = [await socket.subscribe(LIVE % index) for index in range(8)]
        await wait_for_listeners(live_groups, len(ids))
        for text in texts:
            await create_message(conversation, text=text)
        frames = [await socket.receive() for _ in range(len(texts) * len(ids))]

    received: dict[str, list[str]] = {}
    for frame in frames:
        message = frame["payload"]["data"]["messageAdded"]["message"]
        received.setdefault(frame["id"], []).append(message["text"])
    assert received == dict.fromkeys(ids, texts)
