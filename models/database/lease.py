"""Leases by the database's clock: at most one holder in the whole deployment."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError, PyMongoError

LEASE_SECONDS = 30.0
_EXPIRED = {"$lte": ["$leased_until", "$$NOW"]}  # None is less than every date


class Lease:
    """A lease named `name`, for this holder."""

    def __init__(
        self, database: AsyncDatabase[dict[str, Any]], name: str, *, seconds: float = LEASE_SECONDS
    ) -> None:
        self._leases = database["leases"]
        self._name = name
        self._seconds = seconds
        self._owner = secrets.token_hex(8)
        self.lost = asyncio.Event()
        """Set when another holder has taken it; only known while it is renewed."""

    async def acquire(self) -> bool:
        """Takes the lease if nobody holds it; returns whether this holder has it now."""
        is_free = {"$or": [_EXPIRED, {"$eq": ["$owner", self._owner]}]}
        taken = {
            name: {"$cond": [is_free, value, f"${name}"]} for name, value in self._taken().items()
        }
        try:
            lease = await self._leases.find_one_and_update(
                {"_id": self._name},
                [{"$set": taken}],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            return False  # another holder has just made it
        is_ours = lease is not None and lease["owner"] == self._owner
        if is_ours:
            self.lost.clear()
        return is_ours

    async def renew(self) -> bool:
        """Extends the lease; returns False if another holder has taken it."""
        result = await self._leases.update_one(
            {"_id": self._name, "owner": self._owner}, [{"$set": self._taken()}]
        )
        if not result.matched_count:
            self.lost.set()
        return result.matched_count == 1

    async def release(self) -> None:
        """Frees the lease for the next holder, if it is still held."""
        await self._leases.update_one(
            {"_id": self._name, "owner": self._owner}, {"$set": {"leased_until": None}}
        )

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Keeps the acquired lease alive within, and releases it afterwards."""
        task = asyncio.create_task(self._keep_alive(), name=f"lease {self._name}")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            with suppress(PyMongoError):  # it expires by itself
                await self.release()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            with suppress(PyMongoError):
                await self.renew()

    def _taken(self) -> dict[str, Any]:
        amount = int(self._seconds * 1000)
        until = {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": amount}}
        return {"owner": self._owner, "leased_until": until}
