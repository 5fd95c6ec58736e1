"""Bail-outs: executions in which a plan gave up, counted for each caller apart.

What one caller sends or has stored must not take the plan from the others.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

# Bail-outs in a row after which a caller's operations go to graphql-core at once, for a while:
# trying the plan first would make each of them cost more.
MAX_BAILOUTS = 5
PAUSE_SECONDS = 30.0
MAX_CALLERS = 256


class Bailouts:
    """Those of the plans of one operation."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        # How many in a row, and until when the plan is paused.
        self._callers: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def is_paused(self, caller: Hashable) -> bool:
        if not self._callers:
            return False
        number, until = self._callers.get(caller, (0, 0.0))
        return number > MAX_BAILOUTS and self._now() < until

    def record(self, caller: Hashable) -> None:
        number, _ = self._callers.get(caller, (0, 0.0))
        self._callers[caller] = (number + 1, self._now() + PAUSE_SECONDS)
        self._callers.move_to_end(caller)
        if len(self._callers) > MAX_CALLERS:
            self._callers.popitem(last=False)

    def reset(self, caller: Hashable) -> None:
        """Forgets the bail-outs of a caller whom the plan has just answered."""
        if self._callers:
            self._callers.pop(caller, None)
