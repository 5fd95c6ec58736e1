"""Schedule: the slots that one process got for an account, and how many of them it may still use.

Whoever was held up may make good for it, but never so that more leaves within a second than there
were slots in it: that is how Meta counts, and all processes together have no more slots than that.
"""

import time
from collections import deque

from whatsapp.dispatch.slots import Grant

WINDOW_SECONDS = 1.0
CLOCK_SECONDS = 0.002  # a timer may ring so much too early


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
        """A grant that came after its first moment is moved as a whole, so that it stays even."""
        slot = max(grant.first, time.monotonic(), self._last + grant.interval)
        for _ in range(grant.count):
            self._ready.append(slot)
            self._last = slot
            slot += grant.interval

    def next_slot(self) -> float | None:
        """When the next one is, perhaps a moment ago."""
        self._forget()
        return self._ready[0] if self._ready else None

    def use_slot(self) -> bool:
        """Takes the next one, whose moment has come. False where it would be one too many."""
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
        """There was nothing to send with the last one that was used."""
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
