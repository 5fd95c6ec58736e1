"""Queued messages of a merged contact: each is sent once, in order, to the contact that is left."""

import asyncio
from datetime import timedelta

import pytest

from models import Contact, ContactMerge, Conversation, Identity, IdentityKind, Message
from models import MessageStatus as Status
from models.database.base import utc_now
from tests.fixtures.outbox import AGENT, PHONE, HeldAnswers, OutboxWorld, is_outbox_empty
from tests.fixtures.waiting import eventually
from whatsapp.merging.contact_merging import merge_contacts
from whatsapp.merging.merged_history import finish_merges
from whatsapp.outbox import outbox

BSUID = "US.5550201"


@pytest.fixture
async def merged(world: OutboxWorld) -> Conversation:
    return await world.add_customer(Identity(kind=IdentityKind.BSUID, value=BSUID))


@pytest.fixture
async def left(world: OutboxWorld) -> Conversation:
    return await world.add_customer(phone=PHONE)


async def merge(merged: Conversation, left: Conversation, **options: float) -> None:
    await merge_contacts(AGENT, merged.contact_id, into_id=left.contact_id, **options)


async def finish() -> None:
    """Runs the background job until nothing is due."""
    for one in await ContactMerge.find().to_list():
        await one.set({"due_at": utc_now(), "created_at": utc_now() - timedelta(hours=1)})
    await finish_merges()


async def test_queued_messages_keep_their_order(
    world: OutboxWorld, merged: Conversation, left: Conversation
) -> None:
    for conversation, text in ((left, "a1"), (merged, "b1"), (left, "a2"), (merged, "b2")):
        await world.queue(conversation, text)

    await merge(merged, left)
    await world.queue(left, "after")
    async with world.dispatching():
        await eventually(is_outbox_empty)

    assert world.list_texts(to=PHONE) == ["a1", "b1", "a2", "b2", "after"]
    assert len(world.list_texts()) == 5


async def test_merge_under_running_dispatcher_sends_each_once(
    world: OutboxWorld, merged: Conversation, left: Conversation
) -> None:
    texts = [f"b{number}" for number in range(15)]
    for text in texts:
        await world.queue(merged, text)

    async with world.dispatching(), world.dispatching():
        await asyncio.sleep(0.05)
        await merge(merged, left)
        await finish()
        await eventually(is_outbox_empty)

    assert world.list_texts() == texts
    statuses = {one.shown_status for one in await Message.find({"sent_by": AGENT.name}).to_list()}
    assert statuses == {Status.ACCEPTED}
    assert await Message.find({"conversation_id": merged.id}).count() == 0


async def test_message_that_is_being_sent_is_waited_for(
    world: OutboxWorld, merged: Conversation, left: Conversation
) -> None:
    first, second = await world.queue(merged, "b1"), await world.queue(merged, "b2")
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held):
        await world.wait_for(first, Status.SENDING)
        await merge(merged, left, wait_seconds=0.1)
        still = await Message.find({"conversation_id": merged.id}).count()
        waiting = await Message.get(second.id)
        held.release()
        await world.wait_for(first, Status.ACCEPTED)
        await finish()
        await eventually(is_outbox_empty)

    assert waiting is not None
    assert (still, waiting.conversation_id, waiting.shown_status) == (2, merged.id, Status.QUEUED)
    assert world.list_texts() == ["b1", "b2"]
    assert await Message.find({"conversation_id": left.id}).count() == 4
    assert await Conversation.find().count() == 1


@pytest.mark.parametrize("step", ["ensure_conversation", "attach_file", "update_summary"])
async def test_message_queued_during_merge_is_sent_once(
    world: OutboxWorld,
    merged: Conversation,
    left: Conversation,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    original = getattr(outbox, step)
    has_merged = False

    async def merge_first(*args: object) -> object:
        nonlocal has_merged
        if not has_merged:
            has_merged = True
            await merge(merged, left)
        return await original(*args)

    monkeypatch.setattr(outbox, step, merge_first)
    message = await world.queue(merged, "now", idempotency_key="k1")
    again = await world.queue(merged, "now", idempotency_key="k1")
    async with world.dispatching():
        await eventually(is_outbox_empty)

    assert message.contact_id == left.contact_id
    assert again.id == message.id
    assert world.list_texts() == ["now"]


async def test_second_pass_finds_late_message(
    world: OutboxWorld, merged: Conversation, left: Conversation
) -> None:
    late = await world.queue(merged, "late")
    stray = late.model_copy(update={"outbox_state": None})
    await merge(merged, left)
    await Message.find_one({"_id": stray.id}).update(
        {"$set": {"conversation_id": merged.id, "contact_id": merged.contact_id}}
    )

    await finish()
    async with world.dispatching():
        await eventually(is_outbox_empty)

    assert world.list_texts(to=PHONE) == ["late"]
    assert await Contact.count() == 1
    assert [one.due_at for one in await ContactMerge.find().to_list()] == [None]
