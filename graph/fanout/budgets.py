"""Budgets: credentials pay for the execution of the events that their subscriptions receive.

A subscription passes the cost limit once and is then executed for each event, so these executions
are limited too. A credential that has used up its budget receives events as a slow peer does:
later, at the pace at which the budget is refilled, and without a gap.
"""

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary

from graph.core.rate_limit import TokenBuckets
from whatsapp.settings import Settings

# Part of a minute's budget that may be used at once.
BURST = 1 / 15


class LiveBudgets:
    """The budgets of all credentials in one process."""

    def __init__(self, settings: Settings) -> None:
        per_minute = settings.live_rate_limit_per_minute
        self._buckets = TokenBuckets(per_minute=per_minute, burst=per_minute * BURST)
        # The first subscription of a credential waits for the budget, further ones for its lock.
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @property
    def is_limited(self) -> bool:
        return self._buckets.is_limited

    def take(self, credential: Hashable, cost: int) -> bool:
        """Takes a cost; returns False, taking nothing, if the budget is too small."""
        if self._buckets.find_wait(credential, cost):
            return False
        self._buckets.take(credential, cost)
        return True

    async def wait_and_take(self, credential: Hashable, cost: int) -> None:
        """Takes a cost as soon as the budget suffices."""
        lock = self._locks.setdefault(credential, asyncio.Lock())
        async with lock:
            while not self.take(credential, cost):  # noqa: ASYNC110 - only time refills it
                await asyncio.sleep(self._buckets.find_wait(credential, cost))
