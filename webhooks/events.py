"""The stored bodies: each stored once, leased to one process, marked when all is applied.

Leases are in MongoDB's time, so that the clocks of the processes do not matter.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bson import Binary
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from models import EventState, WebhookEvent
from models.base import collection, utc_now

_RECEIVED = {"state": EventState.RECEIVED.value}


@dataclass(frozen=True)
class StoredEvent:
    id: str
    body: bytes
    secret_digest: str
    attempts: int = 0
    """How often it was taken over from somebody who had not finished it."""


def make_event(body: bytes, *, secret_digest: str) -> StoredEvent:
    digest = hashlib.sha256(secret_digest.encode() + body).hexdigest()
    return StoredEvent(id=digest, body=body, secret_digest=secret_digest)


async def insert_event(event: StoredEvent, *, lease: timedelta) -> bool:
    """Stores the body durably; False if it is stored already.

    Raises:
        PyMongoError: it may or may not be stored.
    """
    fields = {
        "body": Binary(event.body),
        "secret_digest": {"$literal": event.secret_digest},
        "received_at": "$$NOW",
        "state": EventState.RECEIVED.value,
        "lease_until": _after(lease),
        "attempts": 0,
        "processed_at": None,
    }
    try:
        # Never matches a stored event, so that a repeated body always fails on the unique `_id`.
        await collection(WebhookEvent).update_one(
            {"_id": event.id, "state": {"$exists": False}}, [{"$set": fields}], upsert=True
        )
    except DuplicateKeyError:
        return False
    return True


async def take_over_event(*, lease: timedelta) -> StoredEvent | None:
    """Leases one event that nobody finished in time, or None if there is none."""
    document = await collection(WebhookEvent).find_one_and_update(
        {**_RECEIVED, "$expr": {"$lt": ["$lease_until", "$$NOW"]}},
        [{"$set": {"lease_until": _after(lease), "attempts": {"$add": ["$attempts", 1]}}}],
        return_document=ReturnDocument.AFTER,
    )
    if document is None:
        return None
    return StoredEvent(
        id=document["_id"],
        body=bytes(document["body"]),
        secret_digest=document["secret_digest"],
        attempts=document["attempts"],
    )


async def set_leases(event_ids: Collection[str], *, lease: timedelta) -> None:
    """Keeps events that still wait in this process; a lease of no time gives them to others."""
    if event_ids:
        await collection(WebhookEvent).update_many(
            {"_id": {"$in": list(event_ids)}, **_RECEIVED},
            [{"$set": {"lease_until": _after(lease)}}],
        )


async def mark_processed(event_ids: Sequence[str]) -> None:
    if event_ids:
        await collection(WebhookEvent).update_many(
            {"_id": {"$in": list(event_ids)}, **_RECEIVED},
            {"$set": {"state": EventState.PROCESSED.value, "processed_at": utc_now()}},
        )


def _after(lease: timedelta) -> dict[str, Any]:
    return {"$add": ["$$NOW", int(lease.total_seconds() * 1000)]}
