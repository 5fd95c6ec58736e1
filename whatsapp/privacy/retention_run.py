"""A run of a workspace's retention rules: its pauses, its audit entry and its end."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId

from models import (
    AuditAction,
    AuditActor,
    AuditEntry,
    AuditOutcome,
    AuditTarget,
    CredentialKind,
    Workspace,
    WorkspaceState,
)
from models.database.base import collection
from whatsapp.auth.audit import AuditedAction, AuditTrail

# Leaves three quarters of the time that a run needs to other work of the database.
PAUSES = 3
ACTOR = AuditActor(kind=CredentialKind.SERVER, id="retention", name="Retention rules")


class RulesChanged(Exception):
    """The rules were changed, or the workspace is being deleted: nothing more may be removed."""


class RetentionRun:
    """Removes in batches: each may begin only while the rules are the same, and is counted."""

    def __init__(
        self, fields: Mapping[str, Any], *, workspace: Workspace, audit: AuditTrail, now: datetime
    ) -> None:
        """`fields` are the stored fields of the workspace."""
        self.workspace = workspace
        self.now = now
        self.unchanged = {
            "_id": workspace.id,
            "retention": fields.get("retention"),
            "state": {"$ne": WorkspaceState.DELETING.value},
        }
        """The query for the workspace as long as the run may continue."""
        self._audit = audit
        self._entry: AuditEntry | None = None

    def get_limit(self, days: int | None) -> datetime | None:
        """Returns the time before which data is removed, or None to keep all."""
        return None if days is None else self.now - timedelta(days=days)

    @asynccontextmanager
    async def removing(self, account_id: PydanticObjectId | None) -> AsyncIterator[Counter[str]]:
        """Checks the rules, counts what the block removes from the account, and pauses.

        Raises:
            RulesChanged: the block is not executed.
        """
        async with self.pausing():
            if self._entry is None:
                self._entry = await self._begin()
            counts: Counter[str] = Counter()
            yield counts
            await self._audit.count(self._entry, counts, account_id=account_id)

    @asynccontextmanager
    async def pausing(self) -> AsyncIterator[None]:
        """Checks the rules, and pauses after the block, so that other work is not delayed.

        Raises:
            RulesChanged: the block is not executed.
        """
        began = time.monotonic()
        if await collection(Workspace).find_one(self.unchanged, {"_id": 1}) is None:
            raise RulesChanged
        yield
        await asyncio.sleep((time.monotonic() - began) * PAUSES)

    async def finish(self) -> None:
        """Completes the audit entry, if anything was removed."""
        if self._entry is not None:
            await self._audit.finish(self._entry, AuditOutcome.DONE)

    async def _begin(self) -> AuditEntry:
        return await self._audit.begin(
            AuditedAction(
                action=AuditAction.RETENTION_APPLIED,
                actor=ACTOR,
                workspace_id=self.workspace.id,
                targets=[AuditTarget(type="Workspace", id=str(self.workspace.id))],
            )
        )
