"""Raw bodies of webhooks: emptied by age, while their hashes recognise repetitions."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId

from models import EventState, WebhookEvent, Workspace
from models.database.base import collection, utc_now
from models.database.bulk_writes import update_in_batches
from models.webhooks.webhook_event import BODY_KEPT
from whatsapp.common.people import NOBODY
from whatsapp.common.timeouts import Timeouts

EMPTIED: dict[str, Any] = {
    "$set": {"body": b"", "people": [NOBODY]},
    "$unset": {"body_until": "", "kept_for": ""},
}


@dataclass(frozen=True)
class BodyRetention:
    """How long a processed body is kept."""

    kept: timedelta = BODY_KEPT
    kept_for: PydanticObjectId | None = None
    """The workspace whose rule keeps it for longer than BODY_KEPT."""


class BodyRules:
    """The rules of workspaces for raw bodies, read again after some seconds."""

    def __init__(self, *, seconds: float = Timeouts.raw_body_rules_seconds) -> None:
        self._seconds = seconds
        self._read_at: float | None = None
        self._days: Mapping[PydanticObjectId, int] = {}

    async def find(self, workspace_ids: Collection[PydanticObjectId | None]) -> BodyRetention:
        """Returns the shortest rule of the workspaces in a body; None stands for unknown ones.

        A body is kept for longer than BODY_KEPT only if it holds nothing of others.
        """
        await self._refresh()
        kept = min((self._get(each) for each in workspace_ids), default=BODY_KEPT)
        if kept <= BODY_KEPT:
            return BodyRetention(kept)
        [only, *others] = workspace_ids
        return BodyRetention() if others else BodyRetention(kept, kept_for=only)

    def _get(self, workspace_id: PydanticObjectId | None) -> timedelta:
        days = None if workspace_id is None else self._days.get(workspace_id)
        return BODY_KEPT if days is None else timedelta(days=days)

    async def _refresh(self) -> None:
        now = time.monotonic()
        if self._read_at is not None and now < self._read_at + self._seconds:
            return
        ruled = {"retention.raw_bodies_days": {"$type": "int"}}
        workspaces = collection(Workspace).find(ruled, {"retention.raw_bodies_days": 1})
        self._days = {
            fields["_id"]: fields["retention"]["raw_bodies_days"] async for fields in workspaces
        }
        self._read_at = now


async def empty_old_bodies() -> int:
    """Empties the processed bodies that have reached their age. Returns their number."""
    old = {"state": EventState.PROCESSED.value, "body_until": {"$type": "date", "$lte": utc_now()}}
    return await update_in_batches(WebhookEvent, old, EMPTIED)


async def shorten_bodies(workspace_id: PydanticObjectId, days: int | None) -> int:
    """Applies a shorter rule to bodies that are kept for this workspace. Returns their number."""
    kept = BODY_KEPT if days is None else timedelta(days=days)
    end = {"$add": ["$processed_at", kept // timedelta(milliseconds=1)]}
    longer = {"kept_for": workspace_id, "$expr": {"$gt": ["$body_until", end]}}
    return await update_in_batches(WebhookEvent, longer, [{"$set": {"body_until": end}}])
