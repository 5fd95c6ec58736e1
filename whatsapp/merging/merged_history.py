"""What was said with a merged contact follows into the conversation of the contact that is left.

Every step may be done again, by several processes at once. Queued messages keep their order: a lane
is moved message by message from its head on, and never past one that is being sent.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING

from models import (
    Contact,
    ContactMerge,
    Conversation,
    Lane,
    Media,
    Message,
    OutboxState,
    PendingUpdate,
)
from models.database.base import collection, from_bson, utc_now
from models.database.bulk_writes import delete_in_batches
from models.database.lease import LEASE_SECONDS, is_due, lease_document
from whatsapp.contacts.contacts import find_survivor
from whatsapp.conversations.conversations import ConversationGone, get_or_create_conversation
from whatsapp.merging.merged_fields import COMBINED_FIELDS, combine_conversations
from whatsapp.messages.lanes import ACTIVE_STATES, take_number, wake_lane
from whatsapp.messages.removal import remove_conversations_with_messages

MOVED_AT_ONCE = 1000
# How long a caller waits for a message that is being sent; the rest is done in the background.
MAX_WAIT_SECONDS = 5.0
PAUSE_SECONDS = 0.2
# What was on its way when the contact went is stored by then, and found by a second look.
SETTLING = timedelta(seconds=60)
_RETRY = timedelta(seconds=1)


async def move_history(merge: ContactMerge) -> None:
    """Moves all that was said, or leaves the rest to `finish_merges`."""
    if merge.due_at is None:
        return
    deadline = asyncio.get_running_loop().time() + MAX_WAIT_SECONDS
    while not await _move(merge):
        if asyncio.get_running_loop().time() > deadline:
            await _set_due(merge, utc_now() + _RETRY)
            return
        await asyncio.sleep(PAUSE_SECONDS)
    is_settled = utc_now() > merge.created_at + SETTLING
    await _set_due(merge, None if is_settled else merge.created_at + SETTLING)


async def finish_merges_into(contact: Contact) -> None:
    """What is still to follow into a contact does so now, as far as it can."""
    query = {"account_id": contact.account_id, "into_id": contact.id, "due_at": {"$ne": None}}
    for fields in await collection(ContactMerge).find(query).to_list():
        await move_history(from_bson(ContactMerge, fields))


async def finish_merges() -> None:
    """Finishes what a crash or a send on its way interrupted, and looks again after a minute."""
    while True:
        merge = await lease_document(
            ContactMerge, is_due("due_at"), field="due_at", seconds=LEASE_SECONDS
        )
        if merge is None:
            return
        await move_history(merge)


async def _set_due(merge: ContactMerge, due_at: Any) -> None:
    await collection(ContactMerge).update_one({"_id": merge.id}, {"$set": {"due_at": due_at}})


async def _move(merge: ContactMerge) -> bool:
    """Returns False if something can't be moved yet."""
    sources = await _list_sources(merge)
    while True:
        contact = await find_survivor(merge.into_id)
        if contact is None:
            await _erase(merge, sources)
            return True
        await _rename_author(merge, contact)
        if not sources:
            return True
        try:
            target = await get_or_create_conversation(contact.account_id, contact.id)
        except ConversationGone:
            continue  # erased or merged on at this very moment
        is_done = await _move_into(target, sources, merge)
        if await collection(Conversation).find_one({"_id": target.id}, {"_id": 1}) is not None:
            return is_done
        sources.append(target.id)


async def _list_sources(merge: ContactMerge) -> list[PydanticObjectId]:
    """The conversation that the merged contact had, also if it is gone already."""
    of_contact = {"account_id": merge.account_id, "contact_id": merge.id}
    found = await collection(Conversation).find_one(of_contact, {"_id": 1})
    if found is not None and found["_id"] != merge.conversation_id:
        merge.conversation_id = found["_id"]
        await collection(ContactMerge).update_one(
            {"_id": merge.id}, {"$set": {"conversation_id": found["_id"]}}
        )
    return [] if merge.conversation_id is None else [merge.conversation_id]


