"""Which plans are kept: as many as there is memory for, those that were used last."""

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph.execution.plan import Plan

# A step takes some 2.5 kB; an operation of an app has 10 to 100.
MAX_STEPS_KEPT = 20_000


class KeptPlans:
    """Those of one schema, of queries and of subscriptions."""

    def __init__(self, *, max_steps: int = MAX_STEPS_KEPT) -> None:
        self._max_steps = max_steps
        self.steps = 0
        """How large they are together."""
        self._kept: OrderedDict[Plan, None] = OrderedDict()

    def use(self, plan: "Plan") -> None:
        """Keeps a plan that is new or used again, and drops what was not used for longest."""
        if plan in self._kept:
            self._kept.move_to_end(plan)
            return
        self._kept[plan] = None
        self.steps += plan.steps
        while self.steps > self._max_steps:
            oldest, _ = self._kept.popitem(last=False)
            self.steps -= oldest.steps
            oldest.drop()
