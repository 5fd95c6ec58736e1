"""AccountEvent: a report by WhatsApp about an account or its number."""

from datetime import datetime

from beanie import Document, PydanticObjectId
from pydantic import ConfigDict, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import utc_now


class AccountEvent(Document):
    """`_id` is a digest of account, field, Meta's time and value, so repetitions add nothing."""

    # Errors are logged, and the log must not contain customers' texts.
    model_config = ConfigDict(hide_input_in_errors=True)

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
    at: datetime
    """Meta's time, or that of the first webhook if Meta gives none."""
    created_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "account_events"
        indexes = [
            IndexModel(
                [("account_id", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)],
                name="newest",
            ),
        ]
