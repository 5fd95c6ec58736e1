"""User: the person behind one or more contacts."""

from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import ANY_STRING, ObjectIdDocument, utc_now


class User(ObjectIdDocument):
    name: str | None = None
    phone: str | None = None
    """E.164 with a leading "+". Unique within its scope: a second person with the same phone is the
    same person."""
    phone_scope: str | None = None
    """The accounts of the staff who entered the phone, if they are limited to some: staff of others
    must not notice it, so it is unique and matched among these accounts only."""
    email: str | None = None
    external_id: str | None = None
    """The host application's own id of this person. Unique within its scope."""
    external_id_scope: str | None = None
    """As `phone_scope`."""
    attributes: dict[str, Any] = Field(default_factory=dict)
    account_ids: list[PydanticObjectId] = Field(default_factory=list)
    """Accounts whose staff may see this person: those of its contacts, and of who created it."""
    from_contact: bool = False
    """Made from a first message, and so erased with its last contact."""
    search_keys: list[str] = Field(default_factory=list)
    """What it is found by: words and numbers, derived from the fields above."""
    stale_keys: bool = False
    """One of these fields was changed, and the keys not yet."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "users"
        indexes = [
            IndexModel(
                [("phone", ASCENDING), ("phone_scope", ASCENDING)],
                name="phone_in_scope",
                unique=True,
                partialFilterExpression={"phone": ANY_STRING},
            ),
            IndexModel(
                [("external_id", ASCENDING), ("external_id_scope", ASCENDING)],
                name="external_id_in_scope",
                unique=True,
                partialFilterExpression={"external_id": ANY_STRING},
            ),
            IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
            IndexModel([("search_keys", ASCENDING)], name="search"),
            IndexModel(
                [("stale_keys", ASCENDING)],
                name="stale_keys",
                partialFilterExpression={"stale_keys": True},
            ),
            IndexModel(
                [("account_ids", ASCENDING), ("created_at", DESCENDING)], name="of_accounts"
            ),
        ]
