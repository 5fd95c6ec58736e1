"""Messages that were stored as claimed, and their process ends or their contact is removed."""

import asyncio

import pytest
from pymongo.errors import AutoReconnect

from models import ContactMerge, Conversation, Message, MessageStatus, OutboxState, Role
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, to_bson, utc_now
from tests.fixtures.idle_accounts import idling
from tests.fixtures.outbox import AGENT, OutboxWorld, get_message, is_outbox_empty
from tests.fixtures.owners import end_lease, take_account
from tests.fixtures.waiting import eventually
from whatsapp.auth.access import Viewer
from whatsapp.conversations.conversations import update_summary
from whatsapp.errors import NotFound
from whatsapp.merging.contact_merging import merge_contacts
from whatsapp.merging.merged_history import finish_merges
from whatsapp.outbox import outbox
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.erasures import erase_contact

ADMIN = Viewer(
    workspace_id=DEFAULT_WORKSPACE_ID, credential_id=new_id(), name="an admin", role=Role.ADMIN
)


async def test_message_that_dead_process_stored_is_unknown(
    world: OutboxWorld, conversation: Conversation
) -> None:
    """It ended before it stored the summary, and may have begun the request."""
    owner = await take_account(world)
    read = await world.add_customer(phone="16505550002")
    left = await world.receive(read, at=read.created_at)
    claimed = left.model_copy(
        update={
            "id": new_id(),
            "conversation_id": conversation.id,
            "contact_id": conversation.contact_id,
            "direction": "OUTBOUND",
            "wamid": None,
            "unread": False,
            "status_rank": MessageStatus.QUEUED.rank,
            "outbox_state": OutboxState.SENDING,
            "fence": owner.fence,
            "claim_token": "a-token",
            "timestamp": (await read_conversation(conversation)).last_activity_at,
        }
    )
    await collection(Message).insert_one(to_bson(claimed))
    await end_lease(owner.partition.owner)

    async with world.dispatching():
        await world.wait_for(claimed, MessageStatus.UNKNOWN)

    assert world.list_texts() == []
    assert (await read_conversation(conversation)).last_message_id == claimed.id


async def test_erasure_after_request_began_sends_once(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_sent() -> bool:
        return "A" in world.list_texts()

    async def erase_first(message: Message) -> None:
        await eventually(is_sent)
        await erase_contact(ADMIN, conversation.contact_id, ErasureLog(None))
        await update_summary(message)

    async with idling(world):
        monkeypatch.setattr(outbox, "update_summary", erase_first)
        message = await world.queue(conversation, "A")
        await asyncio.sleep(0.2)  # a second request would come

    assert world.list_texts() == ["First", "A"]
    assert await Message.get(message.id) is None


async def test_merge_after_request_began_sends_once(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The merge removes the conversation before its summary has the message."""
    left = await world.add_customer(phone="16505550002")

    async def is_sent() -> bool:
        return "A" in world.list_texts()

    async def merge_first(message: Message) -> None:
        await eventually(is_sent)
        await merge_contacts(
            AGENT, conversation.contact_id, into_id=left.contact_id, wait_seconds=0.0
        )
        await collection(Conversation).delete_one({"_id": conversation.id})
        await update_summary(message)

    async def is_moved() -> bool:
        await collection(ContactMerge).update_many({}, {"$set": {"due_at": utc_now()}})
        await finish_merges()
        return (await get_message(message.id)).conversation_id == left.id

    async with idling(world):
        monkeypatch.setattr(outbox, "update_summary", merge_first)
        message = await world.queue(conversation, "A")
        await world.wait_for(message, MessageStatus.ACCEPTED)
        await eventually(is_moved)
        await eventually(is_outbox_empty)

    assert world.list_texts() == ["First", "A"]


async def test_erasure_before_request_sends_nothing(
    world: OutboxWorld,
    conversation: Conversation,
    hold_departures: asyncio.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def erase_first(message: Message) -> None:
        await asyncio.sleep(0.1)  # its documents are read
        await erase_contact(ADMIN, conversation.contact_id, ErasureLog(None))
        await update_summary(message)

    async with idling(world):
        hold_departures.clear()
        monkeypatch.setattr(outbox, "update_summary", erase_first)
        with pytest.raises(NotFound):
            await world.queue(conversation, "A")
        hold_departures.set()
        await asyncio.sleep(0.2)

    assert world.list_texts() == ["First"]
    assert await Message.find(Message.text == "A").count() == 0


async def test_lost_summary_is_stored_before_outcome(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_message: Message) -> None:
        raise AutoReconnect("connection closed")

    async with idling(world):
        monkeypatch.setattr(outbox, "update_summary", fail)
        with pytest.raises(AutoReconnect):
            await world.queue(conversation, "A")
        message = await Message.find_one(Message.text == "A")
        assert message is not None
        await world.wait_for(message, MessageStatus.ACCEPTED)

    assert (await read_conversation(conversation)).last_message_id == message.id
    assert world.list_texts() == ["First", "A"]
    assert (await get_message(message.id)).attempts == 1


async def read_conversation(conversation: Conversation) -> Conversation:
    found = await Conversation.get(conversation.id)
    assert found is not None
    return found
