"""ParkedItem: a dead letter, an item of a webhook that could not be applied, with the reason."""

from datetime import datetime
from enum import StrEnum

from beanie import Document, PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import InWorkspace, utc_now


class ParkedReason(StrEnum):
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    WRONG_SECRET = "WRONG_SECRET"  # noqa: S105 - a reason, not a secret
    INVALID_BODY = "INVALID_BODY"
    INVALID_ITEM = "INVALID_ITEM"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class ParkedState(StrEnum):
    PARKED = "PARKED"
    APPLIED = "APPLIED"
    DISCARDED = "DISCARDED"


class ParkedItem(InWorkspace, Document):
    """`_id` is a digest of event and pointer, so that an item is parked once. `workspace_id` is
    NO_WORKSPACE_ID for an item of an unknown number whose app serves no or several workspaces.
    """

    id: str  # type: ignore[assignment]  # Beanie allows any BSON id
    event_id: str
    account_id: PydanticObjectId | None = None
    phone_number_id: str | None = None
    business_account_id: str | None = None
    field: str | None = None
    """The webhook field, such as `messages`."""
    pointer: str
    """RFC 6901 JSON pointer of the item in the body; empty for the whole body."""
    item: str
    """The item as JSON text; for a body that is not JSON, its text with invalid bytes replaced."""
    entry: str | None = None
    """JSON text of the entry reduced to this item, from which it can be applied later."""
    people: list[bytes] | None = None
    """Digests of its customers' identities; None if a version before 0.2 stored it."""
    secret_digest: str
    """Digest of the secret that signed the body; a replay checks it again."""
    by_default_secret: bool = False
    """True if the secret was the server's default secret when the body arrived."""
    received_at: datetime | None = None
    """Time at which the body arrived; None for items of version 0.1."""
    reason: ParkedReason
    details: str | None = None
    """The problem, without content of the message."""
    state: ParkedState = ParkedState.PARKED
    created_at: datetime = Field(default_factory=utc_now)
    resolved_at: datetime | None = None

    class Settings:
        name = "parked_items"
        indexes = [
            IndexModel([("people", ASCENDING)], name="people"),
            IndexModel(
                [("workspace_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_workspace",
            ),
            IndexModel(
                [("account_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_account",
            ),
            # For replays when an account is connected or enabled, the oldest first.
            IndexModel(
                [
                    ("phone_number_id", ASCENDING),
                    ("reason", ASCENDING),
                    ("secret_digest", ASCENDING),
                    ("created_at", ASCENDING),
                ],
                name="of_number",
                partialFilterExpression={"state": "PARKED"},
            ),
            IndexModel(
                [
                    ("business_account_id", ASCENDING),
                    ("phone_number_id", ASCENDING),
                    ("reason", ASCENDING),
                    ("secret_digest", ASCENDING),
                    ("created_at", ASCENDING),
                ],
                name="of_business",
                partialFilterExpression={"state": "PARKED"},
            ),
        ]
