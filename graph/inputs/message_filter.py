"""Filter for messages."""

from datetime import datetime
from typing import Any

import strawberry

from graph.core.enums import MessageDirection
from graph.core.ids import require_id
from graph.inputs.whatsapp_enums import MessageType


@strawberry.input(description="Filter for messages; all given conditions must match.")
class MessageFilter:
    direction: MessageDirection | None = strawberry.field(
        default=None, description="Messages in this direction."
    )
    types: list[MessageType] | None = strawberry.field(
        default=None, description="Messages of one of these types."
    )
    sender_id: strawberry.ID | None = strawberry.field(
        default=None, description="Messages of the agent with this id."
    )
    since: datetime | None = strawberry.field(
        default=None, description="Messages with this timestamp or later."
    )
    until: datetime | None = strawberry.field(
        default=None, description="Messages with an earlier timestamp."
    )

    def list_conditions(self) -> list[dict[str, Any]]:
        """Returns MongoDB filters that all must match.

        Raises:
            NotFound: `senderId` is not the id of an agent.
        """
        conditions: list[dict[str, Any]] = []
        if self.direction is not None:
            conditions.append({"direction": self.direction.value})
        if self.types:
            conditions.append(MessageType.match_names("type", self.types))
        if self.sender_id is not None:
            agent_id = require_id(self.sender_id, "Agent", "filter", "senderId")
            conditions.append({"agent_id": agent_id})
        if self.since is not None:
            conditions.append({"timestamp": {"$gte": self.since}})
        if self.until is not None:
            conditions.append({"timestamp": {"$lt": self.until}})
        return conditions
