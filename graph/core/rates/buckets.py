"""Token buckets of callers and of workspaces.

Buckets are kept per process, so N processes allow N times as much.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import NamedTuple

from beanie import PydanticObjectId

from graph.core.errors import RateLimited
from models.database.base import utc_now

# Above this number, the least recently used bucket is evicted.
MAX_BUCKETS = 10_000


class TokenBuckets:
    """One bucket per caller, initially full, refilled at a constant rate."""

    def __init__(
        self, *, per_minute: float, burst: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._now = now
        # Level and the time of that level.
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    @property
    def is_limited(self) -> bool:
        return self._per_second > 0

    def read_level(self, caller: Hashable) -> float:
        level, at = self._buckets.get(caller, (self._burst, self._now()))
        return min(self._burst, level + (self._now() - at) * self._per_second)

    def find_wait(self, caller: Hashable, amount: float) -> int:
        """Returns the seconds until the caller may take this amount; 0 means now."""
        if not self.is_limited:
            return 0
        # A full bucket is enough for any amount; otherwise large amounts would never pass.
        missing = min(amount, self._burst) - self.read_level(caller)
        return math.ceil(missing / self._per_second) if missing > 0 else 0

    def describe(self, caller: Hashable) -> "Budget | None":
        """Returns the budget of a caller, or None if there is no limit."""
        if not self.is_limited:
            return None
        level = math.floor(self.read_level(caller))
        used = math.ceil(self._burst) - level
        reset_at = utc_now() + timedelta(seconds=used / self._per_second)
        return Budget(used, max(0, level), self._per_second, reset_at)

    def take(self, caller: Hashable, amount: float) -> None:
        """Takes the amount; the level may become negative."""
        if not self.is_limited:
            return
        self._buckets[caller] = (self.read_level(caller) - amount, self._now())
        self._buckets.move_to_end(caller)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)


class WorkspaceBuckets:
    """A bucket for each workspace with a quota, at the rate of its quota."""

    def __init__(
        self,
        get_limit: Callable[[PydanticObjectId], int | None],
        *,
        burst: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`get_limit` returns the quota of a minute; the part `burst` may be used at once."""
        self._get_limit = get_limit
        self._burst = burst
        self._now = now
        self._buckets: dict[PydanticObjectId, tuple[int, TokenBuckets]] = {}

    def find(self, workspace_id: PydanticObjectId) -> TokenBuckets | None:
        """Returns the bucket, whose caller is the workspace's id, or None if it has no quota."""
        limit = self._get_limit(workspace_id)
        if limit is None:
            self._buckets.pop(workspace_id, None)
            return None
        known = self._buckets.get(workspace_id)
        if known is None or known[0] != limit:
            burst = max(limit * self._burst, 1)
            buckets = TokenBuckets(per_minute=limit, burst=burst, now=self._now)
            known = self._buckets[workspace_id] = (limit, buckets)
        return known[1]


class Budget(NamedTuple):
    """Cost that a caller has spent and may still spend at once."""

    used: int
    """Grows with each operation, and returns to 0 at `reset_at`."""
    remaining: int
    per_second: float
    """Cost that is restored each second."""
    reset_at: datetime
    """When everything is available again, if nothing more is spent."""


def check_wait(wait_seconds: int) -> None:
    """Raises RateLimited if there is something to wait for."""
    if wait_seconds:
        raise RateLimited(wait_seconds)
