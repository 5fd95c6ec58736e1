"""Equal subscriptions form a group: executed once, encoded once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import pytest

from graph.core import stored
from graph.events.feed import LiveFeed
from graph.fanout.event_execution import GroupExecution
from graph.fanout.groups import Groups
from models import Account, ApiKey, Contact, Conversation, Role
from models.database.base import collection
from models.database.coalescing import SharedRead
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.waiting import eventually
from tests.graph.live_kit import (
    create_contact,
    create_conversation,
    create_message,
    wait_for_listeners,
)
from tests.graph.socket_kit import SocketClient, open_socket
from tests.graph.stream_kit import open_stream
from whatsapp.auth.api_keys import revoke_api_key

MakeClient = Callable[..., Awaitable[GraphQLClient]]
ADDED = "subscription { messageAdded { cursor message { text } } }"
AFTER = """subscription Other($since: String) {
    messageAdded(after: $since) { ...on MessageAdded { cursor } message { text } }
}"""
SAME_AS_ADDED = "subscription Named($x: String) {messageAdded(after: $x) {cursor message{text}}}"


@pytest.fixture
async def conversation(account: Account) -> Conversation:
    return await create_conversation(await create_contact(account.id))


async def take_texts(client: SocketClient, count: int) -> list[str]:
    """Returns the texts of the next messages."""
    return [data["messageAdded"]["message"]["text"] for data in await client.take(count)]


@contextmanager
def counting_executions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Each execution for an event, as it happens."""
    executed: list[str] = []
    execute = GroupExecution.execute

    def count(self: GroupExecution, event: Any) -> Any:
        executed.append(event.cursor)
        return execute(self, event)

    with monkeypatch.context() as patch:
        patch.setattr(GroupExecution, "execute", count)
        yield executed


async def test_equal_subscriptions_are_executed_once(
    port: int,
    token: str,
    conversation: Conversation,
    live_groups: Groups,
    admin: GraphQLClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cursor = (await admin("{ eventCursor }"))["eventCursor"]
    with counting_executions(monkeypatch) as executed:
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(open_socket(port, token=token)) for _ in range(6)
            ]
            for client in clients[:3]:
                await client.subscribe(ADDED)
            for client in clients[3:]:
                await client.subscribe(SAME_AS_ADDED, x=cursor)
            await wait_for_listeners(live_groups, 6)
            for number in range(5):
                await create_message(conversation, text=f"hi {number}")

            texts = [await take_texts(client, 5) for client in clients]

    assert texts == [[f"hi {number}" for number in range(5)]] * 6
    assert len(executed) == 5


