"""Conversations: one per contact, with a summary independent of the order of messages."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from beanie import PydanticObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from models import (
    Contact,
    Conversation,
    ConversationChange,
    Identity,
    Message,
    MessageDirection,
    Note,
)
from models.database.base import collection, from_bson, to_bson, utc_now
from models.database.bulk_writes import delete_in_batches
from models.database.coalescing import get_shared_commands
from models.database.shared_writes import SharedWrite
from models.messages.unanswered import NOT_WRITTEN
from whatsapp.common.account_workspaces import get_workspace_id
from whatsapp.contacts.contact_identities import list_contacts, make_identities_query
from whatsapp.contacts.contacts import is_merged
from whatsapp.conversations.summaries import (
    make_deletion_update,
    make_summary_update,
    opens_window,
)
from whatsapp.errors import NotFound

SERVICE_WINDOW = timedelta(hours=24)
# Attempts to store a message whose contact is erased concurrently; each creates a new contact.
MAX_ATTEMPTS = 10

# A `$lookup` takes half the time of two finds, but more time from about ten identities on.
MAX_JOINED_IDENTITIES = 8

Outcome = TypeVar("Outcome")


class ConversationGone(NotFound):
    """The contact was erased concurrently; `messages` are the affected messages."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        super().__init__("The conversation")
        self.messages = list(messages)


