"""The documents in which processes keep the presence of their agents."""

from collections.abc import Collection, Sequence
from time import monotonic
from typing import Any

from beanie import PydanticObjectId
from bson import ObjectId

from models import Look, Presence
from models.database.base import collection, from_bson

# Lists that changed before this time are known from an earlier read, at most half as long ago:
# a write may become visible a while after its `$$NOW`.
RECENT_SECONDS = 10


class PresenceStore:
    """Writes the document of this process, and reads the documents of other processes."""

    def __init__(self) -> None:
        # Not `new_id`: two processes may start at the same time after a copy of the machine.
        self._id = PydanticObjectId(ObjectId())
        self._written: tuple[list[dict[str, Any]], list[PydanticObjectId]] = ([], [])
        self._written_at = float("-inf")
        self._known: dict[PydanticObjectId, Presence] = {}
        self._read_at = float("-inf")

    async def write(
        self,
        looks: Sequence[Look],
        online_ids: Collection[PydanticObjectId],
        *,
        heartbeat_seconds: float,
    ) -> None:
        """Writes changes at once, and otherwise a heartbeat if it is due."""
        state = [look.model_dump() for look in looks], sorted(online_ids)
        if not any(state):
            await self.withdraw()
        elif state != self._written:
            await self._write_state(*state)
            self._written = state
        elif monotonic() - self._written_at >= heartbeat_seconds:
            await self._write_heartbeat()

    async def withdraw(self) -> None:
        """Deletes the document of this process, if there is one."""
        if any(self._written):
            await collection(Presence).delete_one({"_id": self._id})
            self._written = ([], [])

    async def _write_state(
        self, looks: list[dict[str, Any]], online_ids: list[PydanticObjectId]
    ) -> None:
        state = {
            "seen_at": "$$NOW",
            "changed_at": "$$NOW",
            "looks": {"$literal": looks},
            "online_ids": {"$literal": online_ids},
        }
        await collection(Presence).update_one({"_id": self._id}, [{"$set": state}], upsert=True)
        self._written_at = monotonic()

    async def _write_heartbeat(self) -> None:
        result = await collection(Presence).update_one(
            {"_id": self._id}, [{"$set": {"seen_at": "$$NOW"}}]
        )
        self._written_at = monotonic()
        if not result.matched_count:  # expired while the process was stopped
            self._written = ([], [])

    async def read_others(self, *, expiry_seconds: float) -> list[Presence]:
        """Returns the presence of the processes whose heartbeat is not older than this."""
        started = monotonic()
        is_late = started - self._read_at > RECENT_SECONDS / 2
        rows = await self._read(expiry_seconds, is_complete=is_late)
        if any("looks" not in fields and fields["_id"] not in self._known for fields in rows):
            rows = await self._read(expiry_seconds, is_complete=True)
        self._known = {
            fields["_id"]: from_bson(Presence, fields)
            if "looks" in fields
            else self._known[fields["_id"]]
            for fields in rows
        }
        self._read_at = started
        return [*self._known.values()]

    async def _read(self, expiry_seconds: float, *, is_complete: bool) -> list[dict[str, Any]]:
        """Reads the lists only of documents that have changed recently, unless all are needed."""
        earliest = {"$subtract": ["$$NOW", int(expiry_seconds * 1000)]}
        recent = {"$gte": ["$changed_at", {"$subtract": ["$$NOW", RECENT_SECONDS * 1000]}]}
        lists = {
            name: f"${name}" if is_complete else {"$cond": [recent, f"${name}", "$$REMOVE"]}
            for name in ("looks", "online_ids")
        }
        cursor = await collection(Presence).aggregate(
            [
                {
                    "$match": {
                        "_id": {"$ne": self._id},
                        "$expr": {"$gt": ["$seen_at", earliest]},
                    }
                },
                {"$project": {"seen_at": 1, "changed_at": 1, **lists}},
            ]
        )
        return await cursor.to_list()
