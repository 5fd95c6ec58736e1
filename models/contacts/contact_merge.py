"""ContactMerge: a contact that was merged into another; `_id` is the merged contact's id."""

from datetime import datetime

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import ANY_ID, InWorkspace, ObjectIdDocument, utc_now


class ContactMerge(InWorkspace, ObjectIdDocument):
    """Kept forever, so that old ids lead to the remaining contact."""

    account_id: PydanticObjectId
    into_id: PydanticObjectId
    conversation_id: PydanticObjectId | None = None
    """The merged contact's conversation, if it is known."""
    due_at: datetime | None = Field(default_factory=utc_now)
    """Time of the next move of its history; None if all is moved."""
    created_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "contact_merges"
        indexes = [
            IndexModel([("account_id", ASCENDING)], name="account"),
            IndexModel(
                [("conversation_id", ASCENDING)],
                name="of_conversation",
                partialFilterExpression={"conversation_id": ANY_ID},
            ),
            IndexModel(
                [("due_at", ASCENDING)],
                name="due",
                partialFilterExpression={"due_at": {"$type": "date"}},
            ),
        ]
