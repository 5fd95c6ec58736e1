"""Schedule: the slots of an account that this process may still use.

Delayed sends may catch up, but no second has more sends than slots: Meta counts per second, and the
processes together have only that many slots.
"""

import time
from collections import deque

from whatsapp.dispatch.slots import Grant

WINDOW_SECONDS = 1.0
CLOCK_SECONDS = 0.002  # timers may fire this much too early


class Schedule:
    """All times are monotonic."""

    def __init__(self) -> None:
        self._ready: deque[float] = deque()
        self._passed: deque[float] = deque()
        self._used: deque[float] = deque()
        self._last = 0.0

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, grant: Grant) -> None:
        """Adds the slots of a grant; a late grant is moved as a whole to keep its intervals."""
        slot = max(grant.first, time.monotonic(), self._last + grant.interval)
        for _ in range(grant.count):
            self._ready.append(slot)
            self._last = slot
            slot += grant.interval

    def next_slot(self) -> float | None:
        """Returns the time of the next slot, which may have just passed."""
        self._forget()
        return self._ready[0] if self._ready else None

    def use_slot(self) -> bool:
        """Uses the next slot. Returns False if it is in the future or exceeds the rate."""
        self._forget()
        now = time.monotonic()
        if not self._ready or self._ready[0] > now + CLOCK_SECONDS:
            return False
        self._passed.append(self._ready.popleft())
        late = next((n for n, slot in enumerate(self._ready) if slot > now), len(self._ready))
        if len(self._used) >= len(self._passed) + late:
            return False
        self._used.append(now)
        return True

    def return_slot(self) -> None:
        """Returns the last used slot, for which there was nothing to send."""
        if self._used and self._passed:
            self._used.pop()
            self._ready.appendleft(self._passed.pop())

    def clear(self) -> None:
        self._ready.clear()

    def _forget(self) -> None:
        earliest = time.monotonic() - WINDOW_SECONDS
        for times in (self._ready, self._passed, self._used):
            while times and times[0] < earliest:
                times.popleft()
