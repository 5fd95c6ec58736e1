"""The engine behind the door: stores, processes, takes over and replays webhooks."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import timedelta

import pymongo
from pymongo.errors import PyMongoError

from models import ParkedItem, ParkedReason
from models.database.outage_log import log_failure
from models.database.outages import is_transient
from webhooks.apply.dead_letters import park_body
from webhooks.apply.prefetch import Preparations
from webhooks.apply.processing import Processor
from webhooks.apply.replays import claim_replay, run_replay
from webhooks.apply.routing import Routes, add_route
from webhooks.apply.tasks import explain_bug
from webhooks.payload.items import Unfit
from webhooks.store.acknowledgements import Marks
from webhooks.store.body import create_bodies
from webhooks.store.events import (
    StoredEvent,
    make_event,
    set_leases,
    take_back_attempts,
    take_over_event,
)
from webhooks.store.group_commit import GroupCommit
from webhooks.store.signature import SecretBook, is_verify_token
from whatsapp.accounts.webhook_subscription import default_secret_digest
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.logs import describe_bug
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

# An event that was left so often without a word ends whoever tries it. Failures that pass are not
# counted: an outage may take days, and ends by itself.
MAX_ATTEMPTS = 50
SWEEP_SECONDS = 2.0
# Replays are requested by whoever connects an account: this finds those of other processes.
REPLAY_POLL_SECONDS = 10.0
# Events that a worker applies together, where so many wait: the more, the fewer round trips each.
BATCH_EVENTS = 128
BATCH_BYTES = 1024 * 1024
# Events stored but not yet applied by this process; others take over the rest.
MAX_BACKLOG = 2000
# The same for the size of their bodies.
MAX_QUEUED_BYTES = 64 * 1024 * 1024


class Ingest:
    """One per process. `run` does the work; the other methods may be called from any task."""

    def __init__(
        self,
        *,
        settings: Settings,
        keyring: KeyRing,
        timeouts: Timeouts = Timeouts(),
        max_backlog: int = MAX_BACKLOG,
    ) -> None:
        self._settings = settings
        self.timeouts = timeouts
        self._max_backlog = max_backlog
        self.bodies = create_bodies()
        self._secrets = SecretBook(settings=settings, keyring=keyring)
        self._default_digest = default_secret_digest(settings)
        self._processor = Processor(default_secret_digest=self._default_digest)
        self._lease = timedelta(seconds=timeouts.webhook_lease_seconds)
        self._preparations = Preparations(
            self._processor.prepare, fresh_seconds=timeouts.prefetch_seconds
        )
        self._queues = [asyncio.Queue[StoredEvent]() for _ in range(settings.webhook_workers)]
        self._routes = Routes(settings.webhook_workers)
        self._busy: set[int] = set()
        """The queues of which something is just being processed."""
        # Until they are marked: then nobody else takes them for left.
        self._in_flight: set[str] = set()
        self._marks = Marks(on_done=self._in_flight.difference_update)
        self._taking: asyncio.Task[StoredEvent | None] | None = None
        self._queued_bytes = 0
        self._commits = GroupCommit(lease=self._lease, on_stored=self._enqueue)
        self._replay_now = asyncio.Event()

    async def knows_verify_token(self, token: str) -> bool:
        return await is_verify_token(token, settings=self._settings)

    async def find_signer(self, body: bytes, *, signature: bytes, name: str | None) -> str | None:
        """See `SecretBook.find_signer`."""
        return await self._secrets.find_signer(body, signature=signature, name=name)

    async def accept(self, body: bytes, *, secret_digest: str) -> None:
        """Stores a verified body; after this it is durable, and processed soon, by somebody.

        Raises:
            PyMongoError: it may not be durable.
        """
        by_default = secret_digest == self._default_digest
        event = make_event(body, secret_digest=secret_digest, by_default_secret=by_default)
        if self._commits.is_idle:
            event = add_route(event)
            number = self._routes.choose(event)
            # Nobody wrote before it whose processing could change what is read now.
            if number not in self._busy and self._queues[number].empty():
                self._preparations.begin(event)
        await self._commits.store(event)

    async def replay(self, items: Sequence[ParkedItem]) -> list[ParkedItem]:
        """Applies parked items again, in this order, and gives them back as they are then.

        Raises:
            PyMongoError: MongoDB is away; what was applied stays applied.
        """
        await self._processor.replay(items)
        ids = [parked.id for parked in items]
        found = {one.id: one for one in await ParkedItem.find({"_id": {"$in": ids}}).to_list()}
        return [found[one] for one in ids if one in found]

    def wake(self) -> None:
        """An account was connected or enabled: what waited for it is replayed at once."""
        self._replay_now.set()

    async def run(self) -> None:
        """Until cancelled; then what is unfinished is left to other processes."""
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(len(self._queues)):
                    group.create_task(self._work(number))
                group.create_task(self._marks.run())
                group.create_task(self._keep_leases())
                group.create_task(self._take_over())
                group.create_task(self._replay_due())
        finally:
            await self._release_leases()

    def _enqueue(self, event: StoredEvent) -> None:
        if not self._has_room() or event.id in self._in_flight:
            return  # it is stored: whoever has room takes it over when its lease has passed
        self._in_flight.add(event.id)
        self._queued_bytes += len(event.body)
        event = event if event.sender_key else add_route(event)
        self._queues[self._routes.begin(event)].put_nowait(event)

    def _has_room(self) -> bool:
        has_bytes = self._queued_bytes < MAX_QUEUED_BYTES
        return has_bytes and len(self._in_flight) < self._max_backlog

    async def _work(self, number: int) -> None:
        queue = self._queues[number]
        while True:
            self._busy.discard(number)
            batch = [await queue.get()]
            self._busy.add(number)
            size = len(batch[0].body)
            while len(batch) < BATCH_EVENTS and size < BATCH_BYTES and not queue.empty():
                batch.append(queue.get_nowait())
                size += len(batch[-1].body)
            await self._process(batch)
            self._queued_bytes -= sum(len(event.body) for event in batch)
            self._routes.end(batch)

    async def _process(self, batch: Sequence[StoredEvent]) -> None:
        """In an outage they stay unmarked, and are taken over when their leases have passed."""
        try:
            await self._process_or_park(batch)
        except Exception as error:  # noqa: BLE001 - the edge of a worker, which must live
            if isinstance(error, PyMongoError):
                log_failure(logger, error, "%d events wait for MongoDB", len(batch))
            else:
                logger.error("%d events are tried again: %s", len(batch), describe_bug(error))
            if is_transient(error):
                await self._forgive(batch)
            self._in_flight.difference_update(event.id for event in batch)

    async def _forgive(self, batch: Sequence[StoredEvent]) -> None:
        """Best effort: where MongoDB is away altogether, nobody takes them over to count it."""
        taken_over = [event.id for event in batch if event.attempts]
        with contextlib.suppress(PyMongoError):
            await take_back_attempts(taken_over)

    async def _process_or_park(self, batch: Sequence[StoredEvent]) -> None:
        """What fails as a whole for another reason is parked, by itself."""
        try:
            await self._processor.finish(await self._preparations.take(batch))
            self._marks.add([event.id for event in batch])
        except Exception as error:
            if is_transient(error):
                raise
            if len(batch) > 1:
                for event in batch:
                    await self._process_or_park([event])
            else:
                await self._park(batch[0], explain_bug(error, batch[0].id, "the body"))

    async def _park(self, event: StoredEvent, problem: Unfit) -> None:
        await park_body(event, problem)
        self._marks.add([event.id])

    async def _keep_leases(self) -> None:
        pause = min(self._lease.total_seconds() / 4, SWEEP_SECONDS)
        while True:
            try:
                await set_leases(set(self._in_flight), lease=self._lease)
            except PyMongoError as error:
                log_failure(logger, error, "Leases of webhooks can't be kept")
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
                    if event.attempts > MAX_ATTEMPTS:
                        await self._park(event, Unfit(ParkedReason.INTERNAL_ERROR, "never ends"))
                    else:
                        self._enqueue(event)
            except PyMongoError as error:
                log_failure(logger, error, "Webhooks can't be taken over")
            await asyncio.sleep(pause)

    async def _take_over_next(self) -> StoredEvent | None:
        # Shielded: MongoDB may have leased the event to us, for long, before we hear which it is.
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
            except Exception as error:  # noqa: BLE001 - the edge of a task, which must live
                logger.error("Parked items can't be replayed: %s", describe_bug(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._replay_now.wait()
            self._replay_now.clear()

    async def _release_leases(self) -> None:
        """Best effort: without it the events are taken over when their leases have passed."""
        self._queues = [asyncio.Queue[StoredEvent]() for _ in self._queues]
        self._routes = Routes(len(self._queues))
        self._queued_bytes = 0
        self._busy.clear()
        self._preparations.end()
        seconds = self.timeouts.webhook_shutdown_seconds
        try:
            with contextlib.suppress(PyMongoError, TimeoutError), pymongo.timeout(seconds):
                async with asyncio.timeout(seconds):
                    await self._release_leases_in_time()
        finally:
            self._in_flight.clear()

    async def _release_leases_in_time(self) -> None:
        await self._marks.flush()
        # What is just becoming durable is acknowledged, and nobody here will apply it any more.
        await self._commits.finish()
        await set_leases(self._in_flight, lease=timedelta(0))
        if self._taking is not None and (event := await self._taking) is not None:
            await set_leases({event.id}, lease=timedelta(0))
