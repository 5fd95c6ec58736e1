"""The queue of an account in its owner's memory follows the database, even after missed changes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models import Conversation, Message, MessageStatus, OutboxState
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, to_bson, utc_now
from tests.fixtures.outbox import AGENT, HeldAnswers, OutboxWorld, get_message, is_outbox_empty
from tests.fixtures.owners import is_owned
from tests.fixtures.waiting import eventually
from whatsapp.accounts.accounts import create_account
from whatsapp.dispatch import ownership
from whatsapp.dispatch.queues import class_queue, queue_reads
from whatsapp.dispatch.queues.queue_changes import QueueChanges
from whatsapp.outbox.content import OutgoingText
from whatsapp.outbox.outbox import Outbox
from whatsapp.outbox.recipients import Recipient

NEVER = 600.0


def ignore_message(message: Message, *, waits_behind: bool, summary: asyncio.Future[None]) -> None:
    """A process that ends, or whose dispatcher does not own the account."""


async def queue_elsewhere(conversation: Conversation, text: str) -> Message:
    """Queues a message in a process that notifies no dispatcher."""
    return await Outbox(announce=ignore_message).queue_message(
        AGENT,
        account_id=None,
        recipient=Recipient(conversation_id=conversation.id),
        content=OutgoingText(text),
    )


async def multiply(message: Message, count: int, **changes: Any) -> None:
    """Stores copies of a queued message behind it."""
    stored = to_bson(message) | changes
    copies = [
        stored | {"_id": new_id(), "timestamp": message.timestamp + timedelta(milliseconds=number)}
        for number in range(1, count + 1)
    ]
    await collection(Message).insert_many(copies)


async def test_long_conversation_hides_no_other(world: OutboxWorld) -> None:
    eager, others = (
        await world.add_customer(),
        [await world.add_customer(phone=f"1650555{number:04}") for number in range(3)],
    )
    await multiply(await world.queue(eager), 1499)
    messages = [await world.queue(other, "other") for other in others]

    async with world.dispatching():
        for message in messages:
            await world.wait_for(message, MessageStatus.ACCEPTED)

    assert not await is_outbox_empty()


async def test_many_conversations_are_read_in_parts(
    world: OutboxWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_reads, "MAX_MESSAGES", 10)
    monkeypatch.setattr(class_queue, "FEW_CONVERSATIONS", 2)
    phones = [f"1650555{number:04}" for number in range(12)]
    conversations = [await world.add_customer(phone=phone) for phone in phones]
    for text in "ABC":
        await asyncio.gather(*(world.queue(each, text) for each in conversations))

    async with world.dispatching(account_sends=3):
        await eventually(is_outbox_empty)

    assert [world.list_texts(to=phone) for phone in phones] == [["A", "B", "C"]] * 12
    assert set(world.meta.requests.accepted_counts.values()) == {1}


async def test_conversations_that_are_not_kept_are_sent_later(
    world: OutboxWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_queue, "MAX_CONVERSATIONS", 3)
    phones = [f"1650555{number:04}" for number in range(12)]
    conversations = [await world.add_customer(phone=phone) for phone in phones]

    async with world.dispatching(account_sends=2, reconcile_seconds=NEVER):
        for text in "AB":
            await asyncio.gather(*(world.queue(each, text) for each in conversations))
        await eventually(is_outbox_empty)

    assert [world.list_texts(to=phone) for phone in phones] == [["A", "B"]] * 12


async def test_owner_hears_of_message_from_change_stream(
    world: OutboxWorld, conversation: Conversation
) -> None:
    async with world.dispatching(reconcile_seconds=NEVER):
        await world.wait_for(await world.queue(conversation, "A"), MessageStatus.ACCEPTED)
        texts = ["B", "C", "D"]
        messages = [await queue_elsewhere(conversation, text) for text in texts]
        await world.wait_for(messages[-1], MessageStatus.ACCEPTED)

    assert world.list_texts() == ["A", *texts]


async def test_message_of_crashed_process_is_found(
    world: OutboxWorld, conversation: Conversation
) -> None:
    """No process owns the account, so none takes note of the change."""
    async with world.dispatching():
        await asyncio.sleep(world.timeouts.reconcile_seconds / 2)  # the first search is over
        message = await queue_elsewhere(conversation, "B")
        await world.wait_for(message, MessageStatus.ACCEPTED)


@pytest.mark.parametrize("is_known", [True, False], ids=["history_lost", "reconcile"])
async def test_message_with_missed_change_is_found(
    world: OutboxWorld,
    conversation: Conversation,
    monkeypatch: pytest.MonkeyPatch,
    is_known: bool,
) -> None:
    """The loss of the change stream's history is known, or a change was missed without a trace."""
    async with world.dispatching(reconcile_seconds=NEVER if is_known else 0.5) as dispatcher:
        await world.wait_for(await world.queue(conversation, "A"), MessageStatus.ACCEPTED)
        with monkeypatch.context() as patch:

            async def miss(_changes: QueueChanges, _change: object) -> None:
                pass

            patch.setattr(QueueChanges, "take", miss)
            other = await world.add_customer(phone="16505550002")
            messages = [await queue_elsewhere(each, "B") for each in (conversation, other)]
            await asyncio.sleep(0.3)
            if is_known:
                assert world.list_texts() == ["A"]
        if is_known:
            await dispatcher.changes.lose_history()
        for message in messages:
            await world.wait_for(message, MessageStatus.ACCEPTED)

    assert world.list_texts(to="16505551234") == ["A", "B"]
    assert len(world.list_texts()) == 3


