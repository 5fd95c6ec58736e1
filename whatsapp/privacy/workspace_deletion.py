"""Deletion of workspaces: refused at once, then removed with their accounts and all else."""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from beanie import Document, PydanticObjectId
from pymongo.errors import PyMongoError

from models import (
    DOCUMENTS,
    Account,
    AuditAction,
    AuditEntry,
    ContactExport,
    Workspace,
    WorkspaceState,
)
from models.database.base import (
    DEFAULT_WORKSPACE_ID,
    NO_WORKSPACE_ID,
    WORKSPACE_FIELD,
    InWorkspace,
    collection,
    from_bson,
    utc_now,
)
from models.database.bulk_writes import delete_in_batches
from telemetry.log_lines import describe_bug
from whatsapp.common.raw_bodies import shorten_bodies
from whatsapp.common.timeouts import Timeouts
from whatsapp.exports.exports import delete_exports
from whatsapp.privacy.account_deletion import SETTLING, hide_account
from whatsapp.privacy.erasure_log import ErasureLog, ErasureLogUnavailable
from whatsapp.workspaces.suspension import mark_accounts, refuse_default
from whatsapp.workspaces.workspaces import get_workspace

logger = logging.getLogger(__name__)


def _begins_with_workspace(document_class: type[Document]) -> bool:
    indexes = document_class.Settings.indexes
    return any(next(iter(index.document["key"])) == WORKSPACE_FIELD for index in indexes)


# The rest belongs to accounts, whose deletion removes it. Documents of exports stay until their
# files are removed from the store.
OF_WORKSPACE = [
    document_class
    for document_class in DOCUMENTS
    if issubclass(document_class, InWorkspace)
    and document_class not in (Account, ContactExport)
    and _begins_with_workspace(document_class)
]


async def delete_workspace(
    workspace: Workspace, log: ErasureLog, *, wait_seconds: float = Timeouts.account_removal_seconds
) -> Workspace:
    """Deletes a workspace for good, with its accounts and all data. Repeating it is harmless.

    The first write refuses its credentials, the second holds its sends. Its accounts are hidden
    within `wait_seconds`, or by `finish_workspace_deletions`, which removes what is left.

    Raises:
        InvalidInput: it is the default workspace.
        ErasureLogUnavailable: `finish_workspace_deletions` continues the deletion.
    """
    refuse_default(workspace, "deleted")
    await collection(Workspace).update_one(
        {"_id": workspace.id, "state": {"$ne": WorkspaceState.DELETING.value}},
        [
            {
                "$set": {
                    "state": WorkspaceState.DELETING.value,
                    "deleted_at": "$$NOW",
                    "suspended_at": {"$ifNull": ["$suspended_at", "$$NOW"]},
                    "updated_at": "$$NOW",
                }
            }
        ],
    )
    await mark_accounts(workspace.id)
    await log.record_workspace(workspace.id)
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_seconds):
            await _hide_accounts(workspace.id, log)
    return await get_workspace(workspace.id)


async def delete_workspaces_again(
    workspace_ids: Collection[PydanticObjectId], log: ErasureLog
) -> None:
    """Deletes the workspaces that exist again after a restore."""
    existing = {"_id": {"$in": list(workspace_ids)}, "state": {"$ne": WorkspaceState.DELETING}}
    for workspace in await Workspace.find(existing).to_list():
        await delete_workspace(workspace, log)


async def finish_workspace_deletions(log: ErasureLog) -> None:
    """Continues the deletions of workspaces, and removes those of which nothing is left.

    One that fails holds up no other.
    """
    deleting = {"state": WorkspaceState.DELETING.value, "_id": {"$ne": DEFAULT_WORKSPACE_ID}}
    for fields in await collection(Workspace).find(deleting).sort("_id").to_list():
        try:
            await _continue_deletion(from_bson(Workspace, fields), log)
        except (PyMongoError, ErasureLogUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - a bug, or a document of a later version
            logger.error("The deletion of a workspace failed: %s", describe_bug(error))


async def _continue_deletion(workspace: Workspace, log: ErasureLog) -> None:
    # The process that began may have been killed after its first write.
    await mark_accounts(workspace.id)
    await log.record_workspace(workspace.id)
    await _hide_accounts(workspace.id, log)
    # Bodies without customers, which the deletion of an account does not find.
    await shorten_bodies(workspace.id, 0)
    of_workspace = {WORKSPACE_FIELD: workspace.id}
    if await collection(Account).find_one(of_workspace, {"_id": 1}) is not None:
        return
    # Requests that were accepted before the deletion have ended after this time.
    if workspace.deleted_at is None or workspace.deleted_at > utc_now() - SETTLING:
        return
    await delete_exports(of_workspace)
    for document_class in OF_WORKSPACE:
        await delete_in_batches(document_class, of_workspace)
    await _remove_entries_of_operators(workspace.id)
    await collection(Workspace).delete_one({"_id": workspace.id})
    logger.info("The workspace is removed", extra={"workspace_id": workspace.id})


async def _hide_accounts(workspace_id: PydanticObjectId, log: ErasureLog) -> None:
    kept: dict[str, Any] = {WORKSPACE_FIELD: workspace_id, "deleted_at": None}
    async for fields in collection(Account).find(kept, {"_id": 1}):
        await hide_account(fields["_id"], log)


async def _remove_entries_of_operators(workspace_id: PydanticObjectId) -> None:
    """Leaves only the entry of the deletion, which names the operator."""
    about_workspace = {
        WORKSPACE_FIELD: NO_WORKSPACE_ID,
        "targets.id": str(workspace_id),
        "action": {"$ne": AuditAction.WORKSPACE_DELETED.value},
    }
    await delete_in_batches(AuditEntry, about_workspace)
