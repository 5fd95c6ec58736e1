"""ContactMerge: one contact was merged into another; `_id` is the id of the one that is no more."""

from datetime import datetime

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import ObjectIdDocument, utc_now


class ContactMerge(ObjectIdDocument):
    """Kept for good: whoever still knows the old ids finds the contact that is left."""

    account_id: PydanticObjectId
    into_id: PydanticObjectId
    conversation_id: PydanticObjectId | None = None
    """The conversation of the contact that is no more, once it is known that there was one."""
    due_at: datetime | None = Field(default_factory=utc_now)
    """When its history is to be moved, or looked for again; None where all of it is moved."""
    created_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "contact_merges"
        indexes = [
            IndexModel([("account_id", ASCENDING)], name="account"),
            IndexModel(
                [("conversation_id", ASCENDING)],
                name="conversation",
                partialFilterExpression={"conversation_id": {"$type": "objectId"}},
            ),
            IndexModel(
                [("due_at", ASCENDING)],
                name="due",
                partialFilterExpression={"due_at": {"$type": "date"}},
            ),
        ]
