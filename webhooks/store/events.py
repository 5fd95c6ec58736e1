"""Stored webhook bodies: stored once, leased to a process, acknowledged when applied.

Leases use MongoDB's clock, so that the clocks of the processes do not matter. Bodies that arrive
during a write are stored together in the next write; under load, they share the cost of majority
and journal.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pymongo
from pymongo import UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError, PyMongoError, WriteError

from models import EventState, WebhookEvent
from models.database.base import collection, seconds_from_now, utc_now
from models.database.bulk_writes import DUPLICATE_KEY
from models.database.coalescing import Call, Coalescer
from models.database.lease import lease_document
from models.database.outage_log import log_failure
from telemetry import traces
from telemetry.log_lines import describe_bug
from telemetry.metrics import webhooks as metrics
from webhooks.payload.items import Item
from whatsapp.common.capacity import Capacity
from whatsapp.common.raw_bodies import EMPTIED, BodyRetention

logger = logging.getLogger(__name__)

NOT_DURABLE = WriteConcern(w=1, j=False)
# At 1,000 webhooks a second, a write acknowledges about twenty events.
ACKNOWLEDGEMENT_SECONDS = 0.02
WRITE_SECONDS = 3.0
AT_ONCE = BodyRetention(timedelta(0))
_RECEIVED = {"state": EventState.RECEIVED.value}


@dataclass(frozen=True)
class StoredEvent:
    id: str
    body: bytes
    secret_digest: str
    by_default_secret: bool = False
    """True if the secret is the server's default secret."""
    received_at: datetime = field(default_factory=utc_now, compare=False)
    traceparent: str | None = field(default=None, compare=False)
    """The request that brought it, as W3C `traceparent`; only while traces are on."""
    attempts: int = 0
    """Number of times it was taken over from a process that ended or hung."""
    sender_key: str | None = field(default=None, compare=False)
    """Identifies the customer of its first item, if the body was parsed for routing."""
    names: Collection[str] = field(default=frozenset(), compare=False, repr=False)
    """Identity values of its customers, including new values."""
    moved_to: Collection[str] = field(default=frozenset(), compare=False, repr=False)
    """The identity values among `names` that customers get by this event."""
    people: Sequence[bytes] | None = field(default=None, compare=False, repr=False)
    """Digests of the identities in the body; None for an event that was taken over."""
    items: Sequence[Item] | None = field(default=None, compare=False, repr=False)
    """The items of a small body, so that it is parsed once."""


def make_event(body: bytes, *, secret_digest: str, by_default_secret: bool = False) -> StoredEvent:
    digest = hashlib.sha256(secret_digest.encode() + body).hexdigest()
    return StoredEvent(
        digest, body, secret_digest, by_default_secret, traceparent=traces.get_traceparent()
    )


async def insert_events(
    events: Sequence[StoredEvent], *, lease: timedelta
) -> list[bool | PyMongoError]:
    """Stores bodies durably in a single write.

    Returns for each True, False if it was stored before, or an error if it may or may not be
    stored.

    Raises:
        PyMongoError: any of them may or may not be stored.
    """
    writes = [_make_insert(event, lease=lease) for event in events]
    try:
        result = await collection(WebhookEvent).bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        if error.details["writeConcernErrors"]:
            raise  # neither new nor earlier bodies are known to be durable
        created = {upsert["index"] for upsert in error.details["upserted"]}
        problems = {problem["index"]: problem for problem in error.details["writeErrors"]}
    else:
        created, problems = set(result.upserted_ids or {}), {}
    return [
        position in created or _read_problem(problems.get(position))
        for position in range(len(writes))
    ]


def _read_problem(problem: Mapping[str, Any] | None) -> bool | PyMongoError:
    if problem is None:
        return PyMongoError("MongoDB did not report the outcome")
    if problem["code"] == DUPLICATE_KEY:
        return False
    return WriteError(problem["errmsg"], problem["code"], problem)


def _make_insert(event: StoredEvent, *, lease: timedelta) -> UpdateOne:
    fields = {
        "body": event.body,
        "secret_digest": {"$literal": event.secret_digest},
        "by_default_secret": event.by_default_secret,
        "received_at": "$$NOW",
        "state": EventState.RECEIVED.value,
        "lease_until": seconds_from_now(lease.total_seconds()),
        "attempts": 0,
        "processed_at": None,
    }
    if event.people is not None:
        fields["people"] = list(event.people)
    if event.traceparent is not None:
        fields["traceparent"] = event.traceparent
    # Never matches a stored event, so a repeated body always fails on the unique `_id`.
    key = {"_id": event.id, "state": {"$exists": False}}
    return UpdateOne(key, [{"$set": fields}], upsert=True)


async def take_over_event(*, lease: timedelta) -> StoredEvent | None:
    """Leases the event whose lease expired first, or returns None."""
    # Oldest first: a change of number must be applied before messages from the new number.
    event = await lease_document(
        WebhookEvent,
        _RECEIVED,
        field="lease_until",
        seconds=lease.total_seconds(),
        changes={"attempts": {"$add": ["$attempts", 1]}},
    )
    if event is None:
        return None
    return StoredEvent(
        id=event.id,
        body=event.body,
        secret_digest=event.secret_digest,
        by_default_secret=event.by_default_secret,
        received_at=event.received_at,
        attempts=event.attempts,
        traceparent=event.traceparent,
    )


async def reset_attempts(event_ids: Sequence[str]) -> None:
    """Uncounts the last attempt of events that failed for a transient reason."""
    if event_ids:
        await collection(WebhookEvent).update_many(
            {"_id": {"$in": event_ids}, **_RECEIVED, "attempts": {"$gt": 0}},
            {"$inc": {"attempts": -1}},
        )


