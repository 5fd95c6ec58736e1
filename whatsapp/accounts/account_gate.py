"""Per-account limits of this process: lanes in use, pauses, and a circuit breaker."""

import time
from collections import Counter

from beanie import PydanticObjectId

# Consecutive requests without a response from Meta that open the circuit breaker.
FAILURES_TO_OPEN = 5
PROBE_PAUSES = 30


class AccountGate:
    """`probe_seconds` is the pause between probes while the circuit breaker is open."""

    def __init__(self, *, lanes_per_account: int, probe_seconds: float) -> None:
        self._lanes_per_account = lanes_per_account
        self._probe_seconds = probe_seconds
        self._busy: Counter[PydanticObjectId] = Counter()
        self._failures: Counter[PydanticObjectId] = Counter()
        self._paused_until: dict[PydanticObjectId, float] = {}

    def enter(self, account_id: PydanticObjectId) -> None:
        self._busy[account_id] += 1

    def leave(self, account_id: PydanticObjectId) -> None:
        self._busy[account_id] -= 1
        if not self._busy[account_id]:
            del self._busy[account_id]

    def pause(self, account_id: PydanticObjectId, seconds: float) -> None:
        """Pauses all lanes of the account; a longer pause stays."""
        until = time.monotonic() + seconds
        self._paused_until[account_id] = max(until, self._paused_until.get(account_id, 0.0))

    def resume(self, account_id: PydanticObjectId) -> None:
        """Ends the pause."""
        self._paused_until.pop(account_id, None)

    def pause_seconds(self, account_id: PydanticObjectId) -> float:
        """Returns the seconds left of the pause, or 0.0."""
        remaining = self._paused_until.get(account_id, 0.0) - time.monotonic()
        if remaining <= 0:
            self._paused_until.pop(account_id, None)
            return 0.0
        return remaining

    def list_closed(self) -> list[PydanticObjectId]:
        """Returns the accounts for which no further lane may be claimed now."""
        paused = {account for account in list(self._paused_until) if self.pause_seconds(account)}
        full = {account for account, busy in self._busy.items() if busy >= self._share(account)}
        return sorted(paused | full)

    def count_free(self, account_id: PydanticObjectId) -> int:
        """Returns how many more lanes of the account may be claimed."""
        if self.pause_seconds(account_id):
            return 0
        return max(self._share(account_id) - self._busy[account_id], 0)

    def record_success(self, account_id: PydanticObjectId) -> None:
        """Closes the circuit breaker: Meta responded, even if with an error."""
        self._failures.pop(account_id, None)

    def record_failure(self, account_id: PydanticObjectId) -> bool:
        """Counts a request without a readable response. Returns True if that pauses the account."""
        self._failures[account_id] += 1
        if self._failures[account_id] < FAILURES_TO_OPEN:
            return False
        self.pause(account_id, self._probe_seconds)
        return True

    def _share(self, account_id: PydanticObjectId) -> int:
        return 1 if self._failures[account_id] >= FAILURES_TO_OPEN else self._lanes_per_account
