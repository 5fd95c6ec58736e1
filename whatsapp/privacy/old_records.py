"""Removal of old files, and of copies of messages outside of conversations."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from beanie import Document, PydanticObjectId
from pymongo import ASCENDING

from models import (
    AccountEvent,
    AuditEntry,
    Media,
    MediaState,
    Message,
    ParkedItem,
    PendingUpdate,
    RemovedKind,
)
from models.database.base import collection, match_workspace
from models.database.bulk_writes import update_in_batches
from models.messages.outbox_state import IS_ACTIVE
from whatsapp.common.people import NOBODY
from whatsapp.media.media import mark_erased
from whatsapp.privacy.retention_run import RetentionRun

FILES_AT_ONCE = 200
# Each may have megabytes.
RECORDS_AT_ONCE = 100


async def remove_old_files(
    run: RetentionRun, account_id: PydanticObjectId, before: datetime
) -> None:
    """Removes files stored before this time; their messages stay."""
    async for ids in _list_files(account_id, before):
        # A message that has not left needs its file.
        active = await collection(Message).distinct("_id", {"_id": {"$in": ids}, **IS_ACTIVE})
        settled = [key for key in ids if key not in active]
        if not settled:
            continue
        files = {"_id": {"$in": settled}}
        async with run.removing(account_id) as counts:
            # First, since a marked file is not found again after a crash.
            await collection(Message).update_many(
                {**files, "media_state": {"$ne": None}},
                {"$set": {"media_state": MediaState.EXPIRED.value}},
            )
            counts[RemovedKind.FILES] += await mark_erased(files)


async def _list_files(
    account_id: PydanticObjectId, before: datetime
) -> AsyncIterator[list[PydanticObjectId]]:
    """Yields files in pages by their age, so that none is read twice, also if it stays."""
    query: dict[str, Any] = {
        "account_id": account_id,
        "created_at": {"$lt": before},
        "erased_at": None,
    }
    of_last_time: list[PydanticObjectId] = []
    while True:
        cursor = collection(Media).find(query, {"created_at": 1}).sort("created_at", ASCENDING)
        page = await cursor.limit(FILES_AT_ONCE).to_list()
        if page:
            yield [fields["_id"] for fields in page]
        if len(page) < FILES_AT_ONCE:
            return
        last_at = page[-1]["created_at"]
        if query["created_at"].get("$gte") != last_at:
            of_last_time.clear()
        of_last_time += [fields["_id"] for fields in page if fields["created_at"] == last_at]
        query["created_at"] = {"$gte": last_at, "$lt": before}
        query["_id"] = {"$nin": of_last_time}


async def remove_old_copies(
    run: RetentionRun, account_id: PydanticObjectId, before: datetime
) -> None:
    """Removes what earlier webhooks reported about customers, and is not in a conversation."""
    of_account = {"account_id": account_id}
    stored_before = {"created_at": {"$lt": before}}
    # Other events, such as those of a number's quality, have no data of customers.
    names_customers = {"people": {"$nin": [NOBODY, None]}}
    events = {**of_account, "at": {"$lt": before}, **names_customers}
    await _remove(run, account_id, AccountEvent, events, RemovedKind.ACCOUNT_EVENTS)
    await _remove(
        run, account_id, ParkedItem, {**of_account, **stored_before}, RemovedKind.PARKED_ITEMS
    )
    pending = {**of_account, **stored_before}
    await _remove(run, account_id, PendingUpdate, pending, RemovedKind.PENDING_UPDATES)


async def remove_unknown_items(run: RetentionRun, before: datetime) -> None:
    """Removes the workspace's old dead letters of numbers that are not connected."""
    unknown = {**match_workspace(run.workspace.id), "account_id": None}
    old = {**unknown, "created_at": {"$lt": before}}
    await _remove(run, None, ParkedItem, old, RemovedKind.PARKED_ITEMS)


async def _remove(
    run: RetentionRun,
    account_id: PydanticObjectId | None,
    document_class: type[Document],
    query: Mapping[str, Any],
    kind: RemovedKind,
) -> None:
    while True:
        cursor = collection(document_class).find(query, {"_id": 1}).limit(RECORDS_AT_ONCE)
        ids = [fields["_id"] for fields in await cursor.to_list()]
        if not ids:
            return
        async with run.removing(account_id) as counts:
            deleted = await collection(document_class).delete_many({"_id": {"$in": ids}})
            counts[kind] += deleted.deleted_count


async def end_audit_entries(run: RetentionRun, days: int) -> None:
    """Lets MongoDB remove the entries of this age; an entry's own end is never put off."""
    end = {"$add": ["$created_at", timedelta(days=days) // timedelta(milliseconds=1)]}
    old = {
        **match_workspace(run.workspace.id),
        "created_at": {"$lt": run.now - timedelta(days=days)},
        "$expr": {"$gt": ["$expires_at", end]},
    }
    async with run.pausing():
        await update_in_batches(AuditEntry, old, [{"$set": {"expires_at": end}}])
