"""The feed when things break: MongoDB away, history lost, a reader that does not keep up."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from graph.events.broadcast import LiveBroadcast
from graph.events.cursors import CursorExpired
from graph.events.differences import EventKind
from graph.events.feed import LiveFeed, SubscriberTooSlow
from graph.events.live_source import LiveSource
from graph.events.ring import EventRing
from graph.events.summary_watch import SummaryWatch
from graph.fanout.groups import Groups
from models.connection import APP_NAME, create_client, prepare_database
from models.database.base import DEFAULT_WORKSPACE_ID, new_id
from sandbox.mongod import EmbeddedMongod
from tests.fixtures.timeouts import FAST
from tests.graph.live_kit import (
    FeedReader,
    catch_up,
    create_message,
    create_viewer,
    run_feed,
    wait_for_listeners,
    wait_until_healthy,
)
from whatsapp.common.capacity import Capacity
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

# Without patience for a slow machine: MongoDB really goes away here.
TIMEOUTS = Timeouts(**FAST)


class FaultyMongod(EmbeddedMongod):
    """A MongoDB with failpoints."""

    def _command(self, binary: Path) -> list[str]:
        return [*super()._command(binary), "--setParameter", "enableTestCommands=1"]


@pytest.fixture(scope="module")
def own_mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedMongod]:
    with FaultyMongod(tmp_path_factory.mktemp("mongodb")) as mongod:
        yield mongod


@pytest.fixture
async def database(own_mongod: EmbeddedMongod) -> AsyncIterator[AsyncDatabase[dict[str, Any]]]:
    async with create_client(own_mongod.uri) as client:
        database = client[f"live_{new_id()}"]
        await prepare_database(database)
        yield database


async def test_restart_of_mongodb_leaves_no_gap(
    reader: FeedReader, own_mongod: EmbeddedMongod
) -> None:
    reading = await reader.open()
    await create_message(text="before")
    await reading.take(1)

    await own_mongod.stop_async()
    await wait_until_healthy(reader.feed, healthy=False)
    await own_mongod.start_async()
    # Most likely written before the feed is back.
    await create_message(text="after")

    [event] = await reading.take(1)
    assert getattr(event.document, "text", None) == "after"
    await wait_until_healthy(reader.feed, healthy=True)
    assert await reading.rest() == []


async def test_frozen_mongodb_is_noticed_and_comes_back(
    reader: FeedReader, own_mongod: EmbeddedMongod
) -> None:
    reading = await reader.open()

    own_mongod.pause()
    try:
        await wait_until_healthy(reader.feed, healthy=False)
    finally:
        own_mongod.resume()
    await create_message()

    assert len(await reading.take(1)) == 1


async def test_feed_waits_for_mongodb(
    own_mongod: EmbeddedMongod,
    database: AsyncDatabase[dict[str, Any]],
    settings: Settings,
    keyring: KeyRing,
) -> None:
    await own_mongod.stop_async()
    feed = LiveFeed(database=database, keyring=keyring, timeouts=TIMEOUTS)
    task = asyncio.create_task(feed.run())
    reading = await FeedReader(Groups(feed, settings), create_viewer()).open(after=None)
    await asyncio.sleep(0.2)
    assert not feed.is_healthy
    await own_mongod.start_async()
    await wait_until_healthy(feed, healthy=True)
    await create_message()

    [first] = await reading.take(1)
    assert first.kind is EventKind.MESSAGE_ADDED
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize("code", [280, 286])
async def test_lost_history_is_reported(
    reader: FeedReader, database: AsyncDatabase[dict[str, Any]], code: int
) -> None:
    cursor = await reader.feed.get_cursor(DEFAULT_WORKSPACE_ID)
    reading = await reader.open()

    await fail(database, ["getMore"], code)

    with pytest.raises(CursorExpired):
        await reading.take(1)
    await wait_until_healthy(reader.feed, healthy=True)
    fresh = await reader.open()
    await create_message()
    assert len(await fresh.take(1)) == 1
    # The database may still have the history that the feed lost.
    assert len(await reader.read(1, after=cursor)) == 1


async def test_cursor_beyond_oplog_is_expired(
    reader: FeedReader,
    database: AsyncDatabase[dict[str, Any]],
    settings: Settings,
    keyring: KeyRing,
) -> None:
    cursor = await reader.feed.get_cursor(DEFAULT_WORKSPACE_ID)
    await create_message()

    async with run_feed(LiveFeed(database=database, keyring=keyring, timeouts=TIMEOUTS)) as later:
        await fail(database, ["aggregate"], 286)
        with pytest.raises(CursorExpired):
            await FeedReader(Groups(later, settings), reader.viewer).read(1, after=cursor)


async def test_burst_beyond_readers_queue_comes_whole(
    database: AsyncDatabase[dict[str, Any]], settings: Settings, keyring: KeyRing
) -> None:
    async with run_feed(LiveFeed(database=database, keyring=keyring, timeouts=TIMEOUTS)) as feed:
        groups = Groups(feed, settings, capacity=Capacity(socket_queue_events=5))
        slow = await FeedReader(groups, create_viewer()).open(room=5)
        messages = [await create_message() for _ in range(40)]
        await catch_up(feed)

        received = await slow.take(40)

    assert [event.document for event in received] == messages


async def test_reader_behind_ring_ends_and_resumes(
    database: AsyncDatabase[dict[str, Any]], settings: Settings, keyring: KeyRing
) -> None:
    ring = EventRing(max_events=10)
    feed = LiveFeed(database=database, keyring=keyring, timeouts=TIMEOUTS, ring=ring)
    async with run_feed(feed):
        groups = Groups(feed, settings, capacity=Capacity(socket_queue_events=5))
        slow = await FeedReader(groups, create_viewer()).open(room=6)
        quick = await FeedReader(groups, create_viewer()).open()
        await wait_for_listeners(groups, 2)
        messages = [await create_message() for _ in range(40)]
        await quick.take(40)

        received = await slow.take(6)
        with pytest.raises(SubscriberTooSlow):  # noqa: PT012 - which of the reads fails is open
            while len(received) < 40:
                received += await slow.take(1)
        others = FeedReader(groups, create_viewer())
        rest = await others.read(40 - len(received), after=received[-1].cursor)

    assert [event.document for event in received + rest] == messages


async def test_concurrent_first_subscribers_are_independent(
    database: AsyncDatabase[dict[str, Any]],
) -> None:
    backend = LiveSource(
        database,
        ring=EventRing(),
        summaries=SummaryWatch(),
        seal=lambda _position, _workspace_id: "",
    )
    broadcast = LiveBroadcast(backend)

    async def listen() -> None:
        with broadcast.listen("everything", lambda _event: None):
            await asyncio.sleep(0)

    for _ in range(3):
        await asyncio.gather(*[listen() for _ in range(20)])

    assert broadcast._subscribers == {}


async def fail(database: AsyncDatabase[dict[str, Any]], commands: list[str], code: int) -> None:
    """The next of these commands that comes from us is answered with this error."""
    await database.client.admin.command(
        {
            "configureFailPoint": "failCommand",
            "mode": {"times": 1},
            "data": {"failCommands": commands, "errorCode": code, "appName": APP_NAME},
        }
    )
