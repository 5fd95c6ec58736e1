"""The stored bodies: each stored once, leased to one process, marked when all is applied.

Leases are in MongoDB's time, so that the clocks of the processes do not matter.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bson import Binary
from pymongo import UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError, PyMongoError, WriteError

from models import EventState, WebhookEvent
from models.database.base import collection, utc_now
from models.database.bulk_writes import DUPLICATE_KEY
from models.database.lease import lease_document, seconds_from_now
from webhooks.payload.items import Item

NOT_DURABLE = WriteConcern(w=1, j=False)
_RECEIVED = {"state": EventState.RECEIVED.value}


@dataclass(frozen=True)
class StoredEvent:
    id: str
    body: bytes
    secret_digest: str
    by_default_secret: bool = False
    """Whether that is the server's default secret."""
    received_at: datetime = field(default_factory=utc_now, compare=False)
    attempts: int = 0
    """How often it was taken over from somebody who left it without a word."""
    sender_key: str | None = field(default=None, compare=False)
    """Whose first item it is, as far as that is known."""
    names: Collection[str] = field(default=frozenset(), compare=False, repr=False)
    """What its items call their customers, and what these are called from now on."""
    moved_to: Collection[str] = field(default=frozenset(), compare=False, repr=False)
    """Those among the names under which somebody may not be known before it is applied."""
    items: Sequence[Item] | None = field(default=None, compare=False, repr=False)
    """What was read of a small body when it came, so that it is not parsed twice."""


def make_event(body: bytes, *, secret_digest: str, by_default_secret: bool = False) -> StoredEvent:
    digest = hashlib.sha256(secret_digest.encode() + body).hexdigest()
    return StoredEvent(digest, body, secret_digest, by_default_secret)


async def insert_events(
    events: Sequence[StoredEvent], *, lease: timedelta
) -> list[bool | PyMongoError]:
    """Stores bodies durably in one write. Of each: True, False if it is stored already, or the
    error after which it may or may not be stored.

    Raises:
        PyMongoError: that holds for all of them.
    """
    writes = [_make_insert(event, lease=lease) for event in events]
    try:
        result = await collection(WebhookEvent).bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        if error.details["writeConcernErrors"]:
            # Nobody knows whether it is durable, nor whether what was there before is.
            raise
        made = {one["index"] for one in error.details["upserted"]}
        problems = {one["index"]: one for one in error.details["writeErrors"]}
    else:
        made, problems = set(result.upserted_ids or {}), {}
    return [
        position in made or _read_problem(problems.get(position)) for position in range(len(writes))
    ]


def _read_problem(problem: Mapping[str, Any] | None) -> bool | PyMongoError:
    if problem is None:
        return PyMongoError("MongoDB did not say whether it is stored")
    if problem["code"] == DUPLICATE_KEY:
        return False
    return WriteError(problem["errmsg"], problem["code"], problem)


def _make_insert(event: StoredEvent, *, lease: timedelta) -> UpdateOne:
    fields = {
        "body": Binary(event.body),
        "secret_digest": {"$literal": event.secret_digest},
        "by_default_secret": event.by_default_secret,
        "received_at": "$$NOW",
        "state": EventState.RECEIVED.value,
        "lease_until": seconds_from_now(lease.total_seconds()),
        "attempts": 0,
        "processed_at": None,
    }
    # Never matches a stored event, so that a repeated body always fails on the unique `_id`.
    key = {"_id": event.id, "state": {"$exists": False}}
    return UpdateOne(key, [{"$set": fields}], upsert=True)


async def insert_event(event: StoredEvent, *, lease: timedelta) -> bool:
    """Stores one body by itself; False if it is stored already.

    Raises:
        PyMongoError: it may or may not be stored.
    """
    [outcome] = await insert_events([event], lease=lease)
    if isinstance(outcome, PyMongoError):
        raise outcome
    return outcome


async def take_over_event(*, lease: timedelta) -> StoredEvent | None:
    """Leases the event that nobody finished in time for longest, or None if there is none."""
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
    )


async def take_back_attempts(event_ids: Sequence[str]) -> None:
    """Of events that were taken over and not finished for a reason that passes."""
    if event_ids:
        await collection(WebhookEvent).update_many(
            {"_id": {"$in": event_ids}, **_RECEIVED, "attempts": {"$gt": 0}},
            {"$inc": {"attempts": -1}},
        )


async def set_leases(event_ids: Collection[str], *, lease: timedelta) -> None:
    """Keeps events that still wait in this process; a lease of no time gives them to others."""
    if event_ids:
        await collection(WebhookEvent).update_many(
            {"_id": {"$in": list(event_ids)}, **_RECEIVED},
            [{"$set": {"lease_until": seconds_from_now(lease.total_seconds())}}],
        )


async def mark_processed(event_ids: Sequence[str]) -> None:
    """Of an event whose mark is lost with its primary, the same is done once more."""
    if event_ids:
        events = collection(WebhookEvent).with_options(write_concern=NOT_DURABLE)
        await events.update_many(
            {"_id": {"$in": list(event_ids)}, **_RECEIVED},
            {"$set": {"state": EventState.PROCESSED.value, "processed_at": utc_now()}},
        )
