"""Note: a text of staff about a conversation, which the customer never sees."""

from datetime import datetime

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import ANY_STRING, InWorkspace, ObjectIdDocument, utc_now
from models.messages.conversation_change import Actor


class Note(InWorkspace, ObjectIdDocument):
    account_id: PydanticObjectId
    conversation_id: PydanticObjectId
    author: Actor
    body: str
    mention_ids: list[PydanticObjectId] = Field(default_factory=list)
    """The mentioned agents."""
    timestamp: datetime = Field(default_factory=utc_now)
    """Time at which it was written; its place in the timeline."""
    edited_at: datetime | None = None
    idempotency_key: str | None = None
    input_digest: str | None = None
    """SHA-256 of the input, to distinguish a repeated request from a reused key."""

    @property
    def author_id(self) -> PydanticObjectId | None:
        """The agent; None for the key of a server."""
        return self.author.agent_id

    @property
    def author_name(self) -> str:
        return self.author.name

    class Settings:
        name = "notes"
        indexes = [
            IndexModel(
                [("conversation_id", ASCENDING), ("timestamp", DESCENDING), ("_id", DESCENDING)],
                name="history",
            ),
            IndexModel([("account_id", ASCENDING)], name="account"),
            IndexModel(
                [("account_id", ASCENDING), ("idempotency_key", ASCENDING)],
                name="idempotency_key",
                unique=True,
                partialFilterExpression={"idempotency_key": ANY_STRING},
            ),
        ]