async def set_leases(event_ids: Collection[str], *, lease: timedelta) -> None:
    """Renews the leases of events in this process; a lease of 0 seconds releases them."""
    if event_ids:
        await collection(WebhookEvent).update_many(
            {"_id": {"$in": list(event_ids)}, **_RECEIVED},
            [{"$set": {"lease_until": seconds_from_now(lease.total_seconds())}}],
        )


async def mark_processed(events: Mapping[str, BodyRetention]) -> None:
    """Acknowledges events without waiting for a majority, by their ids.

    If the primary fails, an event may be applied again, which changes nothing.
    """
    by_rule: dict[BodyRetention, list[str]] = {}
    for event_id, rule in events.items():
        by_rule.setdefault(rule, []).append(event_id)
    for rule, event_ids in by_rule.items():
        await _mark_processed(event_ids, _make_end(rule))


async def _mark_processed(event_ids: Sequence[str], update: Mapping[str, Any]) -> None:
    events = collection(WebhookEvent).with_options(write_concern=NOT_DURABLE)
    result = await events.update_many({"_id": {"$in": event_ids}, **_RECEIVED}, update)
    metrics.PROCESSED.inc(result.modified_count)


def _make_end(rule: BodyRetention) -> Mapping[str, Any]:
    """Returns the update of a processed event, whose body is emptied now or later."""
    now = utc_now()
    processed = {"state": EventState.PROCESSED.value, "processed_at": now}
    if not rule.kept:
        return {**EMPTIED, "$set": EMPTIED["$set"] | processed}
    kept: dict[str, Any] = {"body_until": now + rule.kept}
    if rule.kept_for is not None:
        kept["kept_for"] = rule.kept_for
    return {"$set": processed | kept}


async def mark_processed_and_empty(event_ids: Sequence[str]) -> None:
    """Acknowledges events with dropped items, and empties their bodies; the hashes stay."""
    if event_ids:
        result = await collection(WebhookEvent).update_many(
            {"_id": {"$in": list(event_ids)}, **_RECEIVED}, _make_end(AT_ONCE)
        )
        metrics.PROCESSED.inc(result.modified_count)


class Acknowledgements:
    """Marks applied events as processed, in batches.

    An event that is not acknowledged is applied again when its lease expires. `on_done` gets the
    ids of events that were acknowledged, or could not be.
    """

    def __init__(self, *, on_done: Callable[[Collection[str]], None]) -> None:
        self._on_done = on_done
        self._waiting: list[tuple[Mapping[str, BodyRetention], Callable[[], None]]] = []
        self._added = asyncio.Event()

    def add(self, events: Mapping[str, BodyRetention], count: Callable[[], None]) -> None:
        """Adds applied events by their ids; `count` counts them once they are marked."""
        self._waiting.append((events, count))
        self._added.set()

    async def run(self) -> None:
        """Writes acknowledgements until cancelled; `flush` then writes the remaining ones."""
        while True:
            await self._added.wait()
            await asyncio.sleep(ACKNOWLEDGEMENT_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        waiting = list(self._waiting)
        marked = {event_id: rule for events, _ in waiting for event_id, rule in events.items()}
        self._added.clear()
        try:
            await mark_processed(marked)
        except PyMongoError as error:
            log_failure(logger, error, "%d events can't be marked as processed", len(marked))
        else:
            for _, count in waiting:
                count()
        # After the write: if it is cancelled, the next flush repeats it.
        del self._waiting[: len(waiting)]
        self._on_done(marked)


Outcome = bool | PyMongoError
"""True if the event was stored now, False if earlier, or the error that leaves this unknown."""


class GroupCommit(Coalescer[StoredEvent, Outcome]):
    """Stores events in groups, a write at a time; `on_stored` gets each new event."""

    def __init__(
        self,
        *,
        lease: timedelta,
        on_stored: Callable[[StoredEvent], None],
        capacity: Capacity = Capacity(),
    ) -> None:
        super().__init__("webhook group commit")
        self._max_events = capacity.webhook_group_events
        self._max_bytes = capacity.webhook_group_bytes
        self._lease = lease
        self._on_stored = on_stored

    async def store(self, event: StoredEvent) -> None:
        """Returns when the event is durable.

        Raises:
            PyMongoError: the event may or may not be stored.
        """
        started = time.perf_counter()
        outcome = await self.submit(event)
        if isinstance(outcome, PyMongoError):
            raise outcome
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)

    def _weigh(self, item: StoredEvent) -> float:
        return max(1 / self._max_events, len(item.body) / self._max_bytes)

    async def _process(self, calls: Sequence[Call[StoredEvent, Outcome]]) -> None:
        events = {call.item.id: call.item for call in calls}
        outcomes = dict(zip(events, await self._write(list(events.values())), strict=True))
        for call in calls:
            if not call.result.done():
                call.result.set_result(outcomes[call.item.id])
        accepted = sum(isinstance(outcomes[call.item.id], bool) for call in calls)
        stored = sum(outcome is True for outcome in outcomes.values())
        metrics.RECEIVED["stored"].inc(stored)
        metrics.RECEIVED["repeated"].inc(accepted - stored)
        # Events of callers that have disconnected are processed too.
        for event_id, outcome in outcomes.items():
            if outcome is True:
                self._on_stored(events[event_id])

    async def _write(self, events: Sequence[StoredEvent]) -> Sequence[Outcome]:
        try:
            with pymongo.timeout(WRITE_SECONDS):
                return await insert_events(events, lease=self._lease)
        except PyMongoError as error:
            return [error] * len(events)
        except Exception as error:  # noqa: BLE001 - the callers answer 503, so that Meta retries
            logger.error("A group of webhooks could not be stored: %s", describe_bug(error))
            return [PyMongoError(type(error).__name__)] * len(events)