async def retry_when_gone(work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Repeats the work if the contact was erased meanwhile; the repetition creates a new contact.

    Raises:
        ConversationGone: after MAX_ATTEMPTS attempts.
    """
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return await work()
        except ConversationGone:
            continue
    return await work()


def window_expires_at(conversation: Conversation) -> datetime | None:
    """Returns the end of the customer service window; None if the customer never wrote."""
    if conversation.last_inbound_at is None:
        return None
    return conversation.last_inbound_at + SERVICE_WINDOW


def window_is_open(conversation: Conversation, now: datetime) -> bool:
    expires_at = window_expires_at(conversation)
    return expires_at is not None and now < expires_at


async def may_send_free_text(conversation: Conversation) -> bool:
    """Returns True if the service window is open, considering messages not yet in the summary."""
    now = utc_now()
    if window_is_open(conversation, now):
        return True
    opening = {
        "conversation_id": conversation.id,
        "timestamp": {"$gt": now - SERVICE_WINDOW},
        "direction": MessageDirection.INBOUND.value,
        "type": {"$nin": sorted(NOT_WRITTEN)},
        "group_id": None,
    }
    return await collection(Message).find_one(opening, {"_id": 1}) is not None


async def get_or_create_conversation(
    account_id: PydanticObjectId, contact_id: PydanticObjectId
) -> Conversation:
    """Returns the contact's conversation, created if needed.

    Raises:
        ConversationGone: the contact no longer exists.
    """
    key = {"account_id": account_id, "contact_id": contact_id}
    document = await collection(Conversation).find_one(key)
    return from_bson(Conversation, document or await _create_conversation(key))


async def _create_conversation(key: dict[str, PydanticObjectId]) -> dict[str, Any]:
    created = await _upsert_conversation(key)
    # Checked after the write, so that a later erasure finds the conversation.
    of_contact = {"_id": key["contact_id"]}
    marked = await collection(Contact).update_one(of_contact, {"$set": {"has_conversation": True}})
    if marked.matched_count == 0:
        # The history of a merged contact is moved.
        if not await is_merged(key["contact_id"]):
            await remove_conversations([created["_id"]])
        raise ConversationGone
    return created


async def remove_conversations(conversation_ids: Sequence[PydanticObjectId]) -> None:
    """Deletes conversations of removed contacts, with everything stored in them meanwhile."""
    await collection(Conversation).delete_many({"_id": {"$in": list(conversation_ids)}})
    # Writers check for the conversation after storing a message, and delete the message if it is
    # gone. So only messages stored before this point are left.
    in_conversations = {"conversation_id": {"$in": list(conversation_ids)}}
    for document_class in (Message, Note, ConversationChange):
        await delete_in_batches(document_class, in_conversations)


async def _upsert_conversation(key: dict[str, PydanticObjectId]) -> dict[str, Any]:
    workspace_id = await get_workspace_id(key["account_id"])
    fields = to_bson(Conversation(workspace_id=workspace_id, **key))
    defaults = {name: value for name, value in fields.items() if name not in key}
    try:
        created = await collection(Conversation).find_one_and_update(
            key,
            {"$setOnInsert": defaults},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError:
        # A concurrent upsert won.
        created = await collection(Conversation).find_one(key)
    if created is None:
        raise ConversationGone
    document: dict[str, Any] = created
    return document


async def list_conversations(
    account_id: PydanticObjectId, contact_ids: Collection[PydanticObjectId]
) -> list[Conversation]:
    """Returns the conversations of these contacts."""
    query = {"account_id": account_id, "contact_id": {"$in": list(contact_ids)}}
    documents = await collection(Conversation).find(query).to_list()
    return [from_bson(Conversation, fields) for fields in documents]


async def find_contacts_with_conversations(
    account_id: PydanticObjectId, identities: Sequence[Identity]
) -> tuple[list[Contact], list[Conversation]]:
    """Returns the contacts with one of these identities, and their conversations."""
    if not 0 < len(identities) <= MAX_JOINED_IDENTITIES:
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
    rows = await collection(Contact).aggregate([{"$match": query}, {"$lookup": conversations}])
    pairs = [(fields, fields.pop("conversations")) async for fields in rows]
    return (
        [from_bson(Contact, fields) for fields, _ in pairs],
        [from_bson(Conversation, fields) for _, joined in pairs for fields in joined],
    )


def summary_includes(conversation: Conversation, message: Message) -> bool:
    """Returns True if the summary has the message or a later one as last message."""
    last_at, last_id = conversation.last_message_at, conversation.last_message_id
    if message.is_own_reaction:
        return True
    if last_at is None or last_id is None or (message.timestamp, message.id) > (last_at, last_id):
        return False
    inbound_at = conversation.last_inbound_at
    return not opens_window(message) or (inbound_at is not None and message.timestamp <= inbound_at)


async def update_summary(message: Message) -> None:
    """Updates the summary of the message's conversation; idempotent.

    A late older message neither becomes the last message nor reopens the conversation. Concurrent
    calls share a command.

    Raises:
        ConversationGone: the conversation no longer exists.
    """
    write = get_shared_commands(Conversation).get(
        "summary", lambda: SharedWrite(_update_each_summary)
    )
    await write.submit(message)


async def _update_each_summary(messages: Sequence[Message]) -> list[ConversationGone | None]:
    """Returns the error of each message."""
    try:
        await update_summaries(messages)
    except ConversationGone as error:
        gone = {message.conversation_id for message in error.messages}
        return [
            ConversationGone([message]) if message.conversation_id in gone else None
            for message in messages
        ]
    return [None] * len(messages)


async def update_summaries(messages: Sequence[Message]) -> None:
    """Updates the summaries of many messages in one round trip, in any order.

    Raises:
        ConversationGone: conversations were deleted; the summaries of the others are updated.
    """
    if not messages:
        return
    by_conversation: dict[PydanticObjectId, list[Message]] = {}
    for message in messages:
        by_conversation.setdefault(message.conversation_id, []).append(message)
    updates = [make_summary_update(key, grouped) for key, grouped in by_conversation.items()]
    result = await collection(Conversation).bulk_write(updates, ordered=False)
    if result.matched_count < len(updates):
        query = {"_id": {"$in": list(by_conversation)}}
        existing = await collection(Conversation).distinct("_id", query)
        gone = [message for message in messages if message.conversation_id not in existing]
        if gone:
            raise ConversationGone(gone)


async def record_deletion(conversation_id: PydanticObjectId, message_id: PydanticObjectId) -> None:
    """Records a deleted message in the summary, so that subscribers get the new unread count."""
    update = make_deletion_update(conversation_id, message_id)
    await collection(Conversation).bulk_write([update])
