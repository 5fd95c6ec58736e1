"""People before broadcasts: BULK messages never hold up a NORMAL message of the account."""

import asyncio
from typing import Any

import pytest

from models import Conversation, Message, MessagePriority, MessageStatus, OutboxState
from models.database.base import collection
from tests.fixtures.outbox import AGENT, HeldAnswers, OutboxWorld, get_message, is_outbox_empty
from tests.fixtures.waiting import eventually
from tests.whatsapp.dispatch.test_account_queues import NEVER, multiply
from whatsapp.dispatch.queues import class_queue, queue_reads

BULK = MessagePriority.BULK


async def add_customers(world: OutboxWorld, count: int) -> list[Conversation]:
    return [await world.add_customer(phone=f"1650555{number:04}") for number in range(count)]


async def queue_broadcast(world: OutboxWorld, conversations: list[Conversation]) -> list[Message]:
    return [await world.queue(each, "broadcast", priority=BULK) for each in conversations]


async def count_requests(world: OutboxWorld, count: int) -> None:
    async def are_open() -> bool:
        return len(world.meta.requests.requests) >= count

    await eventually(are_open)


async def test_person_passes_waiting_broadcast(world: OutboxWorld) -> None:
    conversations = await add_customers(world, 8)
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held, account_sends=1):
        await queue_broadcast(world, conversations)
        await count_requests(world, 1)
        await world.queue(await world.add_customer(), "person")
        held.release()
        await eventually(is_outbox_empty)

    assert world.list_texts() == ["broadcast", "person", *["broadcast"] * 7]
    assert set(world.meta.requests.accepted_counts.values()) == {1}


async def test_retry_of_broadcast_delays_no_person(
    world: OutboxWorld, conversation: Conversation
) -> None:
    """Both messages are in the same conversation; the next of the broadcast waits."""
    world.break_sends("error", code=131000, retry_after=60, text="first")

    async with world.dispatching(reconcile_seconds=NEVER):
        first, second = [
            await world.queue(conversation, text, priority=BULK) for text in ("first", "second")
        ]

        async def has_failed() -> bool:
            return (await get_message(first.id)).refusals == 1

        await eventually(has_failed)
        for text in "AB":
            await world.wait_for(await world.queue(conversation, text), MessageStatus.ACCEPTED)

    assert world.list_texts() == ["A", "B"]
    waiting = [await get_message(message.id) for message in (first, second)]
    assert [message.outbox_state for message in waiting] == [OutboxState.READY] * 2
    assert [message.attempts for message in waiting] == [1, 0]


async def test_broadcast_leaves_sends_for_people(world: OutboxWorld) -> None:
    conversations = await add_customers(world, 15)
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held, account_sends=10):
        await queue_broadcast(world, conversations)
        await count_requests(world, 9)
        await asyncio.sleep(0.3)
        assert len(world.meta.requests.requests) == 9
        person = await world.queue(await world.add_customer(), "person")
        await count_requests(world, 10)
        assert world.list_tries(person)
        held.release()
        await eventually(is_outbox_empty)


async def test_order_holds_within_each_priority(world: OutboxWorld) -> None:
    conversations = await add_customers(world, 3)
    texts = [f"{number}" for number in range(20)]

    async with world.dispatching():
        for text in texts:
            bulk = BULK if int(text) % 3 else MessagePriority.NORMAL
            await asyncio.gather(
                *(world.queue(each, text, priority=bulk) for each in conversations)
            )
        await eventually(is_outbox_empty)

    people = [text for text in texts if not int(text) % 3]
    for number in range(3):
        sent = world.list_texts(to=f"1650555{number:04}")
        assert [text for text in sent if text in people] == people
        assert [text for text in sent if text not in people] == [
            text for text in texts if text not in people
        ]


@pytest.mark.parametrize("waits_in_index", [True, False], ids=["at_start", "announced"])
async def test_long_broadcast_hides_no_person(
    world: OutboxWorld, monkeypatch: pytest.MonkeyPatch, waits_in_index: bool
) -> None:
    """The broadcast fills the window of a read, and the memory of the owner."""
    monkeypatch.setattr(queue_reads, "MAX_MESSAGES", 10)
    monkeypatch.setattr(class_queue, "MAX_CONVERSATIONS", 3)
    conversations = await add_customers(world, 6)
    for message in await queue_broadcast(world, conversations):
        await multiply(message, 30)
    last = await world.add_customer()
    person = await world.queue(last, "person") if waits_in_index else None
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held, account_sends=1, reconcile_seconds=NEVER):
        await count_requests(world, 1)
        if person is None:
            person = await world.queue(last, "person")
        held.release()
        await world.wait_for(person, MessageStatus.ACCEPTED)

    assert "person" in world.list_texts()[: 1 if waits_in_index else 3]
    assert not await is_outbox_empty()


async def test_next_owner_keeps_priority(world: OutboxWorld, conversation: Conversation) -> None:
    """A broadcast's message was being sent as its process died, and others wait."""
    bulk = [await world.queue(conversation, text, priority=BULK) for text in "xyz"]
    claimed: dict[str, Any] = {"outbox_state": OutboxState.SENDING.value, "claim_token": "lost"}
    await collection(Message).update_one({"_id": bulk[0].id}, {"$set": {**claimed, "fence": 0}})

    async with world.dispatching(unknown_hold_seconds=NEVER):
        person = await world.queue(conversation, "person")
        await world.wait_for(person, MessageStatus.ACCEPTED)
        await world.wait_for(bulk[0], MessageStatus.UNKNOWN)

    assert world.list_texts() == ["person"]


async def test_retry_keeps_priority(world: OutboxWorld, conversation: Conversation) -> None:
    bulk = await world.queue(conversation, priority=BULK)
    await world.outbox.cancel_message(AGENT, bulk.id)

    retry = await world.outbox.retry_message(AGENT, bulk.id)

    assert (await get_message(retry.id)).priority is BULK
