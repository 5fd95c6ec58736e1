"""Slots: the times at which an account may send, granted by a document per account.

A grant serves several sends. All processes use the same document, so together they keep the
account's rate. Times are the database's; a grant is converted to monotonic times.

Writes don't wait for a majority: a grant lost in a failover costs only a refusal.
"""

import time
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from models import Pace
from models.database.base import collection

# After this many consecutive requests without an answer from Meta, only probes are sent.
FAILURES_TO_OPEN = 5
# A worker does not keep its lane to wait for slots later than this.
HORIZON_SECONDS = 5.0
# A refusal lowers the rate by a fifth, which recovers within twelve seconds.
SLOWDOWN = 0.8
RECOVERY_SECONDS = 60.0
SLOWEST_RATE = 1.0
THROTTLE_PAUSE_MS = 200.0
# Refusals within this time count as a single refusal.
SAME_EXCESS_MS = 1000.0


@dataclass(frozen=True)
class Grant:
    """`count` slots, `interval` seconds apart; `first` is a monotonic time, also for no slots."""

    count: int
    first: float
    interval: float
    failures: int


@dataclass(frozen=True)
class Terms:
    """The full rate of an account, and the interval of probes while Meta does not answer."""

    rate: float
    probe_seconds: float


async def take_slots(account_id: PydanticObjectId, *, count: int, terms: Terms) -> Grant:
    """Takes up to `count` slots; while Meta does not answer, one every `probe_seconds`."""
    started = time.monotonic()
    pace = await _update_pace(account_id, _build_grant(count, terms))
    return Grant(
        count=int(pace["granted"]),
        first=started + (pace["start_ms"] - pace["now_ms"]) / 1000,
        interval=pace["interval_ms"] / 1000,
        failures=int(pace["failures"]),
    )


async def count_failure(account_id: PydanticObjectId, terms: Terms) -> int:
    """Counts a request without an answer. Returns the number of consecutive requests."""
    opens = {"$eq": ["$failures", FAILURES_TO_OPEN]}
    probe_at = {"$add": ["$now_ms", terms.probe_seconds * 1000]}
    pace = await _update_pace(
        account_id,
        [
            {"$set": {"failures": {"$add": ["$failures", 1]}}},
            {"$set": {"free_ms": {"$cond": [opens, {"$max": ["$free_ms", probe_at]}, "$free_ms"]}}},
        ],
    )
    return int(pace["failures"])


async def clear_failures(account_id: PydanticObjectId) -> bool:
    """Resets the count after an answer. Returns True if only probes were sent until now."""
    pace = await _get_collection().find_one_and_update(
        {"_id": account_id, "failures": {"$gt": 0}}, {"$set": {"failures": 0}}
    )
    if pace is None or pace["failures"] < FAILURES_TO_OPEN:
        return False
    await _get_collection().update_one({"_id": account_id}, {"$set": {"free_ms": 0.0}})
    return True


async def slow_down(account_id: PydanticObjectId, terms: Terms, *, pause_seconds: float) -> None:
    """Lowers the rate after Meta refused a message for it; grants no slots during the pause."""
    is_new = {"$gt": [{"$subtract": ["$now_ms", SAME_EXCESS_MS]}, "$throttled_ms"]}
    less = {"$max": [{"$multiply": [_compute_rate(terms), SLOWDOWN]}, SLOWEST_RATE]}
    later = {"$add": [{"$max": ["$free_ms", "$now_ms"]}, THROTTLE_PAUSE_MS]}
    pause_ends = {"$add": ["$now_ms", pause_seconds * 1000]}
    await _update_pace(
        account_id,
        [
            {"$set": {"is_new": is_new}},
            {
                "$set": {
                    "throttled_rate": {"$cond": ["$is_new", less, "$throttled_rate"]},
                    "free_ms": {"$max": [{"$cond": ["$is_new", later, "$free_ms"]}, pause_ends]},
                }
            },
            {"$set": {"throttled_ms": {"$cond": ["$is_new", "$now_ms", "$throttled_ms"]}}},
            {"$unset": "is_new"},
        ],
    )


def _build_grant(count: int, terms: Terms) -> list[dict[str, Any]]:
    probe_ms = terms.probe_seconds * 1000
    is_silent = {"$gte": ["$failures", FAILURES_TO_OPEN]}
    ahead = {"$subtract": ["$start_ms", "$now_ms"]}
    granted = {
        "$switch": {
            "branches": [
                {"case": {"$gt": [ahead, HORIZON_SECONDS * 1000]}, "then": 0},
                {"case": {"$not": [is_silent]}, "then": count},
                {"case": {"$lte": [ahead, 0]}, "then": 1},
            ],
            "default": 0,
        }
    }
    interval = {"$cond": [is_silent, probe_ms, {"$divide": [1000.0, _compute_rate(terms)]}]}
    return [
        {"$set": {"start_ms": {"$max": ["$free_ms", "$now_ms"]}, "interval_ms": interval}},
        {"$set": {"granted": granted}},
        {"$set": {"free_ms": {"$add": ["$start_ms", {"$multiply": ["$granted", "$interval_ms"]}]}}},
    ]


def _compute_rate(terms: Terms) -> dict[str, Any]:
    """Returns the current rate: the full rate, or a lower rate after a recent refusal."""
    since = {"$subtract": ["$now_ms", "$throttled_ms"]}
    regained = {"$multiply": [since, terms.rate / RECOVERY_SECONDS / 1000]}
    # $min ignores None.
    return {"$min": [terms.rate, {"$add": ["$throttled_rate", regained]}]}


async def _update_pace(
    account_id: PydanticObjectId, stages: list[dict[str, Any]]
) -> dict[str, Any]:
    """Changes the account's document, or inserts it, and returns the result."""
    basis = {
        "asked_at": "$$NOW",
        "now_ms": {"$toDouble": {"$toLong": "$$NOW"}},
        **{name: {"$ifNull": [f"${name}", 0]} for name in ("free_ms", "failures")},
        **{name: {"$ifNull": [f"${name}", None]} for name in ("throttled_rate", "throttled_ms")},
    }
    for is_last in (False, True):
        try:
            pace: dict[str, Any] | None = await _get_collection().find_one_and_update(
                {"_id": account_id},
                [{"$set": basis}, *stages],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            if is_last:
                raise
            continue  # a concurrent call has just inserted it
        if pace is not None:
            return pace
    raise AssertionError("unreachable")


def _get_collection() -> AsyncCollection[dict[str, Any]]:
    return collection(Pace).with_options(write_concern=WriteConcern(w=1))
