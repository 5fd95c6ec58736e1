"""Answers are bounded in bytes while they are produced, and in the time that a peer may take."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest

from graph.fanout.groups import Groups
from models import Account, Contact, Message, Role
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, write_message
from tests.fixtures.timeouts import make_timeouts, run_lifespan
from tests.fixtures.waiting import eventually
from tests.fixtures.world import SERVER_URL
from tests.graph.live_kit import wait_for_listeners
from tests.graph.socket_kit import SECONDS, open_socket, serve
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

MAX_BYTES = 200_000
ALIASES = " ".join(f"a{number}: attributes" for number in range(30))
QUERY = f"{{ contacts {{ edges {{ node {{ {ALIASES} }} }} }} }}"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_response_bytes": MAX_BYTES})


@pytest.fixture
async def message(account: Account) -> Message:
    """The message of a contact with 100 kB of attributes."""
    message = await write_message(account, "15550001111", "Hello")
    attributes = {"note": "x" * 100_000}
    await collection(Contact).update_many({}, {"$set": {"attributes": attributes}})
    return message


@pytest.fixture(params=[True, False], ids=["plans", "graphql-core"])
async def viewer(
    request: pytest.FixtureRequest, app: Any, settings: Settings
) -> AsyncIterator[GraphQLClient]:
    from app import create_app

    application = create_app(
        settings.model_copy(update={"query_plans": request.param}),
        timeouts=make_timeouts(socket_send_seconds=1.0),
    )
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="viewer", role=Role.AGENT)
    async with (
        run_lifespan(application) as manager,
        httpx.AsyncClient(transport=httpx.ASGITransport(manager.app), base_url=SERVER_URL) as http,
    ):
        yield GraphQLClient(http, token)


def assert_too_large(answer: dict[str, Any]) -> None:
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "RESPONSE_TOO_LARGE"}
    assert "path" not in error
    assert str(MAX_BYTES) in error["message"]


async def test_large_answer_is_refused_in_bounded_memory(
    viewer: GraphQLClient, message: Message
) -> None:
    await viewer.post(QUERY)
    peaks = [await measure_peak(viewer) for _ in range(3)]

    # The first response creates the plan, and other tasks allocate too.
    assert min(peaks) < 2_000_000, "the answer would have 3 MB"


async def measure_peak(viewer: GraphQLClient) -> int:
    """Returns the peak of allocated bytes during a refused query."""
    tracemalloc.start()
    try:
        answer = await viewer.post(QUERY)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert_too_large(answer)
    return peak


async def test_answer_within_bound_is_given(viewer: GraphQLClient, message: Message) -> None:
    query = "{ contacts { edges { node { attributes name } } } }"

    for _ in range(2):
        answer = await viewer(query)

    (edge,) = answer["contacts"]["edges"]
    assert len(edge["node"]["attributes"]["note"]) == 100_000


async def test_many_short_values_are_counted(viewer: GraphQLClient, account: Account) -> None:
    for number in range(30):
        await write_message(account, "15550001111", f"Hello {number}")
    names = " ".join(
        f"m{number}: messages(first: 30) {{ edges {{ node {{ id createdAt timestamp status type"
        " direction text whatsappId conversation { id } account { id } } } }"
        for number in range(30)
    )
    query = f"{{ conversations(first: 1) {{ edges {{ node {{ {names} }} }} }} }}"

    for _ in range(2):
        assert_too_large(await viewer.post(query))


async def test_escaped_text_is_counted_as_it_is_sent(
    viewer: GraphQLClient, account: Account
) -> None:
    message = await write_message(account, "15550001111", "Hello")
    attributes = {"note": "\x01" * (MAX_BYTES // 5)}
    await collection(Contact).update_many({}, {"$set": {"name": attributes["note"]}})

    for _ in range(2):
        answer = await viewer.post(
            "query ($id: ID!) { contact(id: $id) { name } }", id=contact_id(message)
        )
        assert_too_large(answer)


async def test_mutation_with_large_answer_is_done(viewer: GraphQLClient, message: Message) -> None:
    mutation = f"""mutation ($id: ID!) {{
      updateContact(input: {{ contactId: $id, name: "Ann" }}) {{ contact {{ {ALIASES} }} }}
    }}"""

    answer = await viewer.post(mutation, id=contact_id(message))

    assert_too_large(answer)
    contact = await Contact.get(message.contact_id)
    assert contact is not None
    assert contact.name == "Ann"


async def test_large_answer_keeps_socket_open(
    app: Any, admin: GraphQLClient, message: Message
) -> None:
    async with serve(app) as port, open_socket(port, token=admin.token) as ws:
        for number in range(2):
            payload = {"query": QUERY}
            await ws.send({"id": str(number), "type": "subscribe", "payload": payload})
            frame = await ws.receive()
            assert (frame["id"], frame["type"]) == (str(number), "next")
            assert_too_large(frame["payload"])
            assert (await ws.receive())["type"] == "complete"


async def test_large_answer_as_event_stream_is_refused(
    client: httpx.AsyncClient, admin: GraphQLClient, message: Message
) -> None:
    headers = {"Authorization": f"Bearer {admin.token}", "Accept": "text/event-stream"}

    answer = await client.post("/graphql", json={"query": QUERY}, headers=headers)

    first = next(line for line in answer.text.splitlines() if line.startswith("data: "))
    assert_too_large(json.loads(first.removeprefix("data: ")))
    assert "event: complete" in answer.text


async def test_large_event_is_error_and_subscription_continues(
    app: Any, admin: GraphQLClient, message: Message, live_groups: Groups
) -> None:
    query = "subscription { events { ... on ContactUpdated { contact { name %s } } } }"
    async with serve(app) as port, open_socket(port, token=admin.token) as ws:
        await ws.subscribe(query % ALIASES)
        small = await ws.subscribe(query % "")
        await wait_for_listeners(live_groups, 2)
        await admin(
            'mutation ($id: ID!) { updateContact(input: { contactId: $id, name: "A" })'
            " { contact { id } } }",
            id=contact_id(message),
        )
        frames = [await ws.receive() for _ in range(2)]

    for frame in frames:
        if frame["id"] == small:
            assert frame["payload"]["data"]["events"]["contact"]["name"] == "A"
        else:
            assert_too_large(frame["payload"])


async def test_raw_values_and_aliases_cost(admin: GraphQLClient) -> None:
    inner = f"messages(first: 48) {{ edges {{ node {{ contact {{ {ALIASES} }} }} }} }}"
    query = f"{{ conversations(first: 50) {{ edges {{ node {{ {inner} }} }} }} }}"

    assert await admin.find_error_code(query) == "QUERY_TOO_COMPLEX"


@pytest.mark.parametrize("number", [4])
async def test_unread_responses_end_their_connections(
    app: Any, admin: GraphQLClient, account: Account, settings: Settings, number: int
) -> None:
    """Reads responses larger than the network's buffers."""
    message = await write_message(account, "15550001111", "Hello")
    await collection(Contact).update_many({}, {"$set": {"name": "x" * 150_000}})
    body = json.dumps(
        {
            "query": "query ($id: ID!) { contact(id: $id) { name } }",
            "variables": {"id": contact_id(message)},
        }
    )
    request = (
        f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {admin.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    async with serve(app) as port:
        connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(number)]
        for _, writer in connections:
            writer.write(request * 200)
        async with asyncio.timeout(SECONDS):
            for _, writer in connections:
                await eventually(partial(_is_cut_off, writer))
        for _, writer in connections:
            writer.close()


async def _is_cut_off(writer: asyncio.StreamWriter) -> bool:
    """Returns True if the peer has ended the connection: a write then fails sooner or later."""
    writer.write(b"\r\n")
    return writer.transport.is_closing()
