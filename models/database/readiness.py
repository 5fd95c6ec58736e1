"""Checks whether MongoDB can acknowledge majority writes now."""

import asyncio
import time
from typing import Any

import pymongo
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

# The endpoint is public, and each probe makes the primary write a no-op to a majority.
KEEP_SECONDS = 1.0
PROBED_COLLECTION = "webhook_events"


class MajorityProbe:
    """Reads with read concern "linearizable", which a primary without a majority can't answer.

    A ping or a majority read still succeeds on a primary that has not noticed the loss of its
    majority. Source: MongoDB manual, "Read Concern linearizable".
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], *, seconds: float = 2.0) -> None:
        self._seconds = seconds
        self._collection = database.get_collection(
            PROBED_COLLECTION, read_concern=ReadConcern("linearizable")
        )
        self._lock = asyncio.Lock()
        self._problem: str | None = None
        self._probed_at = float("-inf")

    async def find_problem(self) -> str | None:
        """Returns why majority writes fail now, or None. The answer is at most 1 s old."""
        async with self._lock:
            if time.monotonic() - self._probed_at >= KEEP_SECONDS:
                self._problem = await self._probe()
                self._probed_at = time.monotonic()
            return self._problem

    async def _probe(self) -> str | None:
        try:
            with pymongo.timeout(self._seconds):
                await self._collection.find_one({"_id": "readiness"}, projection=["_id"])
        except PyMongoError as error:
            return f"MongoDB has no majority or is unreachable ({type(error).__name__})"
        return None
