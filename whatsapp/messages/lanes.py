"""Lanes: numbering, leases and fences of the outbox of each conversation.

All times in a lane are the database's, so that processes with different clocks agree on a lease;
inside the process a lease is watched with the monotonic clock from just before it was asked for.
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
from models.database.base import collection

ACTIVE_STATES = [OutboxState.READY.value, OutboxState.SENDING.value, OutboxState.HOLDING.value]
# Of each account, oldest first: whatever lies behind the limit is reached when these are done.
SWEEP_LIMIT = 1000


@dataclass
class Lease:
    """A lane taken for a while. `wakes` is what the lane's was when it was last read."""

    lane_id: PydanticObjectId
    account_id: PydanticObjectId
    fence: int
    wakes: int
    read_at: datetime
    """The database's time when the lease was taken or renewed."""
    started: float
    """Monotonic time just before that: the lease ends no earlier than `seconds` after it."""
    seconds: float

    def remaining_seconds(self) -> float:
        return self.started + self.seconds - time.monotonic()

    def database_now(self) -> datetime:
        return self.read_at + timedelta(seconds=time.monotonic() - self.started)


@dataclass(frozen=True)
class DueLane:
    """A lane that was free and due when it was looked at."""

    id: PydanticObjectId
    account_id: PydanticObjectId
    fence: int
    wakes: int
    read_at: datetime
    started: float

    def as_found(self) -> dict[str, Any]:
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
    "$expr": {
        "$and": [
            {"$lte": ["$next_attempt_at", "$$NOW"]},
            {"$lte": ["$leased_until", "$$NOW"]},  # None is less than every date
        ]
    }
}


async def take_number(account_id: PydanticObjectId, conversation_id: PydanticObjectId) -> int:
    """The lane's next number: messages are sent in the order of their numbers."""
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
            continue  # somebody else has just made it, so the second time it is there
        return 0 if lane is None else int(lane["next_number"])
    raise AssertionError("unreachable")


async def wake_lane(lane_id: PydanticObjectId) -> None:
    """Makes the lane due now. Its head may still have to wait: messages know that themselves."""
    await collection(Lane).update_one({"_id": lane_id}, _WAKE)


async def wake_lanes(lane_ids: Collection[PydanticObjectId]) -> None:
    """The same for many, in one round trip."""
    await collection(Lane).update_many({"_id": {"$in": list(lane_ids)}}, _WAKE)


_WAKE = [{"$set": {"next_attempt_at": "$$NOW", "wakes": {"$add": ["$wakes", 1]}}}]


async def find_due(*, except_accounts: Sequence[PydanticObjectId], limit: int) -> list[DueLane]:
    """Free lanes with something to do, those that are due longest first."""
    started = time.monotonic()
    # The type lets MongoDB use the partial index of lanes that have something to do.
    query: dict[str, Any] = {"next_attempt_at": {"$type": "date"}, **_IS_DUE}
    if except_accounts:
        query["account_id"] = {"$nin": list(except_accounts)}
    found = (
        collection(Lane)
        .find(query, {"account_id": 1, "fence": 1, "wakes": 1, "now": "$$NOW"})
        .sort("next_attempt_at", ASCENDING)
        .limit(limit)
    )
    return [
        DueLane(lane["_id"], lane["account_id"], lane["fence"], lane["wakes"], lane["now"], started)
        async for lane in found
    ]


async def claim_lanes(due: Sequence[DueLane], owner: str, *, lease_seconds: float) -> list[Lease]:
    """Takes those lanes that nobody has taken or woken since they were found."""
    if not due:
        return []
    claim = f"{owner}/{secrets.token_hex(8)}"
    taken = _extend(lease_seconds) | {"lease_owner": claim, "fence": {"$add": ["$fence", 1]}}
    result = await collection(Lane).bulk_write(
        [UpdateOne(lane.as_found(), [{"$set": taken}]) for lane in due], ordered=False
    )
    if result.matched_count < len(due):
        ids = [lane.id for lane in due]
        ours = collection(Lane).find({"_id": {"$in": ids}, "lease_owner": claim}, {"_id": 1})
        taken_ids = {lane["_id"] async for lane in ours}
        due = [lane for lane in due if lane.id in taken_ids]
    return [lane.to_lease(lease_seconds) for lane in due]


async def renew_lease(lease: Lease) -> bool:
    """Extends the lease in place; False if the lane has been taken over."""
    started = time.monotonic()
    lane = await collection(Lane).find_one_and_update(
        {"_id": lease.lane_id, "fence": lease.fence},
        [{"$set": _extend(lease.seconds)}],
        return_document=ReturnDocument.AFTER,
    )
    if lane is None:
        return False
    lease.wakes, lease.started = lane["wakes"], started
    lease.read_at = lane["leased_until"] - timedelta(milliseconds=int(lease.seconds * 1000))
    return True


async def release_unless_woken(lease: Lease, *, next_attempt_at: datetime | None) -> bool:
    """Ends the lease, with the time of the next look, None where there is nothing to do.

    False if the lane was woken since it was last read (then it is still ours) or taken over.
    """
    result = await collection(Lane).update_one(
        {"_id": lease.lane_id, "fence": lease.fence, "wakes": lease.wakes},
        {"$set": {"next_attempt_at": next_attempt_at, **_FREE}},
    )
    return bool(result.matched_count)


async def release_lease(lease: Lease, *, next_attempt_at: datetime | None = None) -> None:
    """Ends the lease, woken or not, and leaves the lane due: now or at the given time."""
    due = {} if next_attempt_at is None else {"next_attempt_at": next_attempt_at}
    await collection(Lane).update_one(
        {"_id": lease.lane_id, "fence": lease.fence}, {"$set": {**due, **_FREE}}
    )


_FREE = {"leased_until": None, "lease_owner": None}


async def wake_waiting_lanes() -> int:
    """Wakes lanes that nobody would look at although they hold messages that may be sent.

    Such are the lanes of an account that was disabled or stopped and is well again, and those
    whose process ended between storing a message and waking its lane. Returns how many.
    """
    well = {"enabled": True, "deleted_at": None, "health.state": HealthState.OK.value}
    found = await collection(Account).aggregate([{"$match": well}, *_LIST_WAITING_LANES])
    lane_ids = [lane["_id"] async for lane in found]
    if not lane_ids:
        return 0
    result = await collection(Lane).update_many(
        {"_id": {"$in": lane_ids}, "next_attempt_at": None}, _WAKE
    )
    return result.modified_count


# By account, so that none waits for another's messages; of each the index of its outbox is read.
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
    # Together with the look-up, so that no document has to hold all of its messages.
    {"$unwind": "$waiting"},
    {"$group": {"_id": "$waiting.conversation_id"}},
]


def _extend(lease_seconds: float) -> dict[str, Any]:
    until = {
        "$dateAdd": {
            "startDate": "$$NOW",
            "unit": "millisecond",
            "amount": int(lease_seconds * 1000),
        }
    }
    return {"leased_until": until}
