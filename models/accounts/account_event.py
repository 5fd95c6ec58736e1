"""AccountEvent: one thing that WhatsApp told about an account or its number, as it was told."""

from datetime import datetime

from beanie import Document, PydanticObjectId
from pydantic import ConfigDict, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import utc_now


class AccountEvent(Document):
    """`_id` is a digest of (account, field, Meta's time, value): repetitions add nothing."""

    # A document that can't be read is logged, and what customers wrote must not be in the log.
    model_config = ConfigDict(hide_input_in_errors=True)

    id: str  # type: ignore[assignment]  # Beanie allows any BSON id
    account_id: PydanticObjectId
    field: str
    """The webhook field it came in: `account_update` and so on."""
    event: str | None = None
    """Meta's own name of what happened, where it gives one."""
    summary: str
    """What happened, in one line."""
    raw: str = ""
    """The change's value as JSON text; it may be of some megabytes, so lists leave it out."""
    at: datetime
    """Meta's time; that of the first storing where Meta tells none."""
    created_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "account_events"
        indexes = [
            IndexModel(
                [("account_id", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)],
                name="newest",
            ),
        ]
