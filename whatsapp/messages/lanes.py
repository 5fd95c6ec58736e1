"""Lanes: numbering, leases and fences of the outbox of each conversation.

Times in a lane are the database's, so that processes with different clocks agree on a lease. Within
the process a lease is measured by the monotonic clock, from just before its request.
"""

import secrets
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING, ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from models import Account, HealthState, Lane, Message, OutboxState
from models.database.base import collection, has_passed, seconds_from_now

ACTIVE_STATES = [OutboxState.READY.value, OutboxState.SENDING.value, OutboxState.HOLDING.value]
# Per account, oldest first; further messages follow when these are done.
SWEEP_LIMIT = 1000


@dataclass
class Lease:
    """A leased lane. `wakes` is the lane's counter when it was last read."""

    lane_id: PydanticObjectId
    account_id: PydanticObjectId
    fence: int
    wakes: int
    read_at: datetime
    """The database's time when the lease was claimed or renewed."""
    started: float
    """Monotonic time just before; the lease ends at least `seconds` after it."""
    seconds: float

    def remaining_seconds(self) -> float:
        return self.started + self.seconds - time.monotonic()

    def database_now(self) -> datetime:
        return self.read_at + timedelta(seconds=time.monotonic() - self.started)


@dataclass(frozen=True)
class DueLane:
    """A lane that was free and due when it was read."""

    id: PydanticObjectId
    account_id: PydanticObjectId
    fence: int
    wakes: int
    read_at: datetime
    started: float

    def match_unchanged(self) -> dict[str, Any]:
        return {"_id": self.id, "fence": self.fence, "wakes": self.wakes, **_IS_DUE}

    def to_lease(self, seconds: float) -> Lease:
        return Lease(
            lane_id=self.id,
            account_id=self.account_id,
            fence=self.fence + 1,
            wakes=self.wakes,
            read_at=self.read_at,
            started=self.started,
            seconds=seconds,
        )


_IS_DUE: dict[str, Any] = {
    "$expr": {"$and": [has_passed("next_attempt_at"), has_passed("leased_until")]}
}


async def take_number(account_id: PydanticObjectId, conversation_id: PydanticObjectId) -> int:
    """Returns the lane's next number; messages are sent in the order of their numbers."""
    update: dict[str, Any] = {
        "$inc": {"next_number": 1},
        "$setOnInsert": {
            "account_id": account_id,
            "next_attempt_at": None,
            "leased_until": None,
            "lease_owner": None,
            "wakes": 0,
            "fence": 0,
        },
    }
    for is_last in (False, True):
        try:
            lane = await collection(Lane).find_one_and_update(
                {"_id": conversation_id}, update, upsert=True
            )
        except DuplicateKeyError:
            if is_last:
                raise
            continue  # inserted concurrently, so it exists in the second attempt
        return 0 if lane is None else int(lane["next_number"])
    raise AssertionError("unreachable")


async def wake_lane(lane_id: PydanticObjectId) -> None:
    """Makes the lane due now; its first message may still have to wait."""
    await collection(Lane).update_one({"_id": lane_id}, _WAKE)


async def wake_lanes(lane_ids: Collection[PydanticObjectId]) -> None:
    """Makes many lanes due now, in one round trip."""
    await collection(Lane).update_many({"_id": {"$in": list(lane_ids)}}, _WAKE)


_WAKE = [{"$set": {"next_attempt_at": "$$NOW", "wakes": {"$add": ["$wakes", 1]}}}]


async def find_due(*, except_accounts: Sequence[PydanticObjectId], limit: int) -> list[DueLane]:
    """Returns free lanes that are due, longest due first."""
    started = time.monotonic()
    # The type makes MongoDB use the partial index of due lanes.
    query: dict[str, Any] = {"next_attempt_at": {"$type": "date"}, **_IS_DUE}
    if except_accounts:
        query["account_id"] = {"$nin": list(except_accounts)}
    lanes = (
        collection(Lane)
        .find(query, {"account_id": 1, "fence": 1, "wakes": 1, "now": "$$NOW"})
        .sort("next_attempt_at", ASCENDING)
        .limit(limit)
    )
    return [
        DueLane(lane["_id"], lane["account_id"], lane["fence"], lane["wakes"], lane["now"], started)
        async for lane in lanes
    ]


