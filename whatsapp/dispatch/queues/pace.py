"""Pace: the times at which an account may send, its pauses, and its circuit breaker.

Only the owner of an account sends for it, so all of this is in memory. What the next owner must
know is stored in the account's `Partition` when it changes. Times are monotonic.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId

from models import Account, Partition
from models.database.base import utc_now
from whatsapp.common.circuit_breaker import CircuitBreaker
from whatsapp.dispatch.queues.workspace_pace import WorkspacePace

# Meta counts arrivals within any second, and network latency varies.
SHARE_OF_RATE = 0.97
HIGH_THROUGHPUT = "HIGH"
HIGH_THROUGHPUT_FACTOR = 12.5  # Meta: 1,000 instead of 80 messages a second
# Sends that are late by no more than this make up for it.
CATCH_UP_SECONDS = 0.02
# A refusal lowers the rate by a fifth, which recovers within twelve seconds.
SLOWDOWN = 0.8
RECOVERY_SECONDS = 60.0
SLOWEST_RATE = 1.0
THROTTLE_PAUSE_SECONDS = 0.2
# Refusals within this time count as a single refusal.
SAME_EXCESS_SECONDS = 1.0


class Pace(CircuitBreaker):
    """A new owner begins without saved-up sends; the rate is messages per second."""

    def __init__(
        self,
        *,
        rate: float,
        probe_seconds: float,
        partition: Partition,
        find_workspace: Callable[[PydanticObjectId], WorkspacePace] | None = None,
    ) -> None:
        """`find_workspace` returns the pace of the account's workspace, which it also keeps."""
        super().__init__(probe_seconds=probe_seconds, failures=partition.failures)
        self._find_workspace = find_workspace
        self.workspace: WorkspacePace | None = None
        """None until the account is read."""
        now = time.monotonic()
        self.paused_until = _to_monotonic(partition.paused_until, now)
        self._base_rate = rate
        self._full_rate = rate
        self._free_at = now
        self._last_departure = 0.0
        self._reduced_rate = partition.reduced_rate
        self._reduced_at = _to_monotonic(partition.reduced_at, now)

    def next_slot(self) -> float:
        """Returns the time of the next send, which may have passed."""
        of_account = max(self._free_at, self.paused_until)
        return max(of_account, self.workspace.next_slot()) if self.workspace else of_account

    def take_slot(self) -> float:
        """Takes the next slot, and returns its time."""
        now = time.monotonic()
        slot = max(self.next_slot(), now - CATCH_UP_SECONDS)
        self._free_at = slot + 1 / self._compute_rate(now)
        if self.workspace is not None:
            self.workspace.take(slot)
        return slot

    def return_slot(self) -> None:
        """Returns the last slot, for which there was nothing to send."""
        self._free_at -= 1 / self._compute_rate(time.monotonic())
        if self.workspace is not None:
            self.workspace.return_slot()

    def compute_departure(self) -> float:
        """Returns when a request may begin: after a delay, several would else begin at once."""
        interval = 1 / self._full_rate
        self._last_departure = max(time.monotonic(), self._last_departure + interval)
        return self._last_departure

    def set_rate(self, account: Account) -> None:
        """Sets the rate that Meta accepts from this account, and that of its workspace."""
        if self._find_workspace is not None:
            self.workspace = self._find_workspace(account.workspace_id)
        is_high = account.health.throughput == HIGH_THROUGHPUT
        self._full_rate = self._base_rate * (HIGH_THROUGHPUT_FACTOR if is_high else 1)

    def slow_down(self, pause_seconds: float) -> None:
        """Lowers the rate after Meta refused a message for it."""
        now = time.monotonic()
        if self._reduced_rate is None or now - self._reduced_at > SAME_EXCESS_SECONDS:
            self._reduced_rate = max(self._compute_rate(now) * SLOWDOWN, SLOWEST_RATE)
            self._reduced_at = now
            self._free_at = max(self._free_at, now) + THROTTLE_PAUSE_SECONDS
        self.pause(pause_seconds)

    def to_fields(self) -> dict[str, Any]:
        """Returns the fields of the `Partition`."""
        now = time.monotonic()
        is_reduced = self._reduced_rate is not None
        return {
            "paused_until": _to_datetime(self.paused_until, now),
            "failures": self.failures,
            "reduced_rate": self._reduced_rate,
            "reduced_at": _to_datetime(self._reduced_at, now) if is_reduced else None,
        }

    def _compute_rate(self, now: float) -> float:
        """Returns the full rate, or a lower rate after a recent refusal."""
        full = self._full_rate * SHARE_OF_RATE
        if self._reduced_rate is None:
            return full
        regained = (now - self._reduced_at) * full / RECOVERY_SECONDS
        return min(full, self._reduced_rate + regained)


def _to_monotonic(at: datetime | None, now: float) -> float:
    return 0.0 if at is None else now + (at - utc_now()).total_seconds()


def _to_datetime(at: float, now: float) -> datetime | None:
    return utc_now() + timedelta(seconds=at - now) if at > 0 else None
