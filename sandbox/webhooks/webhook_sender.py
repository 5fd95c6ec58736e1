"""Posts signed webhooks to the server, in order for each customer, until they get a 200."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.settings import SandboxSettings
from sandbox.webhooks.callbacks import CallbackBook
from sandbox.webhooks.webhook_bodies import Update, build_batch, build_body, encode_like_meta, sign
from sandbox.world.faults import FaultBook, FaultKind, FaultRule, FaultSubject
from sandbox.world.numbers import FakeNumber

logger = logging.getLogger("sandbox.webhooks")
OK = 200


@dataclass(slots=True)
class Delivery:
    """A webhook and its attempts: an HTTP status for each, None if the server was unreachable."""

    body: bytes
    app_secret: str = field(repr=False)
    phone_number_id: str
    url: str | None  # None: the app is not subscribed
    created_at: float = field(default_factory=time.time)
    attempts: list[int | None] = field(default_factory=list)
    error: str | None = None
    is_finished: bool = False
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_accepted(self) -> bool:
        return OK in self.attempts


@dataclass(slots=True)
class _Batch:
    rule: FaultRule
    delivery: Delivery
    updates: list[Update] = field(default_factory=list)
    timer: asyncio.Task[None] | None = None


class WebhookSender:
    """Delivers webhooks to the server. Closing it ends all pending deliveries."""

    def __init__(
        self,
        settings: SandboxSettings,
        client: httpx.AsyncClient,
        faults: FaultBook,
        callbacks: CallbackBook,
    ) -> None:
        self.settings = settings
        self.log: deque[Delivery] = deque(maxlen=settings.kept_webhooks)
        self._client = client
        self._faults = faults
        self._callbacks = callbacks
        self._lanes: dict[str, _Lane] = {}
        self._batches: dict[tuple[str, int], _Batch] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def start_task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs a task until it ends or the sender is closed."""
        task = asyncio.create_task(work)
        if self._is_closed:
            task.cancel()
        self._tasks.add(task)
        task.add_done_callback(self._forget_task)
        return task

    async def close(self) -> None:
        self._is_closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drain(self) -> None:
        """Waits until all deliveries and retries have ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def submit(self, updates: Sequence[Update]) -> Delivery:
        """Sends updates of a customer as a webhook, or lets a batch collect them."""
        first = updates[0]
        rule = self._faults.find(FaultKind.BATCH, _subject_of(first))
        if rule is not None:
            return self._collect(updates, rule)
        return self.submit_body(
            encode_like_meta(build_body(updates)),
            number=first.number,
            customer=first.customer,
            subject=_subject_of(first),
        )

    def submit_body(
        self,
        body: bytes,
        *,
        number: FakeNumber,
        customer: str = "",
        subject: FaultSubject | None = None,
        retry: bool = True,
    ) -> Delivery:
        delivery = self._record(body, number)
        copies: list[Delivery] = []
        rule = self._faults.take(FaultKind.DUPLICATE_WEBHOOKS, subject) if subject else None
        if rule is not None:
            copies = [self._record(body, number) for _ in range(rule.copies)]
        lane = f"{number.phone_number_id}|{customer}"
        together = rule is not None and rule.together
        self.start_task(self._deliver(delivery, copies, lane=lane, together=together, retry=retry))
        return delivery

    def _record(self, body: bytes, number: FakeNumber) -> Delivery:
        url = self._callbacks.find_url(number)
        delivery = Delivery(body, number.app_secret, number.phone_number_id, url)
        self.log.append(delivery)
        return delivery

    async def _deliver(
        self,
        delivery: Delivery,
        copies: Sequence[Delivery],
        *,
        lane: str,
        together: bool,
        retry: bool,
    ) -> None:
        async with self._hold_lane(lane):
            if together:
                posts = (self._post(copy, retry=retry) for copy in (delivery, *copies))
                await asyncio.gather(*posts)
                return
            await self._post(delivery, retry=retry)
        for copy in copies:
            # Meta may repeat a webhook at any time, so later webhooks need not wait for a copy.
            self.start_task(self._post(copy, retry=retry))

    @asynccontextmanager
    async def _hold_lane(self, name: str) -> AsyncIterator[None]:
        lane = self._lanes.setdefault(name, _Lane())
        lane.users += 1
        try:
            async with lane.lock:
                yield
        finally:
            lane.users -= 1
            if lane.users == 0:
                del self._lanes[name]

    async def _post(self, delivery: Delivery, *, retry: bool) -> None:
        if delivery.url is None:
            delivery.error = "No app is subscribed to the business account."
            delivery.attempts.append(None)
            delivery.is_finished = True
            delivery.answered.set()
            delivery.finished.set()
            return
        for delay in (*self.settings.webhook_retry_delays, None):
            await self._attempt(delivery, delivery.url)
            if delivery.is_accepted or delay is None or not retry:
                break
            await asyncio.sleep(delay)
        if not delivery.is_accepted:
            logger.warning("Gave up delivering a webhook: %s", delivery.error or delivery.attempts)
        delivery.is_finished = True
        delivery.finished.set()

    async def _attempt(self, delivery: Delivery, url: str) -> None:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": sign(delivery.body, app_secret=delivery.app_secret),
        }
        try:
            answer = await self._client.post(
                url,
                content=delivery.body,
                headers=headers,
                timeout=self.settings.webhook_timeout,
            )
        except httpx.TransportError as error:
            delivery.attempts.append(None)
            delivery.error = f"{type(error).__name__}: {error}".rstrip(": ")
        else:
            delivery.attempts.append(answer.status_code)
            delivery.error = None if answer.status_code == OK else answer.text[:500]
        delivery.answered.set()

    def _collect(self, updates: Sequence[Update], rule: FaultRule) -> Delivery:
        number = updates[0].number
        key = (number.app_secret, rule.id)
        batch = self._batches.get(key)
        if batch is None:
            batch = self._batches[key] = _Batch(rule, self._record(b"", number))
            batch.timer = self.start_task(self._flush_later(key, batch))
        batch.updates.extend(updates)
        if len(batch.updates) >= rule.entries * rule.changes * rule.items:
            if batch.timer is not None:
                batch.timer.cancel()
            self._flush(key, batch)
        return batch.delivery

    async def _flush_later(self, key: tuple[str, int], batch: _Batch) -> None:
        wait = batch.rule.seconds
        await asyncio.sleep(self.settings.batch_wait if wait is None else wait)
        self._flush(key, batch)

    def _flush(self, key: tuple[str, int], batch: _Batch) -> None:
        del self._batches[key]
        self._faults.count_hit(batch.rule)
        rule, delivery = batch.rule, batch.delivery
        body = build_batch(batch.updates, entries=rule.entries, changes=rule.changes)
        delivery.body = encode_like_meta(body)
        lane = f"{delivery.phone_number_id}|batches"
        self.start_task(self._deliver(delivery, (), lane=lane, together=False, retry=True))

    def _forget_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("A sandbox task failed.", exc_info=task.exception())


@dataclass(slots=True)
class _Lane:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


def _subject_of(update: Update) -> FaultSubject:
    return FaultSubject(
        endpoint="webhook",
        phone_number_id=update.number.phone_number_id,
        to=update.customer,
        type=update.kind,
    )
