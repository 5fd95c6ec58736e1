"""Which plans are kept: as many as there is memory for, those that were used last."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from graph.limits.fair_cache import FairCache

if TYPE_CHECKING:
    from graph.execution.plan import Plan

# A step takes some 2.5 kB; an operation of an app has 10 to 100.
MAX_STEPS_KEPT = 20_000


class KeptPlans:
    """Those of one schema, of queries and of subscriptions."""

    def __init__(self, *, max_steps: int = MAX_STEPS_KEPT) -> None:
        self._kept: FairCache[Plan, Plan] = FairCache(max_steps, on_evict=lambda plan: plan.drop())

    @property
    def steps(self) -> int:
        """How large they are together."""
        return self._kept.size

    def use(self, plan: "Plan", caller: Hashable) -> None:
        """Keeps a plan that is new or used again; where room is needed, plans are dropped of the
        caller who has most.
        """
        if self._kept.get(plan, caller) is None:
            self._kept.add(plan, plan, caller, size=plan.steps)
