"""ErasedMessage: a digest by which late updates of an erased message are recognised."""

from datetime import datetime

from beanie import PydanticObjectId
from pymongo import ASCENDING, IndexModel

from models.database.base import InWorkspace, ObjectIdDocument
from models.messages.pending_update import KEPT


class ErasedMessage(InWorkspace, ObjectIdDocument):
    account_id: PydanticObjectId
    wamid: bytes
    """Keyed digest of Meta's id, which has the customer's number in it."""
    erased_at: datetime

    class Settings:
        name = "erased_messages"
        indexes = [
            IndexModel(
                [("account_id", ASCENDING), ("wamid", ASCENDING)], name="wamid", unique=True
            ),
            IndexModel(
                [("erased_at", ASCENDING)],
                name="kept",
                expireAfterSeconds=int(KEPT.total_seconds()),
            ),
        ]
