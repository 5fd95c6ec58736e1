"""The audit log of commands."""

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from beanie import PydanticObjectId

from models import AuditAction, AuditActor, AuditOutcome, AuditTarget, CredentialKind
from models.database.base import DEFAULT_WORKSPACE_ID
from whatsapp.auth.audit import AuditedAction, AuditTrail
from whatsapp.settings import Settings


@asynccontextmanager
async def audited(
    settings: Settings,
    action: AuditAction,
    *,
    workspace_id: PydanticObjectId = DEFAULT_WORKSPACE_ID,
    accounts: list[PydanticObjectId] | None = None,
) -> AsyncIterator[list[AuditTarget]]:
    """Records an action in the audit log of a workspace; yields the list of its targets.

    Actions on the whole instance are in the log of the default workspace.
    """
    trail = AuditTrail(days=settings.audit_days)
    operator = find_operator()
    actor = AuditActor(kind=CredentialKind.OPERATOR, id=operator, name=operator)
    entry = await trail.begin(AuditedAction(action, actor, workspace_id))
    targets: list[AuditTarget] = []
    try:
        yield targets
    except Exception:
        await trail.finish(entry, AuditOutcome.FAILED, targets=targets, account_ids=accounts)
        raise
    await trail.finish(entry, AuditOutcome.DONE, targets=targets, account_ids=accounts)


def find_operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # users in containers may have no name
        return "operator"
