"""User: the person behind contacts of several accounts."""

from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import ANY_STRING, InWorkspace, ObjectIdDocument, utc_now


class User(InWorkspace, ObjectIdDocument):
    name: str | None = None
    phone: str | None = None
    """E.164 with a leading "+". Unique within its scope."""
    phone_scope: str | None = None
    """The accounts that the phone is unique and matched in: the accounts of the staff that entered
    it. None if these have access to all accounts."""
    email: str | None = None
    external_id: str | None = None
    """The host application's id of the person. Unique within its scope."""
    external_id_scope: str | None = None
    """Like `phone_scope`."""
    attributes: dict[str, Any] = Field(default_factory=dict)
    account_ids: list[PydanticObjectId] = Field(default_factory=list)
    """Accounts whose staff may see the user: the accounts of its contacts and of its creator."""
    from_contact: bool = False
    """True if a message created the user; it is then erased with its last contact."""
    attribute_keys: list[str] = Field(default_factory=list)
    """Keys of `attributes` for filters, derived with `search_keys`."""
    sort_name: str = ""
    """The normalised name for sorting, derived with `search_keys`."""
    search_keys: list[str] = Field(default_factory=list)
    """Search words and numbers, derived from the fields above."""
    stale_keys: bool = False
    """True if `search_keys` must be derived again."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "users"
        indexes = [
            IndexModel(
                [("workspace_id", ASCENDING), ("phone", ASCENDING), ("phone_scope", ASCENDING)],
                name="phone_of_workspace",
                unique=True,
                partialFilterExpression={"phone": ANY_STRING},
            ),
            IndexModel(
                [
                    ("workspace_id", ASCENDING),
                    ("external_id", ASCENDING),
                    ("external_id_scope", ASCENDING),
                ],
                name="external_id_of_workspace",
                unique=True,
                partialFilterExpression={"external_id": ANY_STRING},
            ),
            IndexModel(
                [("workspace_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_workspace",
            ),
            IndexModel(
                [("workspace_id", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)],
                name="by_name_of_workspace",
            ),
            IndexModel(
                [("account_ids", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)],
                name="by_name_of_accounts",
            ),
            IndexModel(
                [("workspace_id", ASCENDING), ("search_keys", ASCENDING)],
                name="search_of_workspace",
            ),
            # Viewers limited to accounts use the indexes by account.
            IndexModel(
                [
                    ("workspace_id", ASCENDING),
                    ("attribute_keys", ASCENDING),
                    ("created_at", DESCENDING),
                    ("_id", DESCENDING),
                ],
                name="by_attribute_of_workspace",
                partialFilterExpression={"attribute_keys": ANY_STRING},
            ),
            IndexModel(
                [("stale_keys", ASCENDING)],
                name="stale_keys",
                partialFilterExpression={"stale_keys": True},
            ),
            IndexModel(
                [("account_ids", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_accounts",
            ),
        ]
