"""Messages of an idle account are stored as claimed; each is sent once, whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymongo import InsertOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect, PyMongoError

from models import Conversation, Message, MessageStatus, OutboxState
from models.database.base import collection
from tests.fixtures.idle_accounts import idling
from tests.fixtures.outbox import OutboxWorld, is_outbox_empty
from tests.fixtures.waiting import eventually

Write = Callable[[], Awaitable[Any]]


@asynccontextmanager
async def watching() -> AsyncIterator[Callable[[], Awaitable[dict[str, Any]]]]:
    """Yields a function that returns the next stored message as it was inserted."""
    inserts = [{"$match": {"operationType": "insert"}}]
    async with await collection(Message).watch(inserts) as stream:

        async def get_next() -> dict[str, Any]:
            async with asyncio.timeout(10):
                change = await stream.next()
            stored: dict[str, Any] = change["fullDocument"]
            return stored

        yield get_next


@pytest.fixture
def break_insert(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Write], Any]], None]:
    """Runs the next insert of a message through the fault."""
    original = AsyncCollection.bulk_write

    def break_it(fault: Callable[[Write], Awaitable[Any]]) -> None:
        faults = iter([fault])

        async def bulk_write(self: Any, writes: Any, **options: Any) -> Any:
            async def write() -> Any:
                return await original(self, writes, **options)

            is_insert = isinstance(writes[0], InsertOne)
            chosen = next(faults, None) if is_insert else None
            return await (write() if chosen is None else chosen(write))

        monkeypatch.setattr(AsyncCollection, "bulk_write", bulk_write)

    return break_it


async def test_idle_account_stores_message_as_claimed(
    world: OutboxWorld, conversation: Conversation
) -> None:
    async with idling(world), watching() as get_next:
        queued = await world.queue(conversation, "A")
        stored = await get_next()
        sent = await world.wait_for(queued, MessageStatus.ACCEPTED)

    assert stored["outbox_state"] == OutboxState.SENDING.value
    # As before, its status is QUEUED when it is added.
    assert stored["status_rank"] == MessageStatus.QUEUED.rank
    assert queued.status is MessageStatus.QUEUED
    assert {"queued", "sending", "accepted"} <= set(sent.status_times)
    assert sent.attempts == 1
    assert world.list_texts() == ["First", "A"]


async def test_message_behind_another_is_not_stored_as_claimed(
    world: OutboxWorld, conversation: Conversation, hold_departures: asyncio.Event
) -> None:
    async with idling(world), watching() as get_next:
        hold_departures.clear()
        await world.queue(conversation, "A")
        states = [(await get_next())["outbox_state"]]
        last = await world.queue(conversation, "B")
        states.append((await get_next())["outbox_state"])
        hold_departures.set()
        await world.wait_for(last, MessageStatus.ACCEPTED)

    assert states == [OutboxState.SENDING.value, OutboxState.READY.value]
    assert world.list_texts() == ["First", "A", "B"]


async def test_concurrent_messages_are_sent_once(
    world: OutboxWorld, conversation: Conversation
) -> None:
    async with idling(world):
        texts = [f"{number}" for number in range(10)]
        queued = await asyncio.gather(*(world.queue(conversation, text) for text in texts))
        for message in queued:
            await world.wait_for(message, MessageStatus.ACCEPTED)

    assert sorted(world.list_texts()) == sorted(["First", *texts])


async def test_lost_answer_of_insert_sends_once(
    world: OutboxWorld, conversation: Conversation, break_insert: Callable[..., None]
) -> None:
    async def lose_answer(write: Write) -> None:
        await write()
        raise AutoReconnect("connection closed")

    async with idling(world):
        break_insert(lose_answer)
        with pytest.raises(PyMongoError):
            await world.queue(conversation, "A")
        await world.wait_for(await world.queue(conversation, "B"), MessageStatus.ACCEPTED)
        await eventually(is_outbox_empty)

    assert world.list_texts() == ["First", "A", "B"]
    first = await Message.find_one(Message.text == "A")
    # No request was begun under the claim with which it was stored.
    assert first is not None
    assert first.attempts == 1


async def test_insert_that_is_executed_late_sends_once(
    world: OutboxWorld, conversation: Conversation, break_insert: Callable[..., None]
) -> None:
    late: list[Write] = []

    async def delay(write: Write) -> None:
        late.append(write)
        raise AutoReconnect("connection closed")

    async with idling(world):
        break_insert(delay)
        with pytest.raises(PyMongoError):
            await world.queue(conversation, "A")
        await world.wait_for(await world.queue(conversation, "B"), MessageStatus.ACCEPTED)
        await late[0]()
        await eventually(is_outbox_empty)

    assert world.list_texts() == ["First", "B", "A"]


async def test_concurrent_requests_with_same_key_send_once(
    world: OutboxWorld, conversation: Conversation
) -> None:
    async with idling(world):
        same = [world.queue(conversation, "A", idempotency_key="k") for _ in range(5)]
        ids = {message.id for message in await asyncio.gather(*same)}
        await world.wait_for(await world.queue(conversation, "B"), MessageStatus.ACCEPTED)

    assert len(ids) == 1
    assert world.list_texts() == ["First", "A", "B"]
