"""QuickReply: a prepared answer of an account, found by its shortcut."""

from datetime import datetime

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import ANY_ID, InWorkspace, ObjectIdDocument, utc_now


class QuickReply(InWorkspace, ObjectIdDocument):
    account_id: PydanticObjectId
    shortcut: str
    """The shortcut as staff entered it."""
    shortcut_key: str
    """The shortcut without case, unique in the account; lists are sorted by it."""
    text: str | None = None
    """The text, or the caption of the file."""
    upload_id: PydanticObjectId | None = None
    """The `UploadedMedia`, which is kept while a quick reply has it."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "quick_replies"
        indexes = [
            IndexModel(
                [("account_id", ASCENDING), ("shortcut_key", ASCENDING)],
                name="shortcut",
                unique=True,
            ),
            IndexModel(
                [("upload_id", ASCENDING)],
                name="upload",
                partialFilterExpression={"upload_id": ANY_ID},
            ),
        ]
