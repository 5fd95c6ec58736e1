"""A process that ends while it queues a message: nothing that was stored stays half known."""

import pytest
from pymongo.errors import AutoReconnect

from models import Conversation, Message, MessageStatus
from models.database.base import utc_now
from tests.fixtures.outbox import OutboxWorld
from whatsapp.outbox import outbox


async def queue_and_end(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> Message:
    """Stores a message without announcing it to the dispatcher."""

    async def end(_message: Message) -> None:
        raise AutoReconnect("MongoDB is away")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "update_summary", end)
        with pytest.raises(AutoReconnect):
            await world.queue(conversation, idempotency_key="order-7")
    message = await Message.find_one({"idempotency_key": "order-7"})
    assert message is not None
    return message


async def reload(conversation: Conversation) -> Conversation:
    found = await Conversation.get(conversation.id)
    assert found is not None
    return found


async def test_what_is_sent_later_is_in_its_conversation(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await queue_and_end(world, conversation, monkeypatch)

    async with world.dispatching():
        await world.wait_for(message, MessageStatus.ACCEPTED)

    summary = await reload(conversation)
    assert (summary.last_message_id, summary.last_activity_at) == (message.id, message.timestamp)


async def test_newer_message_stays_last(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await queue_and_end(world, conversation, monkeypatch)
    answer = await world.receive(conversation, at=utc_now())
    before = await reload(conversation)

    async with world.dispatching():
        await world.wait_for(message, MessageStatus.ACCEPTED)

    assert before.last_message_id == answer.id
    assert await reload(conversation) == before


async def test_repeated_request_completes_first(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await queue_and_end(world, conversation, monkeypatch)

    async with world.dispatching(reconcile_seconds=600.0):
        again = await world.queue(conversation, idempotency_key="order-7")
        assert (await reload(conversation)).last_message_id == message.id
        # It is announced to the dispatcher too.
        await world.wait_for(message, MessageStatus.ACCEPTED)

    assert again.id == message.id
