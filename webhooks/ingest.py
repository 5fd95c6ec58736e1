"""Ingest of webhooks: stores, processes, takes over and replays them."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import pymongo
from pymongo.errors import PyMongoError

from models import ParkedReason
from models.database.base import utc_now
from models.database.outage_log import log_failure
from models.database.outages import is_transient
from telemetry import traces
from telemetry.access_log import log_processed
from telemetry.log_lines import describe_bug
from telemetry.metrics import webhooks as metrics
from webhooks.apply.dead_letters import park_body
from webhooks.apply.processing import ItemCounts, Processor
from webhooks.apply.replays import claim_replay, read_in_pages, run_replay
from webhooks.apply.routing import Routes, add_people, add_route
from webhooks.apply.tasks import log_bug
from webhooks.payload.items import ItemRejected
from webhooks.store.events import (
    Acknowledgements,
    GroupCommit,
    StoredEvent,
    make_event,
    mark_processed_and_empty,
    reset_attempts,
    set_leases,
    take_over_event,
)
from webhooks.store.signature import SecretBook, is_verify_token, record_handshake
from whatsapp.accounts.webhook_subscription import default_secret_digest
from whatsapp.common.admission import RequestBodies
from whatsapp.common.capacity import Capacity
from whatsapp.common.crypto import KeyRing
from whatsapp.common.raw_bodies import BodyRetention, BodyRules
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

# An event taken over this often probably crashes its worker. Transient failures do not count: an
# outage may take days.
MAX_ATTEMPTS = 50
SWEEP_SECONDS = 2.0
# Polling finds replays that other processes requested.
REPLAY_POLL_SECONDS = 10.0
# Events that a worker applies together: the more, the fewer round trips for each.
BATCH_EVENTS = 128
BATCH_BYTES = 1024 * 1024
# Queued events of this process; other processes take over the rest.
MAX_BACKLOG = 2000
MAX_QUEUED_BYTES = 64 * 1024 * 1024
# Bodies that are being received or verified.
MAX_RECEIVED_BYTES = 64 * 1024 * 1024


class Ingest:
    """The webhooks of this process. `run` processes them; other methods may run in any task."""

    def __init__(
        self,
        *,
        settings: Settings,
        keyring: KeyRing,
        timeouts: Timeouts = Timeouts(),
        capacity: Capacity = Capacity(),
        max_backlog: int = MAX_BACKLOG,
        max_queued_bytes: int = MAX_QUEUED_BYTES,
    ) -> None:
        self._settings = settings
        self.timeouts = timeouts
        self._max_backlog = max_backlog
        self._max_queued_bytes = max_queued_bytes
        self.bodies = RequestBodies(max_total_bytes=MAX_RECEIVED_BYTES)
        self._secrets = SecretBook(settings=settings, keyring=keyring)
        self._default_digest = default_secret_digest(settings)
        self._processor = Processor(default_secret_digest=self._default_digest)
        self._body_rules = BodyRules(seconds=timeouts.raw_body_rules_seconds)
        self._lease = timedelta(seconds=timeouts.webhook_lease_seconds)
        self._queues = [asyncio.Queue[StoredEvent]() for _ in range(capacity.webhook_workers)]
        self._routes = Routes(capacity.webhook_workers)
        self._in_flight: set[str] = set()
        """Ids of events that are not acknowledged yet; their leases are renewed."""
        self._acknowledgements = Acknowledgements(on_done=self._drop)
        self._taking: asyncio.Task[StoredEvent | None] | None = None
        self._queued_bytes = 0
        self._group_commit = GroupCommit(
            lease=self._lease, on_stored=self._enqueue, capacity=capacity
        )
        self._replay_now = asyncio.Event()

    async def knows_verify_token(self, token: str) -> bool:
        return await is_verify_token(token, settings=self._settings)

    async def record_handshake(self, token: str) -> None:
        await record_handshake(token)

    async def find_signer(self, body: bytes, *, signature: bytes, name: str | None) -> str | None:
        """See `SecretBook.find_signer`."""
        return await self._secrets.find_signer(body, signature=signature, name=name)

    async def accept(self, body: bytes, *, secret_digest: str) -> str:
        """Stores a verified body durably; this or another process will apply it.

        Returns the id of its event.

        Raises:
            PyMongoError: the body may or may not be durable.
        """
        by_default = secret_digest == self._default_digest
        event = make_event(body, secret_digest=secret_digest, by_default_secret=by_default)
        event = await add_people(add_route(event))
        await self._group_commit.store(event)
        return event.id

    async def replay(self, ids: Sequence[str]) -> None:
        """Applies parked items again, in this order; items in another state do not change.

        Raises:
            PyMongoError: MongoDB is unavailable; items that were applied stay applied.
        """
        async for items in read_in_pages(ids):
            await self._processor.replay(items)

    def wake(self) -> None:
        """Replays due items now, because an account was connected or enabled."""
        self._replay_now.set()

    async def run(self) -> None:
        """Processes webhooks until cancelled, then releases the leases of unfinished webhooks."""
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(len(self._queues)):
                    group.create_task(self._work(number))
                group.create_task(self._acknowledgements.run())
                group.create_task(self._keep_leases())
                group.create_task(self._take_over())
                group.create_task(self._replay_due())
        finally:
            await self._release_leases()

    def _enqueue(self, event: StoredEvent) -> None:
        if not self._has_room() or event.id in self._in_flight:
            return  # a process with room takes the event over when its lease expires
        self._in_flight.add(event.id)
        self._queued_bytes += len(event.body)
        if event.people is None:  # taken over
            event = add_route(event)
        self._queues[self._routes.begin(event)].put_nowait(event)
        metrics.IN_FLIGHT.set(len(self._in_flight))

    def _drop(self, event_ids: Iterable[str]) -> None:
        self._in_flight.difference_update(event_ids)
        metrics.IN_FLIGHT.set(len(self._in_flight))

    def _has_room(self) -> bool:
        has_bytes = self._queued_bytes < self._max_queued_bytes
        return has_bytes and len(self._in_flight) < self._max_backlog

    async def _work(self, number: int) -> None:
        queue = self._queues[number]
        while True:
            batch = [await queue.get()]
            size = len(batch[0].body)
            while len(batch) < BATCH_EVENTS and size < BATCH_BYTES and not queue.empty():
                batch.append(queue.get_nowait())
                size += len(batch[-1].body)
            await self._process(batch)
            self._queued_bytes -= sum(len(event.body) for event in batch)
            self._routes.end(batch)

    async def _process(self, batch: Sequence[StoredEvent]) -> None:
        """Applies a batch. In an outage its events are taken over when their leases expire."""
        try:
            await self._process_or_park(batch)
        except Exception as error:  # noqa: BLE001 - a bug must not end the worker
            if isinstance(error, PyMongoError):
                log_failure(logger, error, "%d events wait until their leases end", len(batch))
            else:
                logger.error(
                    "%d events failed and will be retried: %s", len(batch), describe_bug(error)
                )
            if is_transient(error):
                await self._reset_attempts(batch)
            self._drop(event.id for event in batch)

    async def _reset_attempts(self, batch: Sequence[StoredEvent]) -> None:
        # Best effort: while MongoDB is unavailable, no process takes the events over.
        with contextlib.suppress(PyMongoError):
            await reset_attempts([event.id for event in batch if event.attempts])

    async def _process_or_park(self, batch: Sequence[StoredEvent]) -> None:
        """Applies a batch; if it fails permanently, applies each event alone and parks failures."""
        try:
            started_at = time.perf_counter()
            with traces.linked_span("process webhooks", batch, traces.Kind.CONSUMER):
                done = await self._processor.process(batch)
                log_processed(started_at, [event.id for event in batch], items=done.counts.total())
            await mark_processed_and_empty(done.erased_ids)
            rules = {
                event_id: await self._body_rules.find(workspace_ids)
                for event_id, workspace_ids in done.workspaces.items()
            }
            self._acknowledge(batch, done.counts, rules)
        except Exception as error:
            if is_transient(error):
                raise
            if len(batch) > 1:
                for event in batch:
                    await self._process_or_park([event])
            else:
                await self._park(batch[0], log_bug(error, batch[0].id, "the body"))

    async def _park(self, event: StoredEvent, problem: ItemRejected) -> None:
        if await park_body(event, problem):
            await mark_processed_and_empty([event.id])
        self._acknowledge([event], Counter(), {event.id: BodyRetention()})

    def _acknowledge(
        self, batch: Sequence[StoredEvent], items: ItemCounts, rules: Mapping[str, BodyRetention]
    ) -> None:
        received = [event.received_at for event in batch]
        self._acknowledgements.add(rules, lambda: _count_applied(received, items))

    async def _keep_leases(self) -> None:
        pause = min(self._lease.total_seconds() / 4, SWEEP_SECONDS)
        while True:
            try:
                await set_leases(set(self._in_flight), lease=self._lease)
            except PyMongoError as error:
                log_failure(logger, error, "Leases of webhooks can't be renewed")
            await asyncio.sleep(pause)

    async def _take_over(self) -> None:
        pause = self._lease.total_seconds() / 2
        while True:
            try:
                await set_leases(set(self._in_flight), lease=self._lease)
                while self._has_room():
                    event = await self._take_over_next()
                    if event is None:
                        break
                    logger.info("Took over event %s", event.id)
                    metrics.TAKEN_OVER.inc()
                    if event.attempts > MAX_ATTEMPTS:
                        problem = ItemRejected(
                            ParkedReason.INTERNAL_ERROR, "processing never ended"
                        )
                        await self._park(event, problem)
                    else:
                        self._enqueue(event)
            except PyMongoError as error:
                log_failure(logger, error, "Webhooks can't be taken over")
            await asyncio.sleep(pause)

    async def _take_over_next(self) -> StoredEvent | None:
        # Shielded: if MongoDB has leased an event already, the lease is released at shutdown.
        lease = timedelta(seconds=self.timeouts.takeover_lease_seconds)
        self._taking = asyncio.create_task(take_over_event(lease=lease), name="takeover")
        event = await asyncio.shield(self._taking)
        self._taking = None
        return event

    async def _replay_due(self) -> None:
        pause = min(self._lease.total_seconds(), REPLAY_POLL_SECONDS)
        while True:
            try:
                while (account := await claim_replay()) is not None:
                    await run_replay(
                        account, self._processor.replay, default_digest=self._default_digest
                    )
            except PyMongoError as error:
                log_failure(logger, error, "Parked items can't be replayed")
            except Exception as error:  # noqa: BLE001 - a bug must not end the task
                logger.error("Parked items can't be replayed: %s", describe_bug(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._replay_now.wait()
            self._replay_now.clear()

    async def _release_leases(self) -> None:
        """Lets other processes take the events over at once; best effort, since leases expire."""
        self._queues = [asyncio.Queue[StoredEvent]() for _ in self._queues]
        self._routes = Routes(len(self._queues))
        self._queued_bytes = 0
        seconds = self.timeouts.webhook_shutdown_seconds
        try:
            with contextlib.suppress(PyMongoError, TimeoutError), pymongo.timeout(seconds):
                async with asyncio.timeout(seconds):
                    await self._release_leases_in_time()
        finally:
            self._drop(list(self._in_flight))

    async def _release_leases_in_time(self) -> None:
        await self._acknowledgements.flush()
        # Bodies that are becoming durable now are acknowledged, but not applied by this process.
        await self._group_commit.drain()
        await set_leases(self._in_flight, lease=timedelta(0))
        if self._taking is not None and (event := await self._taking) is not None:
            await set_leases({event.id}, lease=timedelta(0))


def _count_applied(received: Sequence[datetime], items: ItemCounts) -> None:
    """Counts events that are marked as processed, so that repeated attempts count once."""
    now = utc_now()
    for received_at in received:
        metrics.PROCESSING_SECONDS.observe((now - received_at).total_seconds())
    for labels, count in items.items():
        metrics.ITEMS[labels].inc(count)
