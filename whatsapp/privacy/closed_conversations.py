"""Removal of conversations that have been closed for long; their contacts stay.

The contents go first, while the conversation is still found; the conversation and the mark of its
contact go together, unless the conversation was used meanwhile.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING
from pymongo.asynchronous.client_session import AsyncClientSession

from models import (
    Contact,
    ContactMerge,
    Conversation,
    ConversationStatus,
    Message,
    MessagePriority,
    Note,
    RemovedKind,
)
from models.database.base import collection
from models.messages.outbox_state import IS_ACTIVE
from whatsapp.conversations.conversations import remove_conversations
from whatsapp.media.media import mark_erased
from whatsapp.privacy.old_messages import SUMMARY_FIELDS, Conversations, remove_contents
from whatsapp.privacy.retention_run import RetentionRun

CONVERSATIONS_AT_ONCE = 100


async def remove_closed_conversations(
    run: RetentionRun, account_id: PydanticObjectId, before: datetime
) -> None:
    """Removes closed conversations of the account in which nothing is younger than `before`."""
    async for page in _list_pages(run, account_id, before):
        ids = [fields["_id"] for fields in page]
        used = await _list_used(account_id, ids, before, session=None)
        unused = [fields for fields in page if fields["_id"] not in used]
        if not unused:
            continue
        await remove_contents(run, account_id, unused, before)
        async with run.removing(account_id) as counts:
            removed = await _remove(account_id, [fields["_id"] for fields in unused], before)
            counts[RemovedKind.CONVERSATIONS] += len(removed)
            # Writers that were under way may have left something.
            await remove_conversations(removed)
            counts[RemovedKind.FILES] += await mark_erased({"conversation_id": {"$in": removed}})


def _match_closed(before: datetime) -> dict[str, Any]:
    is_younger = {"$gte": before}
    return {
        "status": ConversationStatus.CLOSED.value,
        "last_activity_at": {"$lt": before},
        "closed_at": {"$not": is_younger},
        "changed_at": {"$not": is_younger},
    }


async def _list_pages(
    run: RetentionRun, account_id: PydanticObjectId, before: datetime
) -> AsyncIterator[Conversations]:
    query: dict[str, Any] = {"account_id": account_id, **_match_closed(before)}
    fields = dict.fromkeys(("last_activity_at", *SUMMARY_FIELDS), 1)
    order = [("last_activity_at", ASCENDING), ("_id", ASCENDING)]
    while True:
        async with run.pausing():
            cursor = collection(Conversation).find(query, fields).sort(order)
            page = await cursor.limit(CONVERSATIONS_AT_ONCE).to_list()
        if page:
            yield page
        if len(page) < CONVERSATIONS_AT_ONCE:
            return
        last = page[-1]
        query["$or"] = [
            {"last_activity_at": {"$gt": last["last_activity_at"]}},
            {"last_activity_at": last["last_activity_at"], "_id": {"$gt": last["_id"]}},
        ]


async def _list_used(
    account_id: PydanticObjectId,
    ids: Sequence[PydanticObjectId],
    before: datetime,
    *,
    session: AsyncClientSession | None,
) -> set[PydanticObjectId]:
    """Returns the conversations with younger notes or messages, or with queued messages."""
    in_page = {"conversation_id": {"$in": list(ids)}}
    younger = {**in_page, "timestamp": {"$gte": before}}
    priorities = {"$in": [priority.stored for priority in MessagePriority]}
    queued = {"account_id": account_id, "priority": priorities, **in_page, **IS_ACTIVE}
    used: set[PydanticObjectId] = set()
    for document_class, query in ((Note, younger), (Message, younger), (Message, queued)):
        # Transactions of a sharded cluster have no `distinct`.
        stages: list[dict[str, Any]] = [{"$match": query}, {"$group": {"_id": "$conversation_id"}}]
        rows = await collection(document_class).aggregate(stages, session=session)
        used.update([row["_id"] async for row in rows])
    return used


async def _remove(
    account_id: PydanticObjectId, ids: Sequence[PydanticObjectId], before: datetime
) -> list[PydanticObjectId]:
    """Removes the conversations that are still unused, and unmarks their contacts."""
    unused = {"_id": {"$in": list(ids)}, "last_message_id": None, **_match_closed(before)}

    async def write(session: AsyncClientSession) -> list[PydanticObjectId]:
        conversations = collection(Conversation)
        cursor = conversations.find(unused, {"contact_id": 1}, session=session)
        contacts = {fields["_id"]: fields["contact_id"] for fields in await cursor.to_list()}
        # Checked again: notes do not change the fields that the query compares.
        used = await _list_used(account_id, list(contacts), before, session=session)
        merging = await _list_merging(account_id, session)
        removed = [
            key
            for key, contact_id in contacts.items()
            if key not in used and contact_id not in merging
        ]
        if removed:
            await conversations.delete_many({"_id": {"$in": removed}}, session=session)
            await collection(Contact).update_many(
                {"_id": {"$in": [contacts[key] for key in removed]}},
                {"$set": {"has_conversation": False}},
                session=session,
            )
        return removed

    async with collection(Conversation).database.client.start_session() as session:
        return await session.with_transaction(write)


async def _list_merging(
    account_id: PydanticObjectId, session: AsyncClientSession
) -> set[PydanticObjectId]:
    """Returns the contacts whose conversations get the history of merged contacts.

    A merge that begins meanwhile conflicts with the transaction, as it changes its contact.
    """
    query: dict[str, Any] = {"account_id": account_id, "due_at": {"$type": "date"}}
    merging: set[PydanticObjectId] = set()
    while True:
        merges = collection(ContactMerge).find(query, {"into_id": 1}, session=session)
        survivors = {fields["into_id"] async for fields in merges} - merging
        if not survivors:
            return merging
        merging |= survivors
        # They may have been merged into other contacts since.
        query = {"_id": {"$in": list(survivors)}}
