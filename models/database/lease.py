"""Leases by the database's clock: of documents that are due, and of named tasks of a deployment."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from pymongo import ASCENDING, ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError, PyMongoError

from models.database.base import DocumentType, collection, from_bson, has_passed, seconds_from_now

LEASE_SECONDS = 30.0


async def lease_document(
    document_class: type[DocumentType],
    query: Mapping[str, Any],
    *,
    field: str,
    seconds: float,
    order: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> DocumentType | None:
    """Leases the first free document that matches `query`, or returns None if there is none.

    `field` holds the end of the lease: a document is free if that time has passed or is None.
    Documents are taken in ascending order of the field `order`, by default of `field`. `changes`
    are expressions that are set with the lease.
    """
    document = await collection(document_class).find_one_and_update(
        {"$and": [query, {"$expr": has_passed(field)}]},
        [{"$set": {**(changes or {}), field: seconds_from_now(seconds)}}],
        sort=[(order or field, ASCENDING)],
        return_document=ReturnDocument.AFTER,
    )
    return None if document is None else from_bson(document_class, document)


class Lease:
    """A named lease that a single process of the deployment holds."""

    def __init__(
        self, database: AsyncDatabase[dict[str, Any]], name: str, *, seconds: float = LEASE_SECONDS
    ) -> None:
        self._leases = database["leases"]
        self._name = name
        self._seconds = seconds
        self._owner = secrets.token_hex(8)
        self.lost = asyncio.Event()
        """Set when a renewal finds that another process has taken the lease."""

    async def acquire(self) -> bool:
        """Takes the lease if it is free. Returns True if this object holds it now."""
        is_free = {"$or": [has_passed("leased_until"), {"$eq": ["$owner", self._owner]}]}
        taken = {
            name: {"$cond": [is_free, value, f"${name}"]}
            for name, value in self._make_fields().items()
        }
        try:
            lease = await self._leases.find_one_and_update(
                {"_id": self._name},
                [{"$set": taken}],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            return False  # another process has just created it
        is_held = lease is not None and lease["owner"] == self._owner
        if is_held:
            self.lost.clear()
        return is_held

    async def renew(self) -> bool:
        """Extends the lease. Returns False if another process has taken it."""
        result = await self._leases.update_one(
            {"_id": self._name, "owner": self._owner}, [{"$set": self._make_fields()}]
        )
        if not result.matched_count:
            self.lost.set()
        return result.matched_count == 1

    async def release(self) -> None:
        """Frees the lease if it is still held."""
        await self._leases.update_one(
            {"_id": self._name, "owner": self._owner}, {"$set": {"leased_until": None}}
        )

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Renews the acquired lease until the block ends, then releases it."""
        task = asyncio.create_task(self._keep_alive(), name=f"lease {self._name}")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            with suppress(PyMongoError):  # the lease expires anyway
                await self.release()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            with suppress(PyMongoError):
                await self.renew()

    def _make_fields(self) -> dict[str, Any]:
        return {"owner": self._owner, "leased_until": seconds_from_now(self._seconds)}
