"""Sockets that have ended leave no task, no subscriber and no watched key behind."""

import asyncio
import gc
from collections import Counter
from contextlib import AsyncExitStack
from types import CodeType, CoroutineType
from typing import Any

from graph.events.feed import LiveFeed
from graph.fanout.bounded_socket import BoundedSocket
from graph.fanout.credential_watch import CredentialWatch
from graph.transport.websocket import SocketHandler, SocketOperation
from models import Account, Conversation
from telemetry.global_ids import encode_id
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.graph.live_kit import create_contact, create_conversation, create_message
from tests.graph.socket_kit import SocketClient, open_socket

SUBSCRIPTIONS = (
    "subscription { events { cursor } }",
    "subscription($id: ID!) { events(conversationId: $id) { cursor } }",
)
WAVES, SOCKETS = 2, 50
KEPT = (BoundedSocket, SocketHandler, SocketOperation)


async def end(client: SocketClient, number: int) -> None:
    """Ends the socket in the given way."""
    match number % 3:
        case 0:
            await client.connection.close()
        case 1:
            client.connection.transport.abort()
        case _:
            await client.send("no JSON")
            assert (await client.find_close())[0] == 4400


def count_kept() -> Counter[str]:
    return Counter(type(kept).__name__ for kept in gc.get_objects() if type(kept) in KEPT)


def count_leftovers(feed: LiveFeed, credentials: CredentialWatch) -> Counter[str]:
    found = count_kept()
    found["channels"] = len(feed._broadcast._subscribers) + len(feed._source._channels)
    found["watched keys"] = len(credentials._watched)
    found.update(code.co_qualname for code in map(find_code, asyncio.all_tasks()) if code)
    return found


def find_code(task: asyncio.Task[Any]) -> CodeType | None:
    """Returns the coroutine's name; None for tasks of the database driver."""
    coroutine = task.get_coro()
    code = coroutine.cr_code if isinstance(coroutine, CoroutineType) else None
    return None if code is None or "pymongo" in code.co_filename else code


@with_timeouts(close_answer_seconds=0.1)
async def test_sockets_that_ended_leave_nothing(
    port: int,
    token: str,
    account: Account,
    live_feed: LiveFeed,
    credentials: CredentialWatch,
) -> None:
    conversation = await create_conversation(await create_contact(account.id))
    before = count_leftovers(live_feed, credentials)
    for _ in range(WAVES):
        await make_wave(port, token, conversation)

    for _ in range(300):
        gc.collect()
        left = count_leftovers(live_feed, credentials) - before
        if not left:
            break
        await asyncio.sleep(0.2)
    assert left == Counter()


async def test_closed_sockets_are_freed_without_collector(
    port: int, token: str, no_collector: None
) -> None:
    """Python collects cycles of old objects so rarely that memory would only grow."""
    async with AsyncExitStack() as stack:
        for _ in range(SOCKETS):
            client = await stack.enter_async_context(open_socket(port, token=token))
            await client.subscribe(SUBSCRIPTIONS[0])
            await client.send({"type": "ping"})
            await client.receive()
        assert count_kept() == Counter(
            BoundedSocket=SOCKETS, SocketHandler=SOCKETS, SocketOperation=SOCKETS
        )

    async def are_freed() -> bool:
        return not count_kept()

    await eventually(are_freed)


async def make_wave(port: int, token: str, conversation: Conversation) -> None:
    async with AsyncExitStack() as stack:
        sockets = [open_socket(port, token=token) for _ in range(SOCKETS)]
        clients = [await stack.enter_async_context(one) for one in sockets]
        for client in clients:
            for query in SUBSCRIPTIONS:
                await client.subscribe(query, id=encode_id("Conversation", conversation.id))
        await asyncio.sleep(0.1)
        await create_message(conversation)
        await asyncio.gather(*(end(client, number) for number, client in enumerate(clients)))
