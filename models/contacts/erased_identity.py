"""ErasedIdentity: a digest by which an erased customer is recognised again."""

from datetime import datetime

from beanie import PydanticObjectId
from pymongo import ASCENDING, IndexModel

from models.database.base import InWorkspace, ObjectIdDocument


class ErasedIdentity(InWorkspace, ObjectIdDocument):
    """Kept as long as the account, so that older webhooks do not bring the customer back."""

    account_id: PydanticObjectId
    person: bytes
    """Keyed digest of the identity; see `whatsapp.common.people`."""
    erased_at: datetime
    """Webhooks about earlier times are dropped."""
    marketing_opt_out: bool = False
    """The erased contact's choice, which applies to a new contact."""

    class Settings:
        name = "erased_identities"
        indexes = [
            IndexModel(
                [("person", ASCENDING), ("account_id", ASCENDING)], name="person", unique=True
            ),
            IndexModel([("account_id", ASCENDING)], name="account"),
        ]
