"""Faults inside the engine: what it holds in memory never sends twice, and hides no message."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import OperationFailure

from models import Conversation, Message, MessagePriority, MessageStatus, OutboxState, Partition
from models.changes.stream import Change
from models.database.base import collection, new_id, to_bson, utc_now
from tests.fixtures.outbox import OutboxWorld, get_message, let_another_process_send
from tests.fixtures.waiting import eventually
from tests.whatsapp.dispatch.test_account_queues import queue_elsewhere
from whatsapp.conversations.conversations import update_summary
from whatsapp.dispatch.members.membership import Lease
from whatsapp.dispatch.queues import queue_loading
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.conversation_queue import QueuedMessage
from whatsapp.dispatch.queues.departures import Departures
from whatsapp.dispatch.queues.pace import Pace
from whatsapp.dispatch.queues.queue_changes import QueueChanges
from whatsapp.dispatch.queues.queue_reads import read_window
from whatsapp.dispatch.sending import Sending
from whatsapp.messages.statuses import StatusUpdate, record_status

NEVER = 600.0


@pytest.mark.parametrize("error", [ValueError("a bug"), OperationFailure("refused", 121)])
async def test_error_after_request_never_sends_again(
    world: OutboxWorld,
    conversation: Conversation,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    """Meta has the message, and its answer could not be recorded."""

    async def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Sending, "_record_accepted", fail)
        async with world.dispatching():
            message = await world.queue(conversation)
            await world.wait_for(message, MessageStatus.UNKNOWN)
            await asyncio.sleep(1.5)  # longer than the pause after an error

    assert world.list_texts() == ["Hello"]
    assert (await get_message(message.id)).status is MessageStatus.UNKNOWN


async def test_held_conversation_hides_no_other(
    world: OutboxWorld, conversation: Conversation
) -> None:
    """The index lists many messages behind a hold before those that may leave."""
    message = await world.queue(conversation)
    held = {
        "conversation_id": type(conversation.id)("0" * 24),
        "outbox_state": OutboxState.READY.value,
        "hold_until": utc_now() + timedelta(hours=1),
    }
    stored = to_bson(message) | held
    await collection(Message).insert_many([stored | {"_id": new_id()} for _ in range(1200)])

    async with world.dispatching():
        await world.wait_for(message, MessageStatus.ACCEPTED)


async def test_lost_account_is_given_up(world: OutboxWorld, conversation: Conversation) -> None:
    """Another process owns the account: the answer of the hand-over was lost."""
    async with world.dispatching(reconcile_seconds=NEVER) as dispatcher:
        await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)
        await let_another_process_send(world.account.id)

        async def is_given_up() -> bool:
            return dispatcher._queues.get(world.account.id) is None

        await eventually(is_given_up)
        message = await world.queue(conversation, "B")
        await asyncio.sleep(0.5)

    assert (await get_message(message.id)).status is MessageStatus.QUEUED


async def test_status_before_hold_is_known_ends_it(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hold is stored, but the conversation does not wait for its end yet."""
    world.break_sends("reset_after", text="A")

    async def report(sending: Sending, _error: Exception) -> None:
        message = sending.message
        update = StatusUpdate(name="sent", at=utc_now(), message_id=message.id, wamid="wamid.A")
        await record_status(message.account_id, update)
        await asyncio.sleep(0.5)  # the change is heard

    monkeypatch.setattr(Sending, "_record_failure", report)
    async with world.dispatching(unknown_hold_seconds=NEVER):
        await world.queue(conversation, "A")
        behind = await world.queue(conversation, "B")
        async with asyncio.timeout(10):
            await world.wait_for(behind, MessageStatus.ACCEPTED)


async def test_account_without_place_waits_once() -> None:
    tries: list[AccountQueue] = []

    def refuse(queue: AccountQueue) -> bool:
        tries.append(queue)
        return False

    departures = Departures(refuse)
    busy, other = make_ready_queue(), make_ready_queue()
    for _ in range(100):
        departures.offer(busy)
        await asyncio.sleep(0.001)
    departures.offer(other)
    await asyncio.sleep(0.01)
    tries.clear()
    departures.retry_crowded()
    await asyncio.sleep(0.01)

    assert tries == [busy, other]


async def test_closed_accounts_hide_no_crowded_one() -> None:
    tries: list[AccountQueue] = []

    def refuse(queue: AccountQueue) -> bool:
        tries.append(queue)
        return False

    departures = Departures(refuse)
    queues = [make_ready_queue() for _ in range(20)]
    for queue in queues:
        departures.offer(queue)
    await asyncio.sleep(0.01)
    for queue in queues[:-1]:
        queue.is_closed = True
    tries.clear()
    departures.retry_crowded()
    await asyncio.sleep(0.01)

    assert tries == queues[-1:]


def make_ready_queue() -> AccountQueue:
    partition = Partition(id=new_id(), owner=new_id(), fence=1)
    pace = Pace(rate=80.0, probe_seconds=NEVER, partition=partition)
    queue = AccountQueue(partition, Lease(new_id(), ends_at=0.0), pace, max_sends=1)
    conversation = queue.classes[MessagePriority.NORMAL].get(new_id())
    conversation.is_stale = False
    message = QueuedMessage(
        utc_now(),
        new_id(),
        conversation.id,
        new_id(),
        has_file=False,
        priority=MessagePriority.NORMAL,
    )
    conversation.add(message)
    queue.line_up(conversation)
    return queue


async def test_message_announced_during_load_hides_no_earlier_one(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two requests stored messages at the same time, one of them in another process."""
    other = await world.add_customer(phone="16505550002")

    async def read_slowly(*arguments: Any) -> Any:
        await asyncio.sleep(0.5)
        return await read_window(*arguments)

    take = QueueChanges.take

    async def take_late(changes: QueueChanges, change: Change) -> None:
        await asyncio.sleep(0.05)
        await take(changes, change)

    monkeypatch.setattr(queue_loading, "read_window", read_slowly)
    monkeypatch.setattr(QueueChanges, "take", take_late)
    async with world.dispatching(reconcile_seconds=NEVER) as dispatcher:
        await asyncio.sleep(0.3)  # the first search is over
        first = await queue_elsewhere(conversation, "A")
        await asyncio.sleep(0.5)  # the change is heard
        await world.queue(other, "X")  # now this process takes the account
        await asyncio.sleep(0.1)
        last = await queue_elsewhere(conversation, "B")
        summary = asyncio.ensure_future(update_summary(last))
        dispatcher.announce(last, waits_behind=False, summary=summary)
        for message in (first, last):
            async with asyncio.timeout(10):
                await world.wait_for(message, MessageStatus.ACCEPTED)

    assert world.list_texts(to="16505551234") == ["A", "B"]
