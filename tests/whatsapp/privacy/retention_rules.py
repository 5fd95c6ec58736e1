"""Applies retention rules at a later time, as a job with its own clock does."""

from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId

from models import AuditEntry, Retention, Workspace, WorkspaceState, make_default_workspace
from models.database.base import DEFAULT_WORKSPACE_ID, collection, to_bson, utc_now
from whatsapp.auth.audit import AuditTrail
from whatsapp.privacy.retention import RetentionRules

OTHER_WORKSPACE_ID = PydanticObjectId(b"other".ljust(12, b"\0"))
# Older than every message of a test.
LATER = timedelta(days=400)
AUDIT = AuditTrail(days=3650)


async def set_rules(
    workspace_id: PydanticObjectId = DEFAULT_WORKSPACE_ID,
    *,
    later: timedelta = LATER,
    state: WorkspaceState = WorkspaceState.ACTIVE,
    **rules: Any,
) -> None:
    """Stores the rules; due at the later time, so the job of the running server leaves them."""
    workspace = make_default_workspace()
    if workspace_id != DEFAULT_WORKSPACE_ID:
        workspace.id, workspace.name, workspace.name_key = workspace_id, "other", "other"
        workspace.uses_default_app_secret = False
    workspace.state = state
    workspace.retention = Retention(**rules)
    workspace.retention_due_at = utc_now() + later
    fields = to_bson(workspace)
    await collection(Workspace).replace_one({"_id": workspace_id}, fields, upsert=True)


def make_job(later: timedelta = LATER) -> RetentionRules:
    def read_clock() -> datetime:
        return utc_now() + later + timedelta(minutes=1)

    return RetentionRules(AUDIT, clock=read_clock)


async def apply_rules(
    workspace_id: PydanticObjectId = DEFAULT_WORKSPACE_ID,
    *,
    later: timedelta = LATER,
    **rules: Any,
) -> list[AuditEntry]:
    """Applies the rules `later` from now; returns the entries of all runs, the newest last."""
    await set_rules(workspace_id, later=later, **rules)
    await make_job(later).apply_due()
    return await list_runs()


async def list_runs() -> list[AuditEntry]:
    return await AuditEntry.find({"action": "RETENTION_APPLIED"}).sort("_id").to_list()
