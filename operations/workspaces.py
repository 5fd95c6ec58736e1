"""Workspaces from the command line."""

from models import Account, AuditAction, AuditTarget, Workspace
from models.database.base import NO_WORKSPACE_ID, match_workspace
from operations.auditing import audited
from operations.database import open_database
from whatsapp.errors import Refused
from whatsapp.settings import Settings
from whatsapp.workspaces import workspaces


async def create_workspace(settings: Settings, name: str) -> str:
    """Creates a workspace. Returns its id.

    Raises:
        SystemExit: the name is malformed or taken.
        DatabaseUnusable: see `open_database`.
    """
    async with open_database(settings):
        try:
            async with audited(
                settings, AuditAction.WORKSPACE_CREATED, workspace_id=NO_WORKSPACE_ID
            ) as targets:
                workspace = await workspaces.create_workspace(name)
                targets.append(AuditTarget(type="Workspace", id=str(workspace.id)))
        except Refused as refusal:
            raise SystemExit(refusal.message) from None
    return str(workspace.id)


async def describe_workspaces(settings: Settings) -> list[str]:
    """Returns a line for each workspace, oldest first.

    Raises:
        DatabaseUnusable: see `open_database`.
    """
    lines = []
    async with open_database(settings):
        async for workspace in Workspace.find_all(sort="created_at"):
            kept = match_workspace(workspace.id) | {"deleted_at": None}
            count = await Account.find(kept).count()
            lines.append(
                f"{workspace.id}  {workspace.state:10}{count:>4} accounts  {workspace.name}"
            )
    return lines


async def require_workspace(name: str) -> Workspace:
    """Returns the workspace with this name.

    Raises:
        SystemExit: there is none.
    """
    workspace = await workspaces.find_workspace_by_name(name)
    if workspace is None:
        raise SystemExit(f"Unknown workspace {name}; see `manage.py list-workspaces`.")
    return workspace
