"""Budgets: credentials and workspaces pay for the execution of their subscriptions' events.

A subscription passes the cost limit once and is then executed for each event, so these executions
are limited too. A credential that has used up its budget receives events as a slow peer does:
later, at the pace at which the budget is refilled, and without a gap.
"""

import asyncio
from collections.abc import Callable, Hashable
from weakref import WeakValueDictionary

from beanie import PydanticObjectId

from graph.core.rates.buckets import TokenBuckets, WorkspaceBuckets
from whatsapp.auth.access import Viewer
from whatsapp.settings import Settings
from whatsapp.workspaces.quotas import WorkspaceQuotas

# Part of a minute's budget that may be used at once.
BURST = 1 / 15
# A changed quota is noticed after this pause.
LONGEST_PAUSE_SECONDS = 5


class LiveBudgets:
    """The budgets of all credentials, and of workspaces with a quota, in one process."""

    def __init__(self, settings: Settings, quotas: WorkspaceQuotas) -> None:
        per_minute = settings.live_rate_limit_per_minute
        self._buckets = TokenBuckets(per_minute=per_minute, burst=per_minute * BURST)
        self._workspaces = WorkspaceBuckets(
            lambda workspace_id: quotas.get(workspace_id).event_cost_per_minute, burst=BURST
        )
        # The first subscription of a credential waits for the budget, further ones for its lock.
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    def take(self, credential: Hashable, cost: int) -> bool:
        """Takes a cost; returns False, taking nothing, if the credential's budget is too small."""
        return _take(self._buckets, credential, cost)

    def take_of_workspace(self, workspace_id: PydanticObjectId, cost: int) -> bool:
        """Takes a cost; returns False, taking nothing, if the workspace's budget is too small."""
        buckets = self._workspaces.find(workspace_id)
        return buckets is None or _take(buckets, workspace_id, cost)

    async def wait_and_take(self, viewer: Viewer, cost: int) -> None:
        """Takes a cost as soon as the budgets of the credential and its workspace suffice."""
        await self._wait(lambda: self._buckets, viewer.key, cost)
        workspace_id = viewer.workspace_id
        await self._wait(lambda: self._workspaces.find(workspace_id), workspace_id, cost)

    def read_used(self, workspace_id: PydanticObjectId) -> int | None:
        """Returns the used part of the workspace's budget, or None if it has no quota."""
        buckets = self._workspaces.find(workspace_id)
        budget = buckets.describe(workspace_id) if buckets is not None else None
        return budget.used if budget is not None else None

    async def _wait(
        self, find_buckets: Callable[[], TokenBuckets | None], holder: Hashable, cost: int
    ) -> None:
        buckets = find_buckets()
        if buckets is None or not buckets.is_limited:
            return
        lock = self._locks.setdefault(holder, asyncio.Lock())
        async with lock:
            # Found again after each pause: a quota may have changed.
            while (  # noqa: ASYNC110 - only time refills it
                buckets := find_buckets()
            ) and not _take(buckets, holder, cost):
                await asyncio.sleep(min(buckets.find_wait(holder, cost), LONGEST_PAUSE_SECONDS))


def _take(buckets: TokenBuckets, holder: Hashable, cost: int) -> bool:
    if buckets.find_wait(holder, cost):
        return False
    buckets.take(holder, cost)
    return True
