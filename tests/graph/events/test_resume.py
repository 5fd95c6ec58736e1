"""Cursors: no gap, no duplicate, in order; and a clear answer where that is impossible."""

import asyncio
import base64
import hmac
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest
from bson import Timestamp
from pymongo.asynchronous.database import AsyncDatabase

from graph.events import catch_up
from graph.events.cursors import CursorCipher, CursorExpired, CursorInvalid
from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from graph.events.feed import LiveFeed
from graph.events.ring import EventRing
from graph.fanout.groups import Groups
from models import Message, MessageStatus
from models.changes.position import Position
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id
from tests.fixtures.timeouts import make_timeouts
from tests.graph.live_kit import FeedReader, create_message, create_queued, report, run_feed
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

ADDED = {EventKind.MESSAGE_ADDED}


def texts(events: list[LiveEvent]) -> list[str | None]:
    return [event.document.text for event in events if isinstance(event.document, Message)]


async def test_missed_events_precede_live_events_once(reader: FeedReader) -> None:
    reading = await reader.open()
    await create_message(text="seen")
    [seen] = await reading.take(1)
    await reading.close()

    for text in ("1", "2", "3"):
        await create_message(text=text)
    reading = await reader.open(after=seen.cursor)
    await create_message(text="4")

    assert texts(await reading.take(4) + await reading.rest()) == ["1", "2", "3", "4"]


async def test_cursor_of_present_begins_exactly_there(reader: FeedReader) -> None:
    for number in range(20):
        await create_message(text=f"before {number}")
        cursor = await reader.feed.get_cursor(DEFAULT_WORKSPACE_ID)
        await create_message(text=f"after {number}")

        [event] = await reader.read(1, after=cursor)
        assert texts([event]) == [f"after {number}"]


async def test_subscribe_then_read_has_no_hole(reader: FeedReader) -> None:
    async def write(writer: int) -> None:
        for number in range(60):
            await create_message(text=f"{writer}.{number}")

    async def snapshot_and_follow() -> set[str | None]:
        cursor = await reader.feed.get_cursor(DEFAULT_WORKSPACE_ID)
        known = {message.text async for message in Message.find_all()}
        reading = await reader.open(after=cursor, kinds=ADDED)
        await writers
        following = texts(await reading.rest())
        assert len(following) == len(set(following))
        return known | set(following)

    writers = asyncio.gather(*[write(writer) for writer in range(3)])
    await asyncio.sleep(0.02)
    results = [await snapshot_and_follow()]
    results += await asyncio.gather(*[snapshot_and_follow() for _ in range(3)])

    assert [len(result) for result in results] == [180] * 4


async def test_cursor_amid_change_brings_rest_of_it(
    reader: FeedReader,
    database: AsyncDatabase[dict[str, Any]],
    settings: Settings,
    keyring: KeyRing,
) -> None:
    message = await create_queued()
    reading = await reader.open()
    await report(message, MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ)
    first = (await reading.take(3))[0]

    from_ring = await reader.read(2, after=first.cursor)
    async with run_feed(
        LiveFeed(database=database, keyring=keyring, timeouts=make_timeouts())
    ) as later:
        caught_up = await FeedReader(Groups(later, settings), reader.viewer).read(
            2, after=first.cursor
        )

    assert [event.status for event in from_ring] == ["DELIVERED", "READ"]
    assert [event.cursor for event in caught_up] == [event.cursor for event in from_ring]


async def test_cursors_older_than_process_are_caught_up(
    reader: FeedReader,
    database: AsyncDatabase[dict[str, Any]],
    settings: Settings,
    keyring: KeyRing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catch_up, "MAX_EVENTS", 7)
    cursor = await reader.feed.get_cursor(DEFAULT_WORKSPACE_ID)
    for number in range(30):
        await create_message(text=str(number))

    async with run_feed(
        LiveFeed(database=database, keyring=keyring, timeouts=make_timeouts())
    ) as later:
        reading = await FeedReader(Groups(later, settings), reader.viewer).open(after=cursor)
        await create_message(text="30")
        events = await reading.take(31)

    assert texts(events) == [str(number) for number in range(31)]


@pytest.mark.parametrize(
    "limit_ring", [partial(EventRing, max_events=10), partial(EventRing, max_bytes=100_000)]
)
async def test_small_ring_and_catch_up_together_lose_nothing(
    database: AsyncDatabase[dict[str, Any]],
    settings: Settings,
    keyring: KeyRing,
    reader: FeedReader,
    limit_ring: Callable[[], EventRing],
) -> None:
    ring = limit_ring()
    feed = LiveFeed(database=database, keyring=keyring, timeouts=make_timeouts(), ring=ring)
    async with run_feed(feed):
        small = FeedReader(Groups(feed, settings), reader.viewer)
        cursor = await feed.get_cursor(DEFAULT_WORKSPACE_ID)
        for number in range(100):
            await create_message(text=str(number))
        readings = [await small.open(after=cursor) for _ in range(12)]
        for number in range(100, 120):
            await create_message(text=str(number))
        results = [texts(await reading.take(120)) for reading in readings]

    assert results == [[str(number) for number in range(120)]] * 12
    kept = ring.list_after(cast(Position, ring.floor), limit=1000)
    assert 0 < len(kept) < 60


