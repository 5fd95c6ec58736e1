"""Retrying failed messages and cancelling queued messages."""

import asyncio
from dataclasses import replace

import pytest

from models import Conversation, Message, MessageStatus
from models.database.base import new_id
from tests.fixtures.outbox import (
    AGENT,
    HeldAnswers,
    OutboxWorld,
    get_message,
    hours_ago,
    let_window_close,
)
from whatsapp.errors import Conflict, NotFound, WindowClosed
from whatsapp.messages.statuses import StatusUpdate, record_status

STRANGER = replace(AGENT, account_ids=frozenset({new_id()}))


async def fail(world: OutboxWorld, conversation: Conversation) -> Message:
    world.break_sends("error", code=131026)
    async with world.dispatching():
        return await world.wait_for(await world.queue(conversation), MessageStatus.FAILED)


async def test_retry_sends_copy_of_failed_message(
    world: OutboxWorld, conversation: Conversation
) -> None:
    failed = await fail(world, conversation)

    async with world.dispatching():
        again = await world.outbox.retry_message(AGENT, failed.id)
        sent = await world.wait_for(again, MessageStatus.ACCEPTED)

    assert (sent.retry_of, sent.text) == (failed.id, failed.text)
    assert sent.id != failed.id
    assert (await get_message(failed.id)).status is MessageStatus.FAILED


async def test_two_clicks_on_retry_send_once(
    world: OutboxWorld, conversation: Conversation
) -> None:
    failed = await fail(world, conversation)

    made = await asyncio.gather(*(world.outbox.retry_message(AGENT, failed.id) for _ in range(10)))

    assert len({message.id for message in made}) == 1


async def test_retry_that_failed_too_can_be_repeated(
    world: OutboxWorld, conversation: Conversation
) -> None:
    failed = await fail(world, conversation)
    first = await world.outbox.retry_message(AGENT, failed.id)
    await world.outbox.cancel_message(AGENT, first.id)

    second = await world.outbox.retry_message(AGENT, failed.id)

    assert second.id != first.id
    assert second.status is MessageStatus.QUEUED


async def test_message_that_arrived_is_not_sent_again(
    world: OutboxWorld, conversation: Conversation
) -> None:
    async with world.dispatching():
        sent = await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    with pytest.raises(Conflict, match="ACCEPTED"):
        await world.outbox.retry_message(AGENT, sent.id)


async def test_retry_looks_at_window_again(world: OutboxWorld, conversation: Conversation) -> None:
    failed = await fail(world, conversation)
    await let_window_close(conversation)

    with pytest.raises(WindowClosed):
        await world.outbox.retry_message(AGENT, failed.id)


async def test_waiting_message_is_taken_back(
    world: OutboxWorld, conversation: Conversation
) -> None:
    unwanted = await world.queue(conversation, "Oops")
    cancelled = await world.outbox.cancel_message(AGENT, unwanted.id)
    again = await world.outbox.cancel_message(AGENT, unwanted.id)
    wanted = await world.queue(conversation, "Hello")

    async with world.dispatching():
        await world.wait_for(wanted, MessageStatus.ACCEPTED)

    assert cancelled.status is MessageStatus.CANCELLED
    assert again == cancelled
    assert world.list_texts() == ["Hello"]


async def test_cancelled_retry_frees_conversation(
    world: OutboxWorld, conversation: Conversation
) -> None:
    world.break_sends("error", code=131000, retry_after=600)

    async with world.dispatching():
        stuck = await world.wait_for(await world.queue(conversation, "A"), MessageStatus.SENDING)
        behind = await world.queue(conversation, "B")
        while not stuck.hold_until:
            stuck = await get_message(stuck.id)
        await world.outbox.cancel_message(AGENT, stuck.id)
        await world.wait_for(behind, MessageStatus.ACCEPTED)

    assert world.list_texts() == ["B"]


async def test_message_under_way_can_not_be_taken_back(
    world: OutboxWorld, conversation: Conversation
) -> None:
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held):
        message = await world.wait_for(await world.queue(conversation), MessageStatus.SENDING)
        with pytest.raises(Conflict, match="SENDING"):
            await world.outbox.cancel_message(AGENT, message.id)
        held.release()
        await world.wait_for(message, MessageStatus.ACCEPTED)


async def test_late_status_prevents_retry(world: OutboxWorld, conversation: Conversation) -> None:
    world.break_sends("reset_after")
    async with world.dispatching():
        unknown = await world.wait_for(await world.queue(conversation), MessageStatus.UNKNOWN)
    update = StatusUpdate(name="delivered", at=hours_ago(0), message_id=unknown.id)
    await record_status(unknown.account_id, update)

    with pytest.raises(Conflict, match="DELIVERED"):
        await world.outbox.retry_message(AGENT, unknown.id)


async def test_held_marketing_is_not_resent_same_day(
    world: OutboxWorld, conversation: Conversation
) -> None:
    world.break_sends("error", code=131049)
    async with world.dispatching():
        failed = await world.wait_for(await world.queue(conversation), MessageStatus.FAILED)
    before = await Message.count()

    with pytest.raises(Conflict, match="marketing"):
        await world.outbox.retry_message(AGENT, failed.id)

    assert await Message.count() == before
    await failed.set({"status_times.failed": hours_ago(25)})
    again = await world.outbox.retry_message(AGENT, failed.id)
    assert (again.retry_of, len(world.meta.requests.requests)) == (failed.id, 1)


async def test_what_viewer_may_not_see_is_not_found(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)

    for act in (world.outbox.retry_message, world.outbox.cancel_message):
        with pytest.raises(NotFound):
            await act(STRANGER, message.id)


async def test_customers_message_is_neither_retried_nor_cancelled(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.receive(conversation, at=hours_ago(1))

    for act in (world.outbox.retry_message, world.outbox.cancel_message):
        with pytest.raises(Conflict):
            await act(AGENT, message.id)
