"""A slow member delays no other member; it loses nothing or gets a resume event."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from websockets.exceptions import ConnectionClosed

from graph.events.feed import LiveFeed
from graph.events.ring import EventRing
from graph.fanout.bounded_socket import BoundedSocket
from graph.fanout.groups import Groups
from models import Message
from models.database.base import new_id
from tests.fixtures.timeouts import make_timeouts
from tests.graph.live_kit import (
    FeedReader,
    catch_up,
    create_contact,
    create_conversation,
    create_message,
    create_viewer,
    run_feed,
    wait_for_listeners,
)
from tests.graph.socket_kit import SocketClient, open_socket, serve
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

OTHERS = 3
LONG = "x" * 4000
COPIES = 30
ADDED = f"""subscription($after: String) {{ messageAdded(after: $after) {{
    cursor message {{ text {" ".join(f"copy{number}: text" for number in range(COPIES))} }} }} }}"""
# The kernel buffers several megabytes; an event has 120 kB.
MAX_EVENTS = 500


@pytest.fixture
def timeouts() -> Timeouts:
    """Disables deadlines: a member that waits for a slow member would wait for the whole test."""
    return make_timeouts(
        socket_send_seconds=600.0, close_send_seconds=600.0, close_answer_seconds=600.0
    )


@contextlib.asynccontextmanager
async def open_slow(port: int, token: str) -> AsyncIterator[SocketClient]:
    """A client that reads only on request; unread data fills its small buffers."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.setblocking(False)
        async with open_socket(
            port, token=token, sock=connection, max_queue=1, ping_interval=None
        ) as client:
            yield client


@contextlib.asynccontextmanager
async def open_group(
    port: int, token: str, groups: Groups
) -> AsyncIterator[tuple[SocketClient, list[SocketClient]]]:
    """The slow member and the other members of its group."""
    async with contextlib.AsyncExitStack() as stack:
        slow = await stack.enter_async_context(open_slow(port, token))
        others = [
            await stack.enter_async_context(open_socket(port, token=token)) for _ in range(OTHERS)
        ]
        for client in (slow, *others):
            await client.subscribe(ADDED)
        await wait_for_listeners(groups, 1 + OTHERS)
        yield slow, others


async def tell(number: int, others: list[SocketClient]) -> None:
    """Waits until the other members have it."""
    await create_message(text=f"{number} {LONG}")
    for client in others:
        assert await read_number(client) == number


async def read_number(client: SocketClient) -> int:
    number, _ = await read(client)
    return number


async def read(client: SocketClient) -> tuple[int, str]:
    """Returns the number of the event's message, and its cursor."""
    [data] = await client.take(1)
    event = data["messageAdded"]
    return int(event["message"]["text"].split()[0]), event["cursor"]


async def tell_until_it_falls_behind(groups: Groups, others: list[SocketClient]) -> int:
    """Returns the number of messages until the slow member's buffers are full."""
    for number in range(MAX_EVENTS):
        if groups.count_members() == OTHERS:
            return number
        await tell(number, others)
    raise AssertionError("nobody has fallen behind")


async def test_slow_member_catches_up_in_order(port: int, token: str, live_groups: Groups) -> None:
    async with open_group(port, token, live_groups) as (slow, others):
        told = await tell_until_it_falls_behind(live_groups, others)
        for number in range(told, told + 20):
            await tell(number, others)

        heard = [await read_number(slow) for _ in range(told + 20)]
        await wait_for_listeners(live_groups, 1 + OTHERS)
        await tell(told + 20, [*others, slow])

    assert heard == list(range(told + 20))


async def test_member_behind_memory_closes_and_resumes(
    port: int, token: str, live_feed: LiveFeed, live_groups: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_group(port, token, live_groups) as (slow, others):
        told = await tell_until_it_falls_behind(live_groups, others)
        monkeypatch.setattr(live_feed.ring, "_max_events", 5)
        for number in range(told, told + 20):
            await tell(number, others)
        heard, cursor = await read_to_the_end(slow)

        assert live_groups.count_members() == OTHERS
        async with open_socket(port, token=token) as again:
            await again.subscribe(ADDED, after=cursor)
            heard += [await read_number(again) for _ in range(told + 20 - len(heard))]
            await wait_for_listeners(live_groups, 1 + OTHERS)
            await tell(told + 20, [*others, again])

    assert heard == list(range(told + 20))


async def test_overflow_in_quiet_group_is_delivered_later(
    database: AsyncDatabase[dict[str, Any]], settings: Settings, keyring: KeyRing
) -> None:
    """Elsewhere more has happened meanwhile than memory holds."""
    ring = EventRing(max_events=10)
    quiet = await create_conversation(await create_contact(new_id()))
    async with run_feed(
        LiveFeed(database=database, keyring=keyring, timeouts=make_timeouts(), ring=ring)
    ) as feed:
        reader = FeedReader(Groups(feed, settings), create_viewer())
        reading = await reader.open(conversation_id=quiet.id, room=1)
        await create_message(quiet, text="one")
        await catch_up(feed)
        for _ in range(30):
            await create_message()
        await create_message(quiet, text="two")
        await catch_up(feed)

        heard = [event.document for event in await reading.take(2)]
        await reading.close()

    assert [document.text for document in heard if isinstance(document, Message)] == ["one", "two"]


async def test_stalled_member_gets_resume_event(
    app: Any, token: str, live_groups: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, sockets = BoundedSocket.__init__, []

    def make_impatient(self: BoundedSocket, *args: Any) -> None:
        make(self, *args)
        self._timeouts = replace(self._timeouts, socket_send_seconds=0.5)
        sockets.append(self)

    monkeypatch.setattr(BoundedSocket, "__init__", make_impatient)
    async with serve(app) as port, open_slow(port, token) as slow:
        await slow.subscribe(ADDED)
        await wait_for_listeners(live_groups, 1)
        for number in range(MAX_EVENTS):
            if not live_groups.count_members():
                break
            await create_message(text=f"{number} {LONG}")
            await asyncio.sleep(0.02)
        async with asyncio.timeout(60):
            while not sockets[0]._closing:  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.02)

        heard, _ = await read_to_the_end(slow)

    assert heard == list(range(len(heard)))


async def read_to_the_end(client: SocketClient) -> tuple[list[int], str | None]:
    """Returns the remaining events and the last cursor before the request to resume."""
    heard: list[int] = []
    cursor = None
    with contextlib.suppress(ConnectionClosed):
        while True:
            number, cursor = await read(client)
            heard.append(number)
    assert client.connection.close_code == 4508
    return heard, cursor
