"""The retired agents, whose credentials are refused without a read for each request."""

import time

from beanie import PydanticObjectId

from models import Agent
from models.database.base import collection


class AgentRetired(Exception):
    """The credential is valid, but its agent is retired."""


# After the last request with a credential of an agent; an idle process reads nothing.
KEPT_FRESH_SECONDS = 60.0


class RetiredAgents:
    """The ids of all retired agents, as of the last refresh.

    They are refreshed in the background while they are used, and by the first use after a pause.
    """

    def __init__(self) -> None:
        self._ids: frozenset[PydanticObjectId] | None = None
        self._used_at = float("-inf")

    @property
    def is_in_use(self) -> bool:
        return time.monotonic() - self._used_at < KEPT_FRESH_SECONDS

    async def refresh(self) -> None:
        """Reads the ids.

        Raises:
            PyMongoError: MongoDB is unavailable; the known ids stay.
        """
        retired = collection(Agent).find({"retired_at": {"$type": "date"}}, {"_id": 1})
        self._ids = frozenset([PydanticObjectId(agent["_id"]) async for agent in retired])

    async def require_active(self, agent_id: PydanticObjectId | None) -> None:
        """Raises AgentRetired if the agent is retired.

        Raises:
            PyMongoError: MongoDB is unavailable, and the known ids may be old.
        """
        if agent_id is None:
            return
        if self._ids is None or not self.is_in_use:
            await self.refresh()
        self._used_at = time.monotonic()
        if self.includes(agent_id):
            raise AgentRetired

    def includes(self, agent_id: PydanticObjectId | None) -> bool:
        return self._ids is not None and agent_id in self._ids