async def test_no_account_waits_for_messages_of_another(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    other, _ = await create_account(
        world.keyring,
        workspace_id=DEFAULT_WORKSPACE_ID,
        name="Other shop",
        phone_number_id="106540352242923",
        business_account_id="419561257915478",
        access_token="canary-access-token-B",
    )
    waiting = {
        "account_id": other.id,
        "conversation_id": new_id(),
        "outbox_state": OutboxState.HOLDING.value,
        "hold_until": utc_now() + timedelta(hours=1),
    }
    await multiply(message, 2000, **waiting)

    async with world.dispatching():
        await world.wait_for(message, MessageStatus.ACCEPTED)

    assert (await get_message(message.id)).attempts == 1


async def test_cancelled_message_behind_hold_is_left_out(
    world: OutboxWorld, conversation: Conversation
) -> None:
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held, reconcile_seconds=NEVER):
        messages = [await world.queue(conversation, text) for text in "ABC"]
        await world.wait_for(messages[0], MessageStatus.SENDING)
        await world.outbox.cancel_message(AGENT, messages[1].id)
        held.release()
        await world.wait_for(messages[2], MessageStatus.ACCEPTED)

    assert world.list_texts() == ["A", "C"]
    assert (await get_message(messages[1].id)).status is MessageStatus.CANCELLED


async def test_cancelled_head_lets_next_go(world: OutboxWorld, conversation: Conversation) -> None:
    """The head waits for its next attempt."""
    world.break_sends("error", code=131000, retry_after=60, text="A")

    async with world.dispatching(reconcile_seconds=NEVER):
        head = await world.queue(conversation, "A")

        async def waits() -> bool:
            found = await get_message(head.id)
            return found.attempts == 1 and found.outbox_state is OutboxState.READY

        await eventually(waits)
        message = await world.queue(conversation, "B")
        await world.outbox.cancel_message(AGENT, head.id)
        await world.wait_for(message, MessageStatus.ACCEPTED)

    assert world.list_texts() == ["B"]


async def test_idle_account_is_given_up(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "IDLE_SECONDS", 0.1)

    async with world.dispatching():
        for text in "AB":
            await world.wait_for(await world.queue(conversation, text), MessageStatus.ACCEPTED)
            await eventually(lambda: is_free(world))

    assert world.list_texts() == ["A", "B"]


async def is_free(world: OutboxWorld) -> bool:
    return not await is_owned(world)
