"""Contact: a customer of an account, with its identities at Meta."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from beanie import PydanticObjectId
from pydantic import BaseModel, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import ANY_STRING, InWorkspace, ObjectIdDocument, utc_now


class IdentityKind(StrEnum):
    """Meta's identities of a person: wa_id (digits), business-scoped user id, and its parent."""

    WA_ID = "wa_id"
    BSUID = "bsuid"
    PARENT_BSUID = "parent_bsuid"


class Identity(BaseModel):
    kind: IdentityKind
    value: str


# States of few contacts, by the names of the indexes that have only these contacts.
_RARE: dict[str, dict[str, bool]] = {
    "blocked": {"blocked": True},
    "opted_out": {"marketing_opt_out": True},
    "without_conversation": {"has_conversation": False},
}


class Contact(InWorkspace, ObjectIdDocument):
    """`wa_id` and `phone_number` are None for a username user whose phone is hidden."""

    account_id: PydanticObjectId
    identities: list[Identity]
    """Never empty. Each identity belongs to one contact of the account."""
    wa_id: str | None = None
    phone_number: str | None = None
    """E.164 with a leading "+"."""
    bsuid: str | None = None
    username: str | None = None
    profile_name: str | None = None
    """The name in the customer's WhatsApp profile."""
    profile_at: datetime | None = None
    """Meta's time of the message with this profile; older profiles are ignored."""
    name: str | None = None
    """The name that staff entered."""
    user_id: PydanticObjectId | None = None
    unlinked_at: datetime | None = None
    """Time at which staff unlinked the user; the next message then does not link it again."""
    duplicate_ids: list[PydanticObjectId] = Field(default_factory=list)
    """Contacts of the same person: a message had identities of this contact and of theirs."""
    erased_before: datetime | None = None
    """Time at which an earlier contact with these identities was erased; reports of earlier times
    are dropped."""
    tags: list[str] = Field(default_factory=list)
    attributes: dict[str, Any] = Field(default_factory=dict)
    blocked: bool = False
    marketing_opt_out: bool = False
    changed_at: dict[str, datetime] = Field(default_factory=dict)
    """Time of the newest decision on `marketing`; older decisions are ignored."""
    has_conversation: bool = False
    """True if it has a `Conversation`."""
    attribute_keys: list[str] = Field(default_factory=list)
    """Keys of `attributes` for filters, derived with `search_keys`."""
    search_keys: list[str] = Field(default_factory=list)
    """Search words and numbers, derived from the fields above."""
    sort_name: str = ""
    """The normalised display name for sorting, derived with `search_keys`."""
    stale_keys: bool = False
    """True if `search_keys` must be derived again."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    @property
    def parent_bsuid(self) -> str | None:
        """The newest parent id."""
        parent = IdentityKind.PARENT_BSUID
        values = [identity.value for identity in self.identities if identity.kind is parent]
        return values[-1] if values else None

    class Settings:
        name = "contacts"
        indexes = [
            IndexModel(
                [
                    ("account_id", ASCENDING),
                    ("identities.kind", ASCENDING),
                    ("identities.value", ASCENDING),
                ],
                name="identity",
                unique=True,
            ),
            IndexModel(
                [("account_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest",
            ),
            IndexModel(
                [("workspace_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_workspace",
            ),
            IndexModel(
                [("account_id", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)],
                name="by_name",
            ),
            IndexModel(
                [("workspace_id", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)],
                name="by_name_of_workspace",
            ),
            IndexModel(
                [
                    ("account_id", ASCENDING),
                    ("tags", ASCENDING),
                    ("created_at", DESCENDING),
                    ("_id", DESCENDING),
                ],
                name="newest_by_tag",
                partialFilterExpression={"tags": ANY_STRING},
            ),
            IndexModel(
                [
                    ("account_id", ASCENDING),
                    ("tags", ASCENDING),
                    ("sort_name", ASCENDING),
                    ("_id", ASCENDING),
                ],
                name="name_by_tag",
                partialFilterExpression={"tags": ANY_STRING},
            ),
            IndexModel([("user_id", ASCENDING), ("_id", ASCENDING)], name="of_user"),
            IndexModel(
                [("account_id", ASCENDING), ("search_keys", ASCENDING)], name="search_of_account"
            ),
            IndexModel(
                [
                    ("account_id", ASCENDING),
                    ("attribute_keys", ASCENDING),
                    ("created_at", DESCENDING),
                    ("_id", DESCENDING),
                ],
                name="newest_by_attribute",
                partialFilterExpression={"attribute_keys": ANY_STRING},
            ),
            *(
                IndexModel(
                    [("account_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                    name=name,
                    partialFilterExpression=rare,
                )
                for name, rare in _RARE.items()
            ),
            IndexModel(
                [("stale_keys", ASCENDING)],
                name="stale_keys",
                partialFilterExpression={"stale_keys": True},
            ),
        ]