async def _move_into(
    target: Conversation, sources: Sequence[PydanticObjectId], merge: ContactMerge
) -> bool:
    is_done = True
    for source in sources:
        while True:
            await _move_said(source, target)
            if not await _move_queued(source, target):
                is_done = False
                break
            if await _combine(source, target):
                break
        await _move_said(source, target)
    await _rename_reactions(merge, target)
    return is_done


async def _move_said(source: PydanticObjectId, target: Conversation) -> None:
    """Everything that waits for nothing any more."""
    said = {"conversation_id": source, "outbox_state": {"$nin": ACTIVE_STATES}}
    moved = {"conversation_id": target.id, "contact_id": target.contact_id}
    while True:
        found = collection(Message).find(said, {"_id": 1}).limit(MOVED_AT_ONCE)
        ids = [fields["_id"] async for fields in found]
        if ids:
            await collection(Message).update_many({"_id": {"$in": ids}, **said}, {"$set": moved})
        if len(ids) < MOVED_AT_ONCE:
            break
    await collection(Media).update_many(
        {"conversation_id": source}, {"$set": {"conversation_id": target.id}}
    )


async def _move_queued(source: PydanticObjectId, target: Conversation) -> bool:
    """Behind what waits in the other lane already. Returns False if one is being sent.

    The number is taken after the message before it was moved, so that the order holds even if
    several processes move at once.
    """
    waiting = {"conversation_id": source, "outbox_state": {"$in": ACTIVE_STATES}}
    has_moved = False
    while (head := await _find_head(waiting)) is not None:
        if head["outbox_state"] == OutboxState.SENDING.value:
            break
        number = await take_number(target.account_id, target.id)
        moved = {
            "conversation_id": target.id,
            "contact_id": target.contact_id,
            "lane_number": number,
        }
        unchanged = {**waiting, "_id": head["_id"], "outbox_state": head["outbox_state"]}
        await collection(Message).update_one(unchanged, {"$set": moved})
        has_moved = True
    if has_moved:
        await wake_lane(target.id)
    return head is None


async def _find_head(waiting: dict[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = await collection(Message).find_one(
        waiting, {"outbox_state": 1}, sort=[("lane_number", ASCENDING), ("_id", ASCENDING)]
    )
    return found


async def _combine(source: PydanticObjectId, target: Conversation) -> bool:
    """Adds the summary of one conversation to the other and removes it. Returns False if it was
    changed meanwhile.
    """
    other = await collection(Conversation).find_one({"_id": source})
    if other is not None:
        stage = {"$set": combine_conversations(other, utc_now())}
        await collection(Conversation).update_one({"_id": target.id}, [stage])
        unchanged = {name: other.get(name) for name in COMBINED_FIELDS}
        deleted = await collection(Conversation).delete_one({"_id": source, **unchanged})
        if not deleted.deleted_count:
            return False
    await collection(Lane).delete_one({"_id": source})
    # Whoever stored something until now finds its conversation gone from now on.
    waiting = {"conversation_id": source, "outbox_state": {"$in": ACTIVE_STATES}}
    return await _find_head(waiting) is None


async def _rename_author(merge: ContactMerge, contact: Contact) -> None:
    """Of what waits for messages that are not known yet."""
    await collection(PendingUpdate).update_many(
        {"change.contact_id": merge.id},
        {"$set": {"change.contact_id": contact.id}},
    )


async def _rename_reactions(merge: ContactMerge, target: Conversation) -> None:
    is_theirs = {"$eq": ["$$this.contact_id", merge.id]}
    renamed = {"$mergeObjects": ["$$this", {"contact_id": target.contact_id}]}
    reaction = {"$cond": [is_theirs, renamed, "$$this"]}
    reactions = {"$map": {"input": "$reactions", "as": "this", "in": reaction}}
    await collection(Message).update_many(
        {"conversation_id": target.id, "reactions.contact_id": merge.id},
        [{"$set": {"reactions": reactions}}],
    )


async def _erase(merge: ContactMerge, sources: Sequence[PydanticObjectId]) -> None:
    """The contact that was left is erased: so is what had not followed into it yet."""
    await remove_conversations_with_messages(merge.account_id, list(sources))
    await delete_in_batches(PendingUpdate, {"change.contact_id": merge.id})
