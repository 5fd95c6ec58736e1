"""Budgets: executing events is paid for by the credentials whose subscriptions get them.

A subscription is checked once and then executed at each event, so what it costs then counts. Who
has used up their budget gets their events later, at the pace at which it is refilled: as a slow
peer, without a gap.
"""

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary

from graph.core.rate_limit import TokenBuckets
from whatsapp.settings import Settings

# The part of a minute's budget that may be used at once.
BURST = 1 / 15


class LiveBudgets:
    """Those of all credentials in one process."""

    def __init__(self, settings: Settings) -> None:
        per_minute = settings.live_rate_limit_per_minute
        self._buckets = TokenBuckets(per_minute=per_minute, burst=per_minute * BURST)
        # Only the first of a credential's subscriptions waits for its budget, the others for it.
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @property
    def is_limited(self) -> bool:
        return self._buckets.is_limited

    def take(self, credential: Hashable, cost: int) -> bool:
        """Takes the cost of events; without enough left it takes nothing and gives False."""
        if self._buckets.find_wait(credential, cost):
            return False
        self._buckets.take(credential, cost)
        return True

    async def wait_and_take(self, credential: Hashable, cost: int) -> None:
        """Takes the cost of events as soon as there is enough left."""
        lock = self._locks.setdefault(credential, asyncio.Lock())
        async with lock:
            while not self.take(credential, cost):  # noqa: ASYNC110 - time alone refills it
                await asyncio.sleep(self._buckets.find_wait(credential, cost))
