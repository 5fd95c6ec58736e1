"""Removal of old messages, notes and records of changes from the conversations of an account.

A page of conversations costs a query per kind of document, each by the index of its history. So a
run needs no index by age, which every message would have to maintain.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from beanie import Document, PydanticObjectId
from pymongo import ASCENDING, UpdateOne

from models import (
    NO_OWN_REACTIONS,
    Conversation,
    ConversationChange,
    Message,
    Note,
    RemovedKind,
)
from models.database.base import collection, utc_now
from models.messages.outbox_state import ACTIVE_STATES
from models.messages.unanswered import UNANSWERED_KEPT
from whatsapp.messages.removal import REMOVED_FIELDS, remove_batch
from whatsapp.privacy.retention_run import RetentionRun

CONVERSATIONS_AT_ONCE = 500
REMOVED_AT_ONCE = 200
SUMMARY_FIELDS = ("last_message_id", "last_message_at", "unanswered_at")
_RECORDS: tuple[tuple[type[Document], RemovedKind], ...] = (
    (Note, RemovedKind.NOTES),
    (ConversationChange, RemovedKind.CONVERSATION_CHANGES),
)

Conversations = Sequence[Mapping[str, Any]]
"""The `_id` and SUMMARY_FIELDS of conversations."""


async def remove_old_messages(
    run: RetentionRun, account_id: PydanticObjectId, before: datetime
) -> None:
    """Removes what is older from all conversations of the account, which stay."""
    async for conversations in _list_pages(run, account_id):
        await remove_contents(run, account_id, conversations, before)


async def _list_pages(
    run: RetentionRun, account_id: PydanticObjectId
) -> AsyncIterator[Conversations]:
    """Yields all conversations of the account in pages."""
    query: dict[str, Any] = {"account_id": account_id}
    fields = dict.fromkeys(("contact_id", *SUMMARY_FIELDS), 1)
    while True:
        cursor = collection(Conversation).find(query, fields).sort("contact_id", ASCENDING)
        async with run.pausing():
            page = await cursor.limit(CONVERSATIONS_AT_ONCE).to_list()
        if page:
            yield page
        if len(page) < CONVERSATIONS_AT_ONCE:
            return
        query["contact_id"] = {"$gt": page[-1]["contact_id"]}


async def remove_contents(
    run: RetentionRun,
    account_id: PydanticObjectId,
    conversations: Conversations,
    before: datetime,
) -> None:
    """Removes what is older from the conversations, and from their summaries.

    If a crash ends it, the next run finds the summaries that show removed messages.
    """
    of_page = {"conversation_id": {"$in": [fields["_id"] for fields in conversations]}}
    old = {**of_page, "timestamp": {"$lt": before}}
    # A message that has not left is never removed by age.
    settled = {"account_id": account_id, **old, "outbox_state": {"$nin": ACTIVE_STATES}}
    await _remove_messages(run, account_id, settled)
    for document_class, kind in _RECORDS:
        while ids := await _list_ids(document_class, old):
            async with run.removing(account_id) as counts:
                deleted = await collection(document_class).delete_many({"_id": {"$in": ids}})
                counts[kind] += deleted.deleted_count
    await _correct_summaries(conversations, before)


async def _remove_messages(
    run: RetentionRun, account_id: PydanticObjectId, settled: Mapping[str, Any]
) -> None:
    projection = dict.fromkeys((*REMOVED_FIELDS, "conversation_id", "unread"), 1)
    while True:
        cursor = collection(Message).find(settled, projection).hint("history")
        batch = await cursor.limit(REMOVED_AT_ONCE).to_list()
        if not batch:
            return
        unread = {fields["conversation_id"] for fields in batch if fields.get("unread")}
        async with run.removing(account_id) as counts:
            messages, files = await remove_batch(
                account_id, batch, erased_at=run.now, unchanged=settled
            )
            counts[RemovedKind.MESSAGES] += messages
            counts[RemovedKind.FILES] += files
            if unread:
                # Changed after the messages, so that subscribers read the new unread count.
                await collection(Conversation).update_many(
                    {"_id": {"$in": list(unread)}},
                    {"$set": {"late_read_at": utc_now(), "updated_at": utc_now()}},
                )


async def _list_ids(document_class: type[Document], query: Mapping[str, Any]) -> list[Any]:
    cursor = collection(document_class).find(query, {"_id": 1}).hint("history")
    return [fields["_id"] for fields in await cursor.limit(REMOVED_AT_ONCE).to_list()]


async def _correct_summaries(conversations: Conversations, before: datetime) -> None:
    """Removes what is gone from the summaries; concurrent messages are added as usual."""
    shown = {
        fields["last_message_id"]: fields["_id"]
        for fields in conversations
        if fields.get("last_message_id") is not None and fields["last_message_at"] < before
    }
    if shown:
        existing = await collection(Message).distinct("_id", {"_id": {"$in": list(shown)}})
        gone = {key: shown[key] for key in shown.keys() - set(existing)}
        await _replace_last_messages(gone)
    waiting = [
        fields["_id"]
        for fields in conversations
        if any(at < before for at in fields.get("unanswered_at") or ())
    ]
    if waiting:
        await _shorten_waits(waiting, before)


async def _replace_last_messages(gone: Mapping[PydanticObjectId, PydanticObjectId]) -> None:
    """Sets the newest message that is left, in conversations by their removed last message."""
    if not gone:
        return
    left = {"conversation_id": {"$in": list(gone.values())}, **NO_OWN_REACTIONS}
    newest: dict[PydanticObjectId, tuple[datetime, PydanticObjectId]] = {}
    cursor = collection(Message).find(left, {"conversation_id": 1, "timestamp": 1})
    async for fields in cursor.hint("history"):
        key, place = fields["conversation_id"], (fields["timestamp"], fields["_id"])
        newest[key] = max(place, newest.get(key, place))
    updates = []
    for message_id, key in gone.items():
        at, last_id = newest.get(key, (None, None))
        changes = {"last_message_at": at, "last_message_id": last_id, "updated_at": utc_now()}
        updates.append(UpdateOne({"_id": key, "last_message_id": message_id}, {"$set": changes}))
    await collection(Conversation).bulk_write(updates, ordered=False)


async def _shorten_waits(conversation_ids: Sequence[PydanticObjectId], before: datetime) -> None:
    """Removes the times of removed messages from those that wait for an answer."""
    stored = {"$ifNull": ["$unanswered_at", []]}
    later = {"$filter": {"input": stored, "as": "at", "cond": {"$gte": ["$$at", before]}}}
    # Of more messages only some times were kept: the sweep reads the messages that are left.
    is_part = {"$gt": [{"$size": stored}, UNANSWERED_KEPT]}
    changes = {
        "unanswered_at": later,
        "answers_stale_at": {"$cond": [is_part, "$$NOW", "$answers_stale_at"]},
        "updated_at": "$$NOW",
    }
    await collection(Conversation).update_many(
        {"_id": {"$in": list(conversation_ids)}}, [{"$set": changes}]
    )
