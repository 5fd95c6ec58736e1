"""Pacing: the order and times of an account's sends in this process.

A worker requests a slot just before each send. Slots are fetched in batches ahead of their time,
and given to the workers in the order of their requests.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Account
from telemetry.metrics import sends as metrics
from whatsapp.accounts.account_gate import PROBE_PAUSES, AccountGate
from whatsapp.common.timeouts import Timeouts
from whatsapp.dispatch.schedule import Schedule
from whatsapp.dispatch.slots import (
    FAILURES_TO_OPEN,
    Terms,
    clear_failures,
    count_failure,
    slow_down,
    take_slots,
)

logger = logging.getLogger(__name__)

# Meta counts arrivals within any second, and network latency varies.
SHARE_OF_RATE = 0.97
HIGH_THROUGHPUT = "HIGH"
HIGH_THROUGHPUT_FACTOR = 12.5  # Meta: 1,000 instead of 80 messages a second
# Slots for this time are fetched together.
BATCH_SECONDS = 0.2
# In units of the even interval at the full rate.
SHORTEST_INTERVAL = 1.005
SHORTEST_PAUSE_SECONDS = 0.01


@dataclass
class _SendQueue:
    """The workers that wait to send for an account, and the slots fetched for them."""

    account_id: PydanticObjectId
    waiters: deque[asyncio.Future[float]] = field(default_factory=deque)
    schedule: Schedule = field(default_factory=Schedule)
    serving: asyncio.Task[None] | None = None
    fetching: asyncio.Task[None] | None = None
    failures: int = 0
    last_departure: float = 0.0

    def answer_next(self) -> bool:
        """Releases the first worker that still waits."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(0.0)
                return True
        return False

    def answer_all(self, answer: float | Exception) -> None:
        while self.waiters:
            waiter = self.waiters.popleft()
            if waiter.done():
                continue
            if isinstance(answer, Exception):
                waiter.set_exception(answer)
            else:
                waiter.set_result(answer)


