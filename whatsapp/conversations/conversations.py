"""Conversations: one per contact, with a summary that any order of messages leaves equal."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from beanie import PydanticObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from models import Contact, Conversation, Identity, Message, MessageDirection
from models.database.base import collection, from_bson, to_bson, utc_now
from models.database.bulk_writes import delete_in_batches
from whatsapp.contacts.contact_identities import list_contacts, make_identities_query
from whatsapp.contacts.contacts import is_merged
from whatsapp.conversations.summaries import (
    NOT_WRITTEN,
    make_deletion_update,
    make_summary_update,
    opens_window,
)
from whatsapp.errors import NotFound

SERVICE_WINDOW = timedelta(hours=24)
# How often in a row a contact may be erased before what is said in its name is given up. Each
# time somebody erases the contact that the last try made, so more than a few are no coincidence.
ERASURES_IN_A_ROW = 10

# One aggregate for a few contacts and their conversations takes half of what two finds take; from
# some ten on MongoDB needs more for it than both save.
JOINED_IDENTITIES = 8

Outcome = TypeVar("Outcome")


class ConversationGone(NotFound):
    """Its contact was erased at this very moment; `messages` are those that were said in it."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        super().__init__("The conversation")
        self.messages = list(messages)


async def retry_when_gone(work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Does it anew whenever the contact was erased meanwhile: by then it is somebody new.

    Raises:
        ConversationGone: for ERASURES_IN_A_ROW times.
    """
    for _ in range(ERASURES_IN_A_ROW - 1):
        try:
            return await work()
        except ConversationGone:
            continue
    return await work()


def window_expires_at(conversation: Conversation) -> datetime | None:
    """When the customer service window ends or ended; None if the customer never wrote."""
    if conversation.last_inbound_at is None:
        return None
    return conversation.last_inbound_at + SERVICE_WINDOW


def window_is_open(conversation: Conversation, now: datetime) -> bool:
    expires_at = window_expires_at(conversation)
    return expires_at is not None and now < expires_at


async def may_send_free_text(conversation: Conversation) -> bool:
    """Whether the window is open, also by a message whose summary is just being written."""
    now = utc_now()
    if window_is_open(conversation, now):
        return True
    written = {
        "conversation_id": conversation.id,
        "timestamp": {"$gt": now - SERVICE_WINDOW},
        "direction": MessageDirection.INBOUND.value,
        "type": {"$nin": sorted(NOT_WRITTEN)},
        "group_id": None,
    }
    return await collection(Message).find_one(written, {"_id": 1}) is not None


async def get_or_create_conversation(
    account_id: PydanticObjectId, contact_id: PydanticObjectId
) -> Conversation:
    """The one conversation of this contact.

    Raises:
        ConversationGone: the contact is not there any more.
    """
    key = {"account_id": account_id, "contact_id": contact_id}
    found = await collection(Conversation).find_one(key)
    return from_bson(Conversation, found or await _make(key))


async def _make(key: dict[str, PydanticObjectId]) -> dict[str, Any]:
    made = await _upsert(key)
    # Looked for after the write: who erases the contact from now on finds the conversation too.
    if await collection(Contact).find_one({"_id": key["contact_id"]}, {"_id": 1}) is None:
        # What was said with a merged contact follows it.
        if not await is_merged(key["contact_id"]):
            await remove_conversations([made["_id"]])
        raise ConversationGone
    return made


async def remove_conversations(conversation_ids: Sequence[PydanticObjectId]) -> None:
    """Those of contacts that go or are gone, with what somebody may have stored in them by now."""
    await collection(Conversation).delete_many({"_id": {"$in": list(conversation_ids)}})
    # Whoever stores a message looks for its conversation afterwards, and takes it back where that
    # is gone: so what could still be stored before is here by now.
    await delete_in_batches(Message, {"conversation_id": {"$in": list(conversation_ids)}})


async def _upsert(key: dict[str, PydanticObjectId]) -> dict[str, Any]:
    fields = to_bson(Conversation(**key))
    defaults = {name: value for name, value in fields.items() if name not in key}
    try:
        made = await collection(Conversation).find_one_and_update(
            key,
            {"$setOnInsert": defaults},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError:
        # Another upsert won, and the server gave up repeating ours: theirs is there now.
        made = await collection(Conversation).find_one(key)
    if made is None:
        raise ConversationGone
    document: dict[str, Any] = made
    return document


async def list_conversations(
    account_id: PydanticObjectId, contact_ids: Collection[PydanticObjectId]
) -> list[Conversation]:
    """Those that exist of these contacts."""
    query = {"account_id": account_id, "contact_id": {"$in": list(contact_ids)}}
    found = await collection(Conversation).find(query).to_list()
    return [from_bson(Conversation, fields) for fields in found]


async def find_contacts_with_conversations(
    account_id: PydanticObjectId, identities: Sequence[Identity]
) -> tuple[list[Contact], list[Conversation]]:
    """The contacts that have one of these identities, and the conversations that they have."""
    if not 0 < len(identities) <= JOINED_IDENTITIES:
        contacts = await list_contacts(account_id, identities)
        ids = [contact.id for contact in contacts]
        return contacts, await list_conversations(account_id, ids)
    conversations = {
        "from": Conversation.Settings.name,
        "localField": "_id",
        "foreignField": "contact_id",
        "as": "conversations",
    }
    query = make_identities_query(account_id, identities)
    found = await collection(Contact).aggregate([{"$match": query}, {"$lookup": conversations}])
    pairs = [(fields, fields.pop("conversations")) async for fields in found]
    return (
        [from_bson(Contact, fields) for fields, _ in pairs],
        [from_bson(Conversation, fields) for _, own in pairs for fields in own],
    )


def summary_includes(conversation: Conversation, message: Message) -> bool:
    """Whether the summary shows the message as the last one or knows a later one."""
    at, last_id = conversation.last_message_at, conversation.last_message_id
    if message.is_own_reaction:
        return True
    if at is None or last_id is None or (message.timestamp, message.id) > (at, last_id):
        return False
    written_at = conversation.last_inbound_at
    return not opens_window(message) or (written_at is not None and message.timestamp <= written_at)


async def update_summary(message: Message) -> None:
    """Brings the summary of the message's conversation up to date; repeating it changes nothing.

    A late older message becomes neither the last one nor the reason to reopen.

    Raises:
        ConversationGone: there is none any more; the others' are brought up to date.
    """
    await update_summaries([message])


async def update_summaries(messages: Sequence[Message]) -> None:
    """The same for many messages in one round trip, in any order."""
    if not messages:
        return
    said: dict[PydanticObjectId, list[Message]] = {}
    for message in messages:
        said.setdefault(message.conversation_id, []).append(message)
    updates = [make_summary_update(conversation_id, own) for conversation_id, own in said.items()]
    result = await collection(Conversation).bulk_write(updates, ordered=False)
    if result.matched_count < len(updates):
        there = await collection(Conversation).distinct("_id", {"_id": {"$in": list(said)}})
        gone = [message for message in messages if message.conversation_id not in there]
        if gone:
            raise ConversationGone(gone)


async def record_deletion(conversation_id: PydanticObjectId, message_id: PydanticObjectId) -> None:
    """Its writer deleted a message: whoever watches the conversation learns of the new count."""
    update = make_deletion_update(conversation_id, message_id)
    await collection(Conversation).bulk_write([update])
