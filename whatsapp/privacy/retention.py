"""Retention rules of workspaces, applied by one process of the deployment.

Everything removed by age is found again by the next run if a crash ends this one, so a run keeps no
position. A run ends early if the rules change; the next one begins with the new rules.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Account, Retention, Workspace, WorkspaceState
from models.database.base import collection, from_bson, match_workspace, utc_now
from telemetry.log_lines import describe_bug
from whatsapp.auth.audit import AuditTrail
from whatsapp.common.raw_bodies import shorten_bodies
from whatsapp.common.timeouts import Timeouts
from whatsapp.privacy.closed_conversations import remove_closed_conversations
from whatsapp.privacy.old_messages import remove_old_messages
from whatsapp.privacy.old_records import (
    end_audit_entries,
    remove_old_copies,
    remove_old_files,
    remove_unknown_items,
)
from whatsapp.privacy.retention_run import RetentionRun, RulesChanged

logger = logging.getLogger(__name__)


class RetentionRules:
    """Applies the rules of workspaces that are due."""

    def __init__(
        self,
        audit: AuditTrail,
        *,
        timeouts: Timeouts = Timeouts(),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._audit = audit
        self._interval = timedelta(seconds=timeouts.retention_interval_seconds)
        self._spread = timedelta(seconds=timeouts.retention_spread_seconds)
        self._clock = clock

    async def apply_due(self) -> None:
        """Applies the rules of each due workspace once; the failed ones stay due."""
        tried: list[PydanticObjectId] = []
        while (fields := await self._find_due(tried)) is not None:
            tried.append(fields["_id"])
            try:
                await self._apply(fields)
            except PyMongoError:
                raise
            except Exception as error:  # noqa: BLE001 - a bug with one must not delay the others
                logger.error("Retention rules failed: %s", describe_bug(error))

    async def _find_due(self, tried: list[PydanticObjectId]) -> dict[str, Any] | None:
        due: dict[str, Any] = {
            "retention_due_at": {"$type": "date", "$lte": self._clock()},
            "_id": {"$nin": tried},
            "state": {"$ne": WorkspaceState.DELETING.value},
        }
        fields: dict[str, Any] | None = await collection(Workspace).find_one(
            due, sort=[("retention_due_at", 1)]
        )
        return fields

    async def _apply(self, fields: dict[str, Any]) -> None:
        workspace, now = from_bson(Workspace, fields), self._clock()
        run = RetentionRun(fields, workspace=workspace, audit=self._audit, now=now)
        try:
            await _apply_rules(run, workspace.retention)
        except RulesChanged:
            logger.info("Retention rules changed", extra={"workspace_id": workspace.id})
        else:
            await collection(Workspace).update_one(
                run.unchanged, {"$set": {"retention_due_at": self._find_next(workspace, now)}}
            )
        await run.finish()

    def _find_next(self, workspace: Workspace, now: datetime) -> datetime | None:
        """Returns when the rules are due again."""
        if has_rules(workspace.retention):
            return now + self._interval
        # Until then, processes may store bodies by the former rules.
        known_at = workspace.updated_at + self._spread
        return known_at if known_at > now else None


def has_rules(retention: Retention) -> bool:
    """Returns True if the rules remove anything by age."""
    return any(days is not None for days in retention.model_dump().values())


async def _apply_rules(run: RetentionRun, rules: Retention) -> None:
    of_workspace = {**match_workspace(run.workspace.id), "deleted_at": None}
    accounts = await collection(Account).distinct("_id", of_workspace)
    closed_before = run.get_limit(rules.closed_conversations_days)
    messages_before = run.get_limit(rules.messages_days)
    files_before = run.get_limit(rules.media_days)
    for account_id in accounts:
        if closed_before is not None:
            await remove_closed_conversations(run, account_id, closed_before)
        if messages_before is not None:
            await remove_old_messages(run, account_id, messages_before)
            await remove_old_copies(run, account_id, messages_before)
        if files_before is not None:
            await remove_old_files(run, account_id, files_before)
    if messages_before is not None:
        await remove_unknown_items(run, messages_before)
    async with run.pausing():
        await shorten_bodies(run.workspace.id, rules.raw_bodies_days)
    if rules.audit_days is not None:
        await end_audit_entries(run, rules.audit_days)
