"""Presence: the agents that a process serves now, and the conversations that they look at."""

from datetime import datetime

from beanie import Document, PydanticObjectId
from pydantic import BaseModel, Field
from pymongo import ASCENDING, IndexModel

KEPT_SECONDS = 60


class Look(BaseModel):
    """An agent that looks at a conversation, or types in it."""

    agent_id: PydanticObjectId
    workspace_id: PydanticObjectId
    account_id: PydanticObjectId
    conversation_id: PydanticObjectId
    since: datetime
    typing_until: datetime | None = None


class Presence(Document):
    """`_id` is random for each start of a process. Ephemeral: it is neither watched nor restored,
    and disappears a minute after the last heartbeat.
    """

    id: PydanticObjectId
    seen_at: datetime
    """Time of the last heartbeat."""
    changed_at: datetime
    """Time of the last change of `looks` or `online_ids`."""
    looks: list[Look] = Field(default_factory=list)
    online_ids: list[PydanticObjectId] = Field(default_factory=list)
    """Agents with an open socket or event stream."""

    class Settings:
        name = "presences"
        indexes = [
            IndexModel([("seen_at", ASCENDING)], name="kept", expireAfterSeconds=KEPT_SECONDS)
        ]
