"""PendingUpdate: an update that arrived before its message, and is applied when that arrives."""

from datetime import datetime, timedelta
from typing import Any

from beanie import Document, PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import ANY_ID, InWorkspace, utc_now

# Meta keeps an undelivered message for 30 days and retries webhooks for 7.
KEPT = timedelta(days=37)


class PendingUpdate(InWorkspace, Document):
    """`_id` is a digest of account, wamid, kind and change, so a repeated webhook adds nothing."""

    id: str  # type: ignore[assignment]  # Beanie allows any BSON id
    account_id: PydanticObjectId
    wamid: str
    kind: str
    """`status`, `reaction`, `edit` or `revoke`."""
    change: dict[str, Any]
    """The change, in the format of its kind."""
    people: list[bytes] = Field(default_factory=list)
    """Digests of the customer's identities in the report."""
    created_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "pending_updates"
        indexes = [
            IndexModel([("account_id", ASCENDING), ("wamid", ASCENDING)], name="wamid"),
            IndexModel(
                [("change.contact_id", ASCENDING)],
                name="of_contact",
                partialFilterExpression={"change.contact_id": ANY_ID},
            ),
            IndexModel([("people", ASCENDING)], name="people"),
            IndexModel(
                [("created_at", ASCENDING)],
                name="kept",
                expireAfterSeconds=int(KEPT.total_seconds()),
            ),
        ]
