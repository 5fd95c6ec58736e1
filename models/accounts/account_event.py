"""AccountEvent: a report by WhatsApp about an account or its number."""

from datetime import datetime

from beanie import Document, PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import InWorkspace, utc_now


class AccountEvent(InWorkspace, Document):
    """`_id` is a digest of account, field, Meta's time and value, so repetitions add nothing."""

    id: str  # type: ignore[assignment]  # Beanie allows any BSON id
    account_id: PydanticObjectId
    field: str
    """The webhook field, such as `account_update`."""
    event: str | None = None
    """Meta's name of the event, if given."""
    summary: str
    """A one-line description."""
    raw: str = ""
    """The change's value as JSON text; lists omit it, since it may have megabytes."""
    people: list[bytes] | None = None
    """Digests of the identities in `raw`; None if a version before 0.2 stored it."""
    at: datetime
    """Meta's time, or the time of the first webhook if Meta gives none."""
    created_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "account_events"
        indexes = [
            IndexModel([("people", ASCENDING)], name="people"),
            IndexModel(
                [("account_id", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)],
                name="newest",
            ),
        ]
