"""Measurement of what workspaces store: sums over many documents, by one process, now and then.

Counters that every write would keep could drift; see docs/decisions/0064.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId

from models import (
    Account,
    Contact,
    Conversation,
    Media,
    MediaState,
    Message,
    UploadedMedia,
    Workspace,
    WorkspaceState,
    WorkspaceUsage,
)
from models.database.base import collection, match_workspace, to_bson, utc_now
from whatsapp.common.timeouts import Timeouts

# A workspace that has used this share of its stored bytes is measured at each run of the job.
NEARLY_FULL = 0.9
# Workspaces of a run, so that many of them are measured at different times.
MAX_MEASURED = 50
CONVERSATIONS_AT_ONCE = 1000


async def measure_due_workspaces(
    *, interval_seconds: float = Timeouts.usage_interval_seconds
) -> int:
    """Measures workspaces that are due, and forgets those that are gone. Returns their number."""
    kept = {"state": {"$ne": WorkspaceState.DELETING.value}}
    limits = {
        row["_id"]: (row.get("quotas") or {}).get("stored_bytes")
        async for row in collection(Workspace).find(kept, {"quotas.stored_bytes": 1})
    }
    usages = {
        row["_id"]: row
        async for row in collection(WorkspaceUsage).find({}, {"measured_at": 1, "stored_bytes": 1})
    }
    if gone := usages.keys() - limits.keys():
        await collection(WorkspaceUsage).delete_many({"_id": {"$in": list(gone)}})
    now = utc_now()
    before = now - timedelta(seconds=interval_seconds)
    due = [key for key, limit in limits.items() if _is_due(usages.get(key), limit, before)]
    due.sort(key=lambda key: (key in usages, usages[key]["measured_at"] if key in usages else now))
    for workspace_id in due[:MAX_MEASURED]:
        await measure_workspace(PydanticObjectId(workspace_id))
    return min(len(due), MAX_MEASURED)


def _is_due(usage: Mapping[str, Any] | None, limit: int | None, before: datetime) -> bool:
    if usage is None or usage["measured_at"] <= before:
        return True
    return limit is not None and usage["stored_bytes"] >= limit * NEARLY_FULL


async def measure_workspace(workspace_id: PydanticObjectId) -> WorkspaceUsage:
    """Measures the workspace account by account, and stores the result."""
    usage = WorkspaceUsage(
        id=workspace_id,
        workspace_id=workspace_id,
        contacts=0,
        messages=0,
        files=0,
        stored_bytes=0,
        measured_at=utc_now(),
    )
    accounts = collection(Account).find(match_workspace(workspace_id), {"_id": 1})
    async for account in accounts:
        of_account = {"account_id": account["_id"]}
        usage.contacts += await collection(Contact).count_documents(of_account, hint="newest")
        usage.messages += await _count_messages(of_account)
        await _add_files(usage, of_account)
    await collection(WorkspaceUsage).replace_one({"_id": workspace_id}, to_bson(usage), upsert=True)
    return usage


async def _count_messages(of_account: Mapping[str, Any]) -> int:
    """Counts in the index of histories, which begins with the conversation."""
    total, batch = 0, list[Any]()
    async for conversation in collection(Conversation).find(of_account, {"_id": 1}):
        batch.append(conversation["_id"])
        if len(batch) == CONVERSATIONS_AT_ONCE:
            total += await _count_histories(batch)
            batch.clear()
    return total + (await _count_histories(batch) if batch else 0)


async def _count_histories(conversation_ids: list[Any]) -> int:
    query = {"conversation_id": {"$in": conversation_ids}}
    return await collection(Message).count_documents(query, hint="history")


async def _add_files(usage: WorkspaceUsage, of_account: Mapping[str, Any]) -> None:
    # The bytes of a sent file belong to its upload, which several messages may share.
    received = {**of_account, "state": MediaState.STORED.value, "upload_id": None}
    for document_class, query in ((Media, received), (UploadedMedia, of_account)):
        stages: list[dict[str, Any]] = [
            {"$match": query},
            {"$group": {"_id": None, "files": {"$sum": 1}, "bytes": {"$sum": "$size_bytes"}}},
        ]
        cursor = await collection(document_class).aggregate(stages, hint="account")
        async for row in cursor:
            usage.files += row["files"]
            usage.stored_bytes += row["bytes"]
