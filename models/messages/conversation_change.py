"""ConversationChange: a change of a conversation's status, assignee or tags, kept as a record."""

from datetime import datetime
from enum import StrEnum

from beanie import PydanticObjectId
from pydantic import BaseModel, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import InWorkspace, ObjectIdDocument, utc_now


class ConversationChangeKind(StrEnum):
    ASSIGNED = "ASSIGNED"
    UNASSIGNED = "UNASSIGNED"
    CLOSED = "CLOSED"
    REOPENED = "REOPENED"
    TAGGED = "TAGGED"


class Actor(BaseModel):
    """The member of staff or the program that did something."""

    agent_id: PydanticObjectId | None = None
    """None for the key of a server."""
    credential: str
    """The API key's id, or the subject of a token."""
    name: str
    """Name of the credential at that time."""


class ConversationChange(InWorkspace, ObjectIdDocument):
    """Immutable, except that it follows its conversation into the one of a merged contact."""

    account_id: PydanticObjectId
    conversation_id: PydanticObjectId
    kind: ConversationChangeKind
    timestamp: datetime
    """Later than the previous change of the conversation."""
    actor: Actor | None = None
    """None if a message or a merge of contacts caused the change."""
    message_id: PydanticObjectId | None = None
    """The message that reopened the conversation."""
    assignee_id: PydanticObjectId | None = None
    """The agent since the change."""
    previous_assignee_id: PydanticObjectId | None = None
    added_tags: list[str] = Field(default_factory=list)
    removed_tags: list[str] = Field(default_factory=list)
    created_at: datetime = Field(default_factory=utc_now)

    @property
    def actor_id(self) -> PydanticObjectId | None:
        """The agent; None for the key of a server and without an actor."""
        return None if self.actor is None else self.actor.agent_id

    @property
    def actor_name(self) -> str | None:
        return None if self.actor is None else self.actor.name

    class Settings:
        name = "conversation_changes"
        indexes = [
            IndexModel(
                [("conversation_id", ASCENDING), ("timestamp", DESCENDING), ("_id", DESCENDING)],
                name="history",
            ),
            IndexModel([("account_id", ASCENDING)], name="account"),
        ]
