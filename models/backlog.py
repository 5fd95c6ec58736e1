"""Reads the work that waits in the database into the gauges of `telemetry.metrics.backlog`."""

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pymongo
from beanie import Document
from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from models.database.base import collection, utc_now
from models.database.outage_log import log_failure
from models.messages.media import MediaState
from models.messages.message import Message
from models.messages.outbox_state import OutboxState
from models.webhooks.parked_item import ParkedItem, ParkedReason, ParkedState
from models.webhooks.webhook_event import EventState, WebhookEvent
from telemetry.metrics.backlog import (
    BACKLOG_READ,
    DEAD_LETTERS,
    MEDIA_PENDING,
    OLDEST_QUEUED_SECONDS,
    OLDEST_WEBHOOK_SECONDS,
    OUTBOX_MESSAGES,
    OUTBOX_STATES,
    WEBHOOKS_UNPROCESSED,
)

logger = logging.getLogger(__name__)

MAX_COUNT = 10_000
# Scrapes within this time share a read, so that they can't load the database.
KEEP_SECONDS = 10.0
_NOTHING = (0, 0.0)


class Backlog:
    """Updates the gauges with few commands, each bounded and by an index."""

    def __init__(self, *, read_seconds: float) -> None:
        self._read_seconds = read_seconds
        self._lock = asyncio.Lock()
        self._read_at = float("-inf")

    async def refresh(self) -> None:
        """Reads the backlog unless it was read within the last 10 s.

        In an outage the gauges keep their values, and `wagraph_backlog_read` is 0.
        """
        async with self._lock:
            if time.monotonic() - self._read_at < KEEP_SECONDS:
                return
            try:
                with pymongo.timeout(self._read_seconds):
                    await asyncio.gather(
                        _read_webhooks(),
                        _read_outbox(),
                        _read_oldest_queued(),
                        _read_dead_letters(),
                        _read_media(),
                    )
            except PyMongoError as error:
                log_failure(logger, error, "The backlog can't be read for metrics")
                BACKLOG_READ.set(0)
            else:
                BACKLOG_READ.set(1)
            self._read_at = time.monotonic()


async def _read_webhooks() -> None:
    # In the order of leases, since events that no process works on are the oldest.
    groups = await _count(
        WebhookEvent, {"state": EventState.RECEIVED.value}, index="received", since="received_at"
    )
    count, age = groups.get(None, _NOTHING)
    WEBHOOKS_UNPROCESSED.set(count)
    OLDEST_WEBHOOK_SECONDS.set(age)


async def _read_outbox() -> None:
    query = {"outbox_state": {"$in": [*OUTBOX_STATES]}}
    groups = await _count(Message, query, index="send_queue", by="outbox_state")
    for state in OUTBOX_STATES:
        OUTBOX_MESSAGES[state].set(groups.get(state, _NOTHING)[0])


async def _read_oldest_queued() -> None:
    oldest = await collection(Message).find_one(
        {"outbox_state": OutboxState.READY.value},
        {"created_at": 1},
        sort=[("created_at", ASCENDING)],
        hint="outbox_oldest",
    )
    since = None if oldest is None else oldest["created_at"]
    OLDEST_QUEUED_SECONDS.set(_compute_age(since, utc_now()))


async def _read_dead_letters() -> None:
    query = {"state": ParkedState.PARKED.value}
    groups = await _count(ParkedItem, query, index="of_number", by="reason")
    for reason in ParkedReason:
        DEAD_LETTERS[reason.value].set(groups.get(reason.value, _NOTHING)[0])


async def _read_media() -> None:
    query = {"media_state": MediaState.PENDING.value}
    groups = await _count(Message, query, index="media_pending")
    MEDIA_PENDING.set(groups.get(None, _NOTHING)[0])


async def _count(
    document_class: type[Document],
    query: Mapping[str, Any],
    *,
    index: str,
    by: str | None = None,
    since: str | None = None,
) -> dict[str | None, tuple[int, float]]:
    """Returns for each value of `by` the number of documents, and the age of the oldest by `since`.

    Reads at most `MAX_COUNT` documents, in the order of this partial index.
    """
    group = {
        "_id": by and f"${by}",
        "count": {"$sum": 1},
        "first": {"$min": since and f"${since}"},
    }
    pipeline: list[dict[str, Any]] = [{"$match": query}, {"$limit": MAX_COUNT}, {"$group": group}]
    now = utc_now()
    rows = await collection(document_class).aggregate(pipeline, hint=index)
    return {row["_id"]: (row["count"], _compute_age(row["first"], now)) async for row in rows}


def _compute_age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