class Pacing:
    """Paces sends by account. `wake` wakes the dispatcher."""

    def __init__(
        self, *, rate: float, timeouts: Timeouts, gate: AccountGate, wake: Callable[[], None]
    ) -> None:
        self._gate = gate
        self._wake = wake
        self._rate = rate
        self._probe_seconds = PROBE_PAUSES * timeouts.retry_base_seconds
        self._queues: dict[PydanticObjectId, _SendQueue] = {}
        self._rates: dict[PydanticObjectId, float] = {}

    async def take_slot(self, account_id: PydanticObjectId) -> float:
        """Waits for the account's next slot, or returns the seconds of its pause (otherwise 0)."""
        pause = self._gate.pause_seconds(account_id)
        if pause:
            return pause
        queue = self._get_queue(account_id)
        waiter: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        queue.waiters.append(waiter)
        if queue.serving is None or queue.serving.done():
            queue.serving = asyncio.create_task(self._serve(queue), name="slots")
        return await waiter

    def return_slot(self, account_id: PydanticObjectId) -> None:
        """Returns a slot for which there was nothing to send."""
        self._get_queue(account_id).schedule.return_slot()

    async def keep_interval(self, account_id: PydanticObjectId) -> None:
        """Keeps a minimum interval between requests, as the work after taking a slot varies."""
        queue = self._get_queue(account_id)
        interval = SHORTEST_INTERVAL / self._full_rate(account_id)
        now = time.monotonic()
        queue.last_departure = max(now, queue.last_departure + interval)
        await asyncio.sleep(queue.last_departure - now)

    def set_rate(self, account: Account) -> None:
        """Sets the rate that Meta accepts from this account."""
        is_high = account.health.throughput == HIGH_THROUGHPUT
        self._rates[account.id] = self._rate * (HIGH_THROUGHPUT_FACTOR if is_high else 1)

    async def record_success(self, account_id: PydanticObjectId) -> None:
        """Records an answer of any kind from Meta."""
        queue = self._get_queue(account_id)
        if not queue.failures:
            return
        queue.failures = 0
        self._count_open_breakers()
        if await clear_failures(account_id):
            logger.info("Meta answers again", extra={"account_id": account_id})
            self._gate.resume(account_id)
            self._wake()

    async def record_failure(self, account_id: PydanticObjectId, reason: object) -> None:
        """Records that Meta was not reached or gave no readable answer."""
        queue = self._get_queue(account_id)
        queue.failures = await count_failure(account_id, self._make_terms(account_id))
        if queue.failures < FAILURES_TO_OPEN:
            return
        self.pause(account_id, self._probe_seconds)
        self._count_open_breakers()
        if queue.failures == FAILURES_TO_OPEN:
            metrics.BREAKERS_OPENED.inc()
            logger.warning(
                "Meta does not answer (%s); trying every %g s until it does",
                reason,
                self._probe_seconds,
                extra={"account_id": account_id},
            )

    async def record_throttle(self, account_id: PydanticObjectId, *, pause_seconds: float) -> None:
        """Records that Meta refused a message because of the account's rate."""
        metrics.THROTTLES.inc()
        if pause_seconds:
            self.pause(account_id, pause_seconds)
        terms = self._make_terms(account_id)
        await slow_down(account_id, terms, pause_seconds=pause_seconds)

    def pause(self, account_id: PydanticObjectId, seconds: float) -> None:
        """Stops this process from sending for the account for `seconds`."""
        self._gate.pause(account_id, seconds)
        queue = self._get_queue(account_id)
        queue.schedule.clear()
        queue.answer_all(seconds)

    async def stop(self) -> None:
        """Releases all waiting workers without a slot."""
        tasks = [
            task for queue in self._queues.values() for task in (queue.serving, queue.fetching)
        ]
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        for queue in self._queues.values():
            queue.answer_all(BATCH_SECONDS)
        await asyncio.gather(*running, return_exceptions=True)
        self._queues.clear()

    async def _serve(self, queue: _SendQueue) -> None:
        while queue.waiters:
            slot = queue.schedule.next_slot()
            self._fetch_ahead(queue)
            if slot is not None:
                await asyncio.sleep(max(slot - time.monotonic(), 0.0))
                if queue.schedule.use_slot() and not queue.answer_next():
                    queue.schedule.return_slot()
            elif queue.fetching is not None:
                await asyncio.wait([queue.fetching])

    def _fetch_ahead(self, queue: _SendQueue) -> None:
        batch = self._compute_batch_size(queue)
        is_fetching = queue.fetching is not None and not queue.fetching.done()
        missing = len(queue.waiters) - len(queue.schedule)
        if not is_fetching and missing > 0 and len(queue.schedule) <= batch // 2:
            count = min(missing, batch)
            queue.fetching = asyncio.create_task(self._fetch(queue, count), name="slot fetch")

    async def _fetch(self, queue: _SendQueue, count: int) -> None:
        terms = self._make_terms(queue.account_id)
        try:
            grant = await take_slots(queue.account_id, count=count, terms=terms)
        except PyMongoError as error:
            queue.answer_all(error)
            return
        if queue.failures != grant.failures:  # another process has recorded an answer or failure
            queue.failures = grant.failures
            self._count_open_breakers()
        queue.schedule.add(grant)
        if not grant.count:
            self.pause(
                queue.account_id, max(grant.first - time.monotonic(), SHORTEST_PAUSE_SECONDS)
            )

    def _count_open_breakers(self) -> None:
        failures = (queue.failures for queue in self._queues.values())
        metrics.BREAKERS_OPEN.set(sum(number >= FAILURES_TO_OPEN for number in failures))

    def _make_terms(self, account_id: PydanticObjectId) -> Terms:
        rate = self._full_rate(account_id) * SHARE_OF_RATE
        return Terms(rate=rate, probe_seconds=self._probe_seconds)

    def _full_rate(self, account_id: PydanticObjectId) -> float:
        return self._rates.get(account_id, self._rate)

    def _compute_batch_size(self, queue: _SendQueue) -> int:
        return max(1, round(self._make_terms(queue.account_id).rate * BATCH_SECONDS))

    def _get_queue(self, account_id: PydanticObjectId) -> _SendQueue:
        queue = self._queues.get(account_id)
        if queue is None:
            queue = self._queues[account_id] = _SendQueue(account_id)
        return queue
