"""Suspension: a suspended workspace refuses requests and sends nothing.

Its accounts carry the time of the suspension, which the dispatcher and other senders check as they
check that an account is enabled.
"""

from datetime import datetime

from beanie import PydanticObjectId

from models import Account, Workspace, WorkspaceState
from models.database.base import DEFAULT_WORKSPACE_ID, collection, match_workspace, utc_now
from models.database.bulk_writes import update_in_batches
from whatsapp.errors import InvalidInput
from whatsapp.workspaces.workspaces import make_deleting_conflict


async def suspend_workspace(workspace: Workspace) -> Workspace:
    """Suspends the workspace. Repeating it is harmless.

    Raises:
        InvalidInput: it is the default workspace.
        Conflict: it is being deleted.
    """
    refuse_default(workspace, "suspended")
    return await _set_suspended(workspace, is_suspended=True)


async def resume_workspace(workspace: Workspace) -> Workspace:
    """Ends a suspension: queued messages leave. Repeating it is harmless.

    Raises:
        Conflict: the workspace is being deleted.
    """
    return await _set_suspended(workspace, is_suspended=False)


def refuse_default(workspace: Workspace, change: str) -> None:
    """Raises InvalidInput for the default workspace; `change` is for the message."""
    if workspace.id == DEFAULT_WORKSPACE_ID:
        raise InvalidInput(f"The workspace `default` can't be {change}.", field=["workspaceId"])


async def _set_suspended(workspace: Workspace, *, is_suspended: bool) -> Workspace:
    now = utc_now()
    before, after = WorkspaceState.ACTIVE, WorkspaceState.SUSPENDED
    if not is_suspended:
        before, after = after, before
    await collection(Workspace).update_one(
        {"_id": workspace.id, "state": before.value},
        {
            "$set": {
                "state": after.value,
                "suspended_at": now if is_suspended else None,
                "updated_at": now,
            }
        },
    )
    changed = await Workspace.get(workspace.id)
    if changed is None or changed.state is WorkspaceState.DELETING:
        raise make_deleting_conflict(workspace)
    await mark_accounts(workspace.id)
    return changed


async def settle_suspensions() -> None:
    """Marks the accounts of suspended workspaces, and of no others, after a crash."""
    marked = {"workspace_suspended_at": {"$type": "date"}}
    workspace_ids = set(await collection(Account).distinct("workspace_id", marked))
    suspended = {"state": WorkspaceState.SUSPENDED.value}
    workspace_ids.update(await collection(Workspace).distinct("_id", suspended))
    for workspace_id in workspace_ids:
        await mark_accounts(workspace_id)


async def mark_accounts(workspace_id: PydanticObjectId) -> None:
    """Gives the accounts the time of the suspension, or None.

    The last of several concurrent callers sees the last change of the workspace.
    """
    written = False
    suspended_at: datetime | None = None
    while True:
        workspace = await collection(Workspace).find_one({"_id": workspace_id}, {"suspended_at": 1})
        found_at = (workspace or {}).get("suspended_at")
        if workspace is None or (written and found_at == suspended_at):
            return
        suspended_at, written = found_at, True
        field = "workspace_suspended_at"
        others = match_workspace(workspace_id) | {field: {"$ne": suspended_at}, "deleted_at": None}
        await update_in_batches(Account, others, {"$set": {field: suspended_at}})
