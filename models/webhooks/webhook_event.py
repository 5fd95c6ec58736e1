"""WebhookEvent: the raw body of a webhook, stored before it is acknowledged."""

from datetime import datetime, timedelta
from enum import StrEnum

from beanie import Document
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import utc_now

# Meta retries an unacknowledged body for 7 days; plus a day for clocks and queues.
KEPT = timedelta(days=8)


class EventState(StrEnum):
    RECEIVED = "RECEIVED"
    PROCESSED = "PROCESSED"


class WebhookEvent(Document):
    """`_id` is the hex SHA-256 of the signing secret's digest and the raw body.

    Without the secret in it, the owner of an account could sign another account's body with their
    secret and post it first; the genuine body would then count as a repetition.
    """

    id: str  # type: ignore[assignment]  # Beanie allows any BSON id
    body: bytes
    secret_digest: str
    """Hex SHA-256 of the app secret that signed the body."""
    by_default_secret: bool = False
    """True if the secret was the server's default secret when the body arrived."""
    received_at: datetime = Field(default_factory=utc_now)
    state: EventState = EventState.RECEIVED
    lease_until: datetime
    """Another process may take over a RECEIVED event after this time."""
    attempts: int = 0
    processed_at: datetime | None = None
    traceparent: str | None = None
    """The request that brought the event, as W3C `traceparent`; only while traces are on."""

    class Settings:
        name = "webhook_events"
        indexes = [
            IndexModel(
                [("lease_until", ASCENDING)],
                name="received",
                partialFilterExpression={"state": "RECEIVED"},
            ),
            IndexModel(
                [("processed_at", ASCENDING)],
                name="kept",
                expireAfterSeconds=int(KEPT.total_seconds()),
                partialFilterExpression={"state": "PROCESSED"},
            ),
        ]
