"""Moves the history of a merged contact into the conversation of the surviving contact.

Every step may be repeated, by several processes at once. Queued messages keep their order: they are
moved one by one from the first, and wait for one that is being sent.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING

from models import (
    Contact,
    ContactMerge,
    Conversation,
    ConversationChange,
    Media,
    Message,
    MessagePriority,
    Note,
    OutboxState,
    PendingUpdate,
)
from models.database.base import collection, from_bson, is_due, utc_now
from models.database.bulk_writes import delete_in_batches
from models.database.lease import LEASE_SECONDS, lease_document
from models.messages.outbox_state import ACTIVE_STATES, IS_ACTIVE
from whatsapp.common.timeouts import Timeouts
from whatsapp.contacts.contacts import find_survivor
from whatsapp.conversations.changes import record_reopenings
from whatsapp.conversations.conversations import ConversationGone, get_or_create_conversation
from whatsapp.exports.exports import delete_exports
from whatsapp.merging.merged_fields import COMBINED_FIELDS, combine_conversations
from whatsapp.messages.removal import remove_conversations_with_messages

MOVE_BATCH = 1000
PAUSE_SECONDS = 0.2
# Messages in flight during the merge are stored by then, and are moved by a second run.
SETTLING = timedelta(seconds=60)
_RETRY = timedelta(seconds=1)


async def move_history(
    merge: ContactMerge, *, wait_seconds: float = Timeouts.merge_wait_seconds
) -> None:
    """Moves the history, or leaves the rest to `finish_merges`.

    Waits up to `wait_seconds` for a message that is being sent.
    """
    if merge.due_at is None:
        return
    # They lack the history of the other contact, or have lost their contact.
    await delete_exports({"contact_id": merge.id})
    await delete_exports({"contact_id": merge.into_id, "created_at": {"$lte": merge.created_at}})
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while not await _try_move(merge):
        if asyncio.get_running_loop().time() > deadline:
            await _set_due(merge, utc_now() + _RETRY)
            return
        await asyncio.sleep(PAUSE_SECONDS)
    is_settled = utc_now() > merge.created_at + SETTLING
    await _set_due(merge, None if is_settled else merge.created_at + SETTLING)


async def finish_merges_into(contact: Contact) -> None:
    """Continues the unfinished merges into a contact."""
    query = {"account_id": contact.account_id, "into_id": contact.id, "due_at": {"$ne": None}}
    for fields in await collection(ContactMerge).find(query).to_list():
        await move_history(from_bson(ContactMerge, fields))


async def finish_merges() -> None:
    """Finishes interrupted merges, and repeats each a minute after its transaction."""
    while True:
        merge = await lease_document(
            ContactMerge, is_due("due_at"), field="due_at", seconds=LEASE_SECONDS
        )
        if merge is None:
            return
        await move_history(merge)


async def _set_due(merge: ContactMerge, due_at: Any) -> None:
    await collection(ContactMerge).update_one({"_id": merge.id}, {"$set": {"due_at": due_at}})


async def _try_move(merge: ContactMerge) -> bool:
    """Returns False if a message can't be moved yet."""
    sources = await _list_sources(merge)
    while True:
        contact = await find_survivor(merge.into_id)
        if contact is None:
            await _erase_history(merge, sources)
            return True
        await _rename_author(merge, contact)
        if not sources:
            return True
        try:
            target = await get_or_create_conversation(contact.account_id, contact.id)
        except ConversationGone:
            continue  # erased or merged again concurrently
        is_done = await _move_into(target, sources, merge)
        if await collection(Conversation).find_one({"_id": target.id}, {"_id": 1}) is not None:
            return is_done
        sources.append(target.id)


async def _list_sources(merge: ContactMerge) -> list[PydanticObjectId]:
    """Returns the id of the merged contact's conversation, also if it is already removed."""
    of_contact = {"account_id": merge.account_id, "contact_id": merge.id}
    conversation = await collection(Conversation).find_one(of_contact, {"_id": 1})
    if conversation is not None and conversation["_id"] != merge.conversation_id:
        merge.conversation_id = conversation["_id"]
        await collection(ContactMerge).update_one(
            {"_id": merge.id}, {"$set": {"conversation_id": conversation["_id"]}}
        )
    return [] if merge.conversation_id is None else [merge.conversation_id]