async def test_ring_keeps_newest_event_of_any_size(
    database: AsyncDatabase[dict[str, Any]],
    settings: Settings,
    keyring: KeyRing,
    reader: FeedReader,
) -> None:
    ring = EventRing(max_bytes=1)
    async with run_feed(
        LiveFeed(database=database, keyring=keyring, timeouts=make_timeouts(), ring=ring)
    ) as feed:
        reading = await FeedReader(Groups(feed, settings), reader.viewer).open(
            after=await feed.get_cursor(DEFAULT_WORKSPACE_ID)
        )
        for number in range(5):
            await create_message(text=str(number))
        events = await reading.take(5)

    assert texts(events) == [str(number) for number in range(5)]


async def test_malformed_cursor_is_refused(reader: FeedReader) -> None:
    for cursor in ("", "x", "é", "AAAA", "A" * 2000, "not base64!"):
        with pytest.raises(CursorInvalid):
            await reader.open(after=cursor)


async def test_forged_cursor_is_refused(reader: FeedReader) -> None:
    genuine = await reader.feed.get_cursor(DEFAULT_WORKSPACE_ID)
    signed = bytearray(base64.urlsafe_b64decode(genuine + "=" * (-len(genuine) % 4)))
    signed[-1] ^= 1
    other_ring = KeyRing({"k1": bytes(32)})

    for forged in (
        base64.urlsafe_b64encode(bytes(signed)).decode().rstrip("="),
        CursorCipher(other_ring).seal(
            Position("826B02CE74000000132B0229296E04"), DEFAULT_WORKSPACE_ID
        ),
    ):
        with pytest.raises(CursorInvalid):
            await reader.open(after=forged)


async def test_cursor_outlives_key_rotation(reader: FeedReader) -> None:
    old, new = b"a" * 32, b"b" * 32
    position = Position("826B02CE74000000132B0229296E04", 3)

    cursor = CursorCipher(KeyRing({"old": old})).seal(position, DEFAULT_WORKSPACE_ID)

    assert (
        CursorCipher(KeyRing({"new": new, "old": old})).open(cursor, DEFAULT_WORKSPACE_ID)
        == position
    )


async def test_cursor_is_valid_in_its_workspace_only(reader: FeedReader) -> None:
    cursor = await reader.feed.get_cursor(DEFAULT_WORKSPACE_ID)

    with pytest.raises(CursorInvalid):
        await reader.feed.check_cursor(cursor, new_id())


async def test_cursor_of_0_1_resumes_in_default_workspace(
    reader: FeedReader, keyring: KeyRing
) -> None:
    position = await reader.feed.check_cursor(
        await reader.feed.get_cursor(DEFAULT_WORKSPACE_ID), DEFAULT_WORKSPACE_ID
    )
    body = bytes([1, position.ordinal]) + bytes.fromhex(position.token)
    signature = hmac.digest(keyring.derive_keys("cursor")[0], body, "sha256")[:16]
    cursor = base64.urlsafe_b64encode(signature + body).decode().rstrip("=")

    assert await reader.feed.check_cursor(cursor, DEFAULT_WORKSPACE_ID) == position
    with pytest.raises(CursorInvalid):
        await reader.feed.check_cursor(cursor, new_id())


async def test_cursor_from_future_is_refused(reader: FeedReader, keyring: KeyRing) -> None:
    future = CursorCipher(keyring).seal(
        Position("82FFFFFFFF000000012B0229296E04"), DEFAULT_WORKSPACE_ID
    )

    with pytest.raises(CursorInvalid):
        await reader.open(after=future)


async def test_token_that_mongodb_cannot_read_is_refused(
    reader: FeedReader, keyring: KeyRing
) -> None:
    garbled = CursorCipher(keyring).seal(Position("826500000000000000000000"), DEFAULT_WORKSPACE_ID)

    with pytest.raises(CursorInvalid):
        await reader.read(1, after=garbled)


async def test_dropped_database_ends_streams_and_feed_goes_on(
    database: AsyncDatabase[dict[str, Any]],
    settings: Settings,
    keyring: KeyRing,
    reader: FeedReader,
) -> None:
    other = database.client[f"{database.name}_dropped"]
    async with run_feed(
        LiveFeed(database=other, keyring=keyring, timeouts=make_timeouts())
    ) as feed:
        dropped = FeedReader(Groups(feed, settings), reader.viewer)
        before = await feed.get_cursor(DEFAULT_WORKSPACE_ID)
        reading = await dropped.open(after=before)
        message = await create_message()
        stored = await collection(Message).find_one({"_id": message.id})
        await other["messages"].insert_one(stored or {})
        await reading.take(1)

        await database.client.drop_database(other)

        with pytest.raises(CursorExpired):
            await reading.take(1)
        fresh = await dropped.open(after=await feed.get_cursor(DEFAULT_WORKSPACE_ID))
        await other["messages"].insert_one(stored or {})
        assert len(await fresh.take(1)) == 1
        with pytest.raises(CursorExpired):
            await dropped.read(2, after=before)
    await database.client.drop_database(other)


def test_positions_know_their_time() -> None:
    position = Position("826B02CE74000000132B0229296E04")

    assert position.cluster_time == Timestamp(0x6B02CE74, 0x13)
    assert position.directly_precedes(Position("826B02CE74000000142B0229296E04"))
    assert not position.directly_precedes(Position("826B02CE75000000132B0229296E04"))