async def claim_lanes(due: Sequence[DueLane], owner: str, *, lease_seconds: float) -> list[Lease]:
    """Leases the lanes that were not leased or woken since they were read."""
    if not due:
        return []
    claim = f"{owner}/{secrets.token_hex(8)}"
    changes = {
        "leased_until": seconds_from_now(lease_seconds),
        "lease_owner": claim,
        "fence": {"$add": ["$fence", 1]},
    }
    result = await collection(Lane).bulk_write(
        [UpdateOne(lane.match_unchanged(), [{"$set": changes}]) for lane in due], ordered=False
    )
    if result.matched_count < len(due):
        ids = [lane.id for lane in due]
        claimed = collection(Lane).find({"_id": {"$in": ids}, "lease_owner": claim}, {"_id": 1})
        claimed_ids = {lane["_id"] async for lane in claimed}
        due = [lane for lane in due if lane.id in claimed_ids]
    return [lane.to_lease(lease_seconds) for lane in due]


async def renew_lease(lease: Lease) -> bool:
    """Extends the lease in place; returns False if the lane was taken over."""
    started = time.monotonic()
    lane = await collection(Lane).find_one_and_update(
        {"_id": lease.lane_id, "fence": lease.fence},
        [{"$set": {"leased_until": seconds_from_now(lease.seconds)}}],
        return_document=ReturnDocument.AFTER,
    )
    if lane is None:
        return False
    lease.wakes, lease.started = lane["wakes"], started
    lease.read_at = lane["leased_until"] - timedelta(milliseconds=int(lease.seconds * 1000))
    return True


async def release_unless_woken(lease: Lease, *, next_attempt_at: datetime | None) -> bool:
    """Releases the lease and sets the time of the next attempt, None if the lane is empty.

    Returns False if the lane was woken since it was last read (the lease then stays) or taken over.
    """
    result = await collection(Lane).update_one(
        {"_id": lease.lane_id, "fence": lease.fence, "wakes": lease.wakes},
        {"$set": {"next_attempt_at": next_attempt_at, **_FREE}},
    )
    return bool(result.matched_count)


async def release_lease(lease: Lease, *, next_attempt_at: datetime | None = None) -> None:
    """Releases the lease, woken or not, and leaves the lane due now or at the given time."""
    due = {} if next_attempt_at is None else {"next_attempt_at": next_attempt_at}
    await collection(Lane).update_one(
        {"_id": lease.lane_id, "fence": lease.fence}, {"$set": {**due, **_FREE}}
    )


_FREE = {"leased_until": None, "lease_owner": None}


async def wake_waiting_lanes() -> int:
    """Wakes lanes that have sendable messages but are not due; returns how many.

    These are lanes of accounts that may send again, and lanes whose process ended between storing a
    message and waking the lane.
    """
    may_send = {"enabled": True, "deleted_at": None, "health.state": HealthState.OK.value}
    rows = await collection(Account).aggregate([{"$match": may_send}, *_LIST_WAITING_LANES])
    lane_ids = [lane["_id"] async for lane in rows]
    if not lane_ids:
        return 0
    result = await collection(Lane).update_many(
        {"_id": {"$in": lane_ids}, "next_attempt_at": None}, _WAKE
    )
    return result.modified_count


# Per account, so that accounts don't wait for each other; reads the index of its outbox.
_WAITING_OF_ACCOUNT: dict[str, Any] = {
    "from": Message.Settings.name,
    "localField": "_id",
    "foreignField": "account_id",
    "pipeline": [
        {"$match": {"outbox_state": {"$in": ACTIVE_STATES}}},
        {"$sort": {"created_at": ASCENDING}},
        {"$limit": SWEEP_LIMIT},
        {"$project": {"conversation_id": 1}},
    ],
    "as": "waiting",
}
_LIST_WAITING_LANES: list[dict[str, Any]] = [
    {"$lookup": _WAITING_OF_ACCOUNT},
    # MongoDB combines this with the `$lookup`, so that no document holds all messages.
    {"$unwind": "$waiting"},
    {"$group": {"_id": "$waiting.conversation_id"}},
]