async def _move_into(
    target: Conversation, sources: Sequence[PydanticObjectId], merge: ContactMerge
) -> bool:
    is_done = True
    for source in sources:
        while True:
            await _move_settled(source, target)
            if not await _move_queued(source, target):
                is_done = False
                break
            if await _combine_summaries(source, target):
                break
        await _move_settled(source, target)
    await _rename_reactions(merge, target)
    return is_done


async def _move_settled(source: PydanticObjectId, target: Conversation) -> None:
    """Moves the messages that are not queued, the media, the notes and the records of changes."""
    settled = {"conversation_id": source, "outbox_state": {"$nin": ACTIVE_STATES}}
    moved = {"conversation_id": target.id, "contact_id": target.contact_id}
    while True:
        batch = collection(Message).find(settled, {"_id": 1}).limit(MOVE_BATCH)
        ids = [fields["_id"] async for fields in batch]
        if ids:
            await collection(Message).update_many({"_id": {"$in": ids}, **settled}, {"$set": moved})
        if len(ids) < MOVE_BATCH:
            break
    for document_class in (Media, Note, ConversationChange):
        await collection(document_class).update_many(
            {"conversation_id": source}, {"$set": {"conversation_id": target.id}}
        )


async def _move_queued(source: PydanticObjectId, target: Conversation) -> bool:
    """Moves the queued messages, which keep their order. Returns False if one is being sent."""
    for priority in MessagePriority:
        waiting = _match_queued(source, target, [priority])
        if not await _move_class(waiting, target):
            return False
    return True


async def _move_class(waiting: dict[str, Any], target: Conversation) -> bool:
    """Moves queued messages of one priority one by one and in order, because the queue may already
    send those that have moved."""
    while (head := await _find_head(waiting)) is not None:
        if head["outbox_state"] == OutboxState.SENDING.value:
            return False
        unchanged = {**waiting, "_id": head["_id"], "outbox_state": head["outbox_state"]}
        moved = {"conversation_id": target.id, "contact_id": target.contact_id}
        await collection(Message).update_one(unchanged, {"$set": moved})
    return True


def _match_queued(
    source: PydanticObjectId,
    target: Conversation,
    priorities: Iterable[MessagePriority] = MessagePriority,
) -> dict[str, Any]:
    return {
        "account_id": target.account_id,
        # The index of the queue has it before the conversation.
        "priority": {"$in": [priority.stored for priority in priorities]},
        "conversation_id": source,
        **IS_ACTIVE,
    }


async def _find_head(waiting: dict[str, Any]) -> dict[str, Any] | None:
    head: dict[str, Any] | None = await collection(Message).find_one(
        waiting, {"outbox_state": 1}, sort=[("timestamp", ASCENDING), ("_id", ASCENDING)]
    )
    return head


async def _combine_summaries(source: PydanticObjectId, target: Conversation) -> bool:
    """Adds the source's summary to the target and removes the source.

    Returns False if the source changed meanwhile.
    """
    other = await collection(Conversation).find_one({"_id": source})
    if other is not None:
        stage = {"$set": combine_conversations(other, utc_now())}
        await collection(Conversation).update_one({"_id": target.id}, [stage])
        await record_reopenings([target.id])
        unchanged = {name: other.get(name) for name in COMBINED_FIELDS}
        deleted = await collection(Conversation).delete_one({"_id": source, **unchanged})
        if not deleted.deleted_count:
            return False
    # Writers that stored a message before this now find its conversation gone.
    return await _find_head(_match_queued(source, target)) is None


async def _rename_author(merge: ContactMerge, contact: Contact) -> None:
    """Updates the author of pending updates."""
    await collection(PendingUpdate).update_many(
        {"change.contact_id": merge.id},
        {"$set": {"change.contact_id": contact.id}},
    )


async def _rename_reactions(merge: ContactMerge, target: Conversation) -> None:
    is_author = {"$eq": ["$$this.contact_id", merge.id]}
    renamed = {"$mergeObjects": ["$$this", {"contact_id": target.contact_id}]}
    reaction = {"$cond": [is_author, renamed, "$$this"]}
    reactions = {"$map": {"input": "$reactions", "as": "this", "in": reaction}}
    await collection(Message).update_many(
        {"conversation_id": target.id, "reactions.contact_id": merge.id},
        [{"$set": {"reactions": reactions}}],
    )


async def _erase_history(merge: ContactMerge, sources: Sequence[PydanticObjectId]) -> None:
    """Deletes the history that was not moved yet, because the surviving contact was erased."""
    await remove_conversations_with_messages(merge.account_id, list(sources))
    await delete_in_batches(PendingUpdate, {"change.contact_id": merge.id})