async def test_event_stream_and_socket_share_group(
    port: int,
    token: str,
    conversation: Conversation,
    live_groups: Groups,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with counting_executions(monkeypatch) as executed:
        async with (
            open_socket(port, token=token) as ws,
            open_stream(f"http://127.0.0.1:{port}", token, ADDED) as sse,
        ):
            await ws.subscribe(ADDED)
            await wait_for_listeners(live_groups, 2)
            await create_message(conversation, text="hi")

            assert await ws.take(1) == await sse.take(1)

    assert len(executed) == 1


ACCOUNT_ID = "subscription { messageAdded { account { id } message { text } } }"
ACCOUNT_NAME = "subscription { messageAdded { account { name } message { text } } }"


async def test_who_leaves_takes_no_event_from_other_groups(
    port: int,
    token: str,
    conversation: Conversation,
    live_groups: Groups,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They wait for the same account, which is read once for both."""
    waiting, go_on = 0, asyncio.Event()
    load = stored._load

    async def count_and_load(loader: Any, key: Any) -> Any:
        nonlocal waiting
        waiting += 1
        return await load(loader, key)

    async def both_wait() -> bool:
        return waiting == 2

    async def read_late(self: Any, keys: Any) -> Any:
        await go_on.wait()
        return await read(self, keys)

    read = SharedRead._read
    async with open_socket(port, token=token) as leaving, open_socket(port, token=token) as staying:
        leaving_id = await leaving.subscribe(ACCOUNT_ID)
        await staying.subscribe(ACCOUNT_NAME)
        await wait_for_listeners(live_groups, 2)
        monkeypatch.setattr(SharedRead, "_read", read_late)
        monkeypatch.setattr(stored, "_load", count_and_load)
        await create_message(conversation, text="one")
        await eventually(both_wait)

        await leaving.send({"id": leaving_id, "type": "complete"})
        await wait_for_listeners(live_groups, 1)
        go_on.set()
        await create_message(conversation, text="two")
        assert await take_texts(staying, 2) == ["one", "two"]


async def test_abandoned_execution_is_repeated(
    port: int,
    token: str,
    conversation: Conversation,
    live_groups: Groups,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execute = GroupExecution.execute
    given_up = iter([True])

    async def give_up() -> Any:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        return await future

    def execute_or_give_up(self: GroupExecution, event: Any) -> Any:
        return give_up() if next(given_up, False) else execute(self, event)

    monkeypatch.setattr(GroupExecution, "execute", execute_or_give_up)
    async with open_socket(port, token=token) as client:
        await client.subscribe(ADDED)
        await wait_for_listeners(live_groups, 1)
        await create_message(conversation, text="one")
        await create_message(conversation, text="two")
        assert await take_texts(client, 2) == ["one", "two"]


async def test_other_rights_or_selections_are_other_groups(
    port: int,
    account: Account,
    other_account: Account,
    conversation: Conversation,
    live_groups: Groups,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readers = [
        (await make_client(Role.ADMIN), ADDED),
        (await make_client(Role.VIEWER), ADDED),
        (await make_client(Role.VIEWER, [account]), ADDED),
        (await make_client(Role.VIEWER), AFTER),
    ]
    outsider = await make_client(Role.VIEWER, [other_account])
    with counting_executions(monkeypatch) as executed:
        async with AsyncExitStack() as stack:
            clients: list[SocketClient] = []
            for reader, query in [*readers, (outsider, ADDED)]:
                client = await stack.enter_async_context(open_socket(port, token=reader.token))
                await client.subscribe(query)
                clients.append(client)
            await wait_for_listeners(live_groups, 5)
            await create_message(conversation, text="hi")

            for client in clients[:4]:
                (data,) = await client.take(1)
                assert data["messageAdded"]["message"]["text"] == "hi"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await clients[4].connection.recv()

    assert len(executed) == 4


async def test_who_joins_while_events_flow_misses_none(
    port: int,
    token: str,
    conversation: Conversation,
    live_feed: LiveFeed,
    admin: GraphQLClient,
) -> None:
    cursor = (await admin("{ eventCursor }"))["eventCursor"]

    async def write() -> None:
        for number in range(150):
            await create_message(conversation, text=str(number))

    async def read(delay: float) -> list[str]:
        await asyncio.sleep(delay)
        async with open_socket(port, token=token) as client:
            await client.subscribe(SAME_AS_ADDED, x=cursor)
            return [data["messageAdded"]["message"]["text"] for data in await client.take(150)]

    writing = asyncio.create_task(write())
    heard = await asyncio.gather(*(read(0.02 * number) for number in range(20)))
    await writing

    assert heard == [[str(number) for number in range(150)]] * 20


async def test_revoked_key_leaves_other_members_subscribed(
    port: int,
    conversation: Conversation,
    live_groups: Groups,
    make_client: MakeClient,
) -> None:
    leaving, staying = await make_client(Role.VIEWER), await make_client(Role.VIEWER)
    async with (
        open_socket(port, token=leaving.token) as one,
        open_socket(port, token=staying.token) as other,
    ):
        for client in (one, other):
            await client.subscribe(ADDED)
        await wait_for_listeners(live_groups, 2)
        prefix = str(leaving.token).split("_")[1]
        key = await ApiKey.find_one({"prefix": prefix})
        assert key is not None
        await revoke_api_key(key)

        assert await one.find_close() == (4403, "Forbidden")
        await create_message(conversation, text="hi")
        assert len(await other.take(1)) == 1


async def test_events_are_executed_by_plans(
    ws: SocketClient,
    conversation: Conversation,
    live_groups: Groups,
    caplog: pytest.LogCaptureFixture,
) -> None:
    query = """subscription { events { __typename cursor at account { id name }
        ... on MessageAdded { message { id text status contact { name user { name } } content {
            __typename ... on TextContent { body } } } }
        ... on ConversationUpdated { conversation { id unreadCount lastMessage { id } } } } }"""
    await ws.subscribe(query)
    await wait_for_listeners(live_groups, 1)

    with caplog.at_level(logging.DEBUG, logger="graph.fanout.event_execution"):
        message = await create_message(conversation, text="hi")
        event = (await ws.take(1))[0]["events"]
        while event["__typename"] != "MessageAdded":
            # The creation of the conversation may be an event here too.
            event = (await ws.take(1))[0]["events"]

    assert event["message"]["id"] == encode_id("Message", message.id)
    assert event["message"]["contact"]["user"] is None
    assert "bailed out" not in caplog.text


async def test_plan_bailout_falls_back_to_graphql_core(
    ws: SocketClient, conversation: Conversation, live_groups: Groups
) -> None:

    await collection(Contact).delete_many({})
    await ws.subscribe("subscription { messageAdded { cursor message { contact { id } } } }")
    await wait_for_listeners(live_groups, 1)

    await create_message(conversation, text="hi")

    frame = await ws.receive()
    (error,) = frame["payload"]["errors"]
    assert error["path"] == ["messageAdded", "message", "contact"]
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
