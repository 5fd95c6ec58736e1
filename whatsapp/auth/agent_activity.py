"""The times at which agents were last seen, written in the background."""

import asyncio
from datetime import datetime
from time import monotonic

from beanie import PydanticObjectId
from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from models import Agent
from models.database.base import collection, utc_now

# An agent is written at most once in this time by each process.
STEP_SECONDS = 60.0


class AgentActivity:
    """Collects the agents that use this process."""

    def __init__(self, *, flush_seconds: float) -> None:
        self._flush_seconds = flush_seconds
        self._recorded_at: dict[PydanticObjectId, float] = {}
        self._waiting: dict[PydanticObjectId, datetime] = {}

    def record(self, agent_id: PydanticObjectId | None) -> None:
        """Notes that the agent is active; never waits."""
        now = monotonic()
        if agent_id is None or now - self._recorded_at.get(agent_id, -STEP_SECONDS) < STEP_SECONDS:
            return
        self._recorded_at[agent_id] = now
        self._waiting[agent_id] = utc_now()

    async def run(self) -> None:
        """Writes the times until it is cancelled."""
        while True:
            await asyncio.sleep(self._flush_seconds)
            await self._flush()

    async def _flush(self) -> None:
        earliest = monotonic() - STEP_SECONDS
        self._recorded_at = {
            agent_id: at for agent_id, at in self._recorded_at.items() if at > earliest
        }
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        updates = [
            UpdateOne({"_id": agent_id}, {"$max": {"last_seen_at": seen_at}})
            for agent_id, seen_at in waiting.items()
        ]
        try:
            await collection(Agent).bulk_write(updates, ordered=False)
        except PyMongoError:
            # The next run writes them; a repetition is harmless.
            self._waiting = waiting | self._waiting
            raise
