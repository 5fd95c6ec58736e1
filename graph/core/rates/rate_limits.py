"""Rate limits by cost, for credentials, workspaces and client addresses."""

import time
from collections.abc import Callable, Hashable
from typing import NamedTuple

from beanie import PydanticObjectId

from graph.core.rates.buckets import Budget, TokenBuckets, WorkspaceBuckets, check_wait
from graph.core.rates.sign_ins import SignIns, group_address
from graph.core.rates.sockets import OpenSockets
from whatsapp.auth.access import Viewer
from whatsapp.settings import Settings
from whatsapp.workspaces.quotas import WorkspaceQuotas

# Cost of a refused document in addition to its text, because it was validated.
REFUSED_COST = 20
# A response above FREE_BYTES costs 1 per BYTES_PER_OBJECT: it is in memory until it is sent.
FREE_BYTES = 64 * 1024
BYTES_PER_OBJECT = 1024
# Part of a minute's quota that a workspace may use at once. It is small, because other workspaces
# wait meanwhile.
WORKSPACE_BURST = 1 / 15


class WorkspaceLoad(NamedTuple):
    """Use by a workspace in this process; None without a quota."""

    operation_cost: int | None
    uploads: int | None
    sockets: int


class RateLimits:
    """All rate limits of the process."""

    def __init__(
        self,
        settings: Settings,
        quotas: WorkspaceQuotas,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        anonymous_rate = settings.anonymous_rate_limit_per_minute
        self._viewers = TokenBuckets(
            per_minute=settings.rate_limit_per_minute, burst=settings.rate_limit_burst, now=now
        )
        self._anonymous = TokenBuckets(per_minute=anonymous_rate, burst=anonymous_rate / 2, now=now)
        self._workspaces = WorkspaceBuckets(
            lambda workspace_id: quotas.get(workspace_id).operation_cost_per_minute,
            burst=WORKSPACE_BURST,
            now=now,
        )
        self._uploads = WorkspaceBuckets(
            lambda workspace_id: quotas.get(workspace_id).uploads_per_minute, burst=1, now=now
        )
        self.sign_ins = SignIns(failures_per_minute=settings.failed_sign_ins_per_minute, now=now)
        self.sockets = OpenSockets(quotas, per_credential=settings.sockets_per_credential)

    def check(self, viewer: Viewer | None, address: str) -> None:
        """Refuses a caller with an empty bucket, before the operation is parsed.

        Raises:
            RateLimited
        """
        for buckets, caller in self._find_buckets(viewer, address):
            check_wait(buckets.find_wait(caller, 1))

    def charge(self, viewer: Viewer | None, address: str, cost: int) -> None:
        """Takes the cost of an operation before it runs.

        Raises:
            RateLimited: a bucket has less; nothing is taken.
        """
        found = self._find_buckets(viewer, address)
        for buckets, caller in found:
            check_wait(buckets.find_wait(caller, cost))
        for buckets, caller in found:
            buckets.take(caller, cost)

    def charge_refused(self, viewer: Viewer | None, address: str) -> None:
        """Takes the cost of a refused document."""
        for buckets, caller in self._find_buckets(viewer, address):
            buckets.take(caller, REFUSED_COST)

    def charge_bytes(self, viewer: Viewer | None, address: str, size: int) -> None:
        """Takes the extra cost of a long response; the level may become negative."""
        if size > FREE_BYTES:
            for buckets, caller in self._find_buckets(viewer, address):
                buckets.take(caller, size // BYTES_PER_OBJECT)

    def describe(self, viewer: Viewer | None, address: str) -> Budget | None:
        """Returns the caller's budget in this process, or None if there is no limit.

        It is that of the credential or that of its workspace, whichever has less.
        """
        budgets = [
            buckets.describe(caller) for buckets, caller in self._find_buckets(viewer, address)
        ]
        limited = [budget for budget in budgets if budget is not None]
        return min(limited, key=lambda budget: budget.remaining, default=None)

    def charge_upload(self, workspace_id: PydanticObjectId) -> None:
        """Counts an upload request.

        Raises:
            RateLimited: the workspace has used up its uploads of the minute.
        """
        buckets = self._uploads.find(workspace_id)
        if buckets is not None:
            check_wait(buckets.find_wait(workspace_id, 1))
            buckets.take(workspace_id, 1)

    def read_usage(self, workspace_id: PydanticObjectId) -> "WorkspaceLoad":
        """Returns what the workspace uses in this process."""
        return WorkspaceLoad(
            operation_cost=_read_used(self._workspaces, workspace_id),
            uploads=_read_used(self._uploads, workspace_id),
            sockets=self.sockets.count(workspace_id),
        )

    def _find_buckets(
        self, viewer: Viewer | None, address: str
    ) -> list[tuple[TokenBuckets, Hashable]]:
        if viewer is None:
            return [(self._anonymous, group_address(address))]
        found: list[tuple[TokenBuckets, Hashable]] = [(self._viewers, viewer.key)]
        workspace = self._workspaces.find(viewer.workspace_id)
        if workspace is not None:
            found.append((workspace, viewer.workspace_id))
        return found


def _read_used(buckets: WorkspaceBuckets, workspace_id: PydanticObjectId) -> int | None:
    found = buckets.find(workspace_id)
    budget = found.describe(workspace_id) if found is not None else None
    return budget.used if budget is not None else None
