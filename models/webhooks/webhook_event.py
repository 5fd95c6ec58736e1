"""WebhookEvent: the raw body of a webhook, stored before it is acknowledged."""

from datetime import datetime, timedelta
from enum import StrEnum

from beanie import Document, PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import ANY_ID, utc_now

# Meta retries an unacknowledged body for 7 days; plus a day for clocks and queues.
KEPT = timedelta(days=8)
# Only the hash is needed after that, to recognise repetitions.
BODY_KEPT = timedelta(days=1)


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
    """Empty once it was erased or has reached its age."""
    people: list[bytes] | None = None
    """Digests of the identities in the body; None if a version before 0.2 stored it."""
    body_until: datetime | None = None
    """Time at which a processed body is emptied."""
    kept_for: PydanticObjectId | None = None
    """The only workspace in a body that its rule keeps for longer than BODY_KEPT."""
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
            IndexModel([("people", ASCENDING)], name="people"),
            IndexModel(
                [("body_until", ASCENDING)],
                name="bodies",
                partialFilterExpression={"body_until": {"$type": "date"}},
            ),
            IndexModel(
                [("lease_until", ASCENDING)],
                name="received",
                partialFilterExpression={"state": "RECEIVED"},
            ),
            IndexModel(
                [("processed_at", ASCENDING)],
                name="kept_hashes",
                expireAfterSeconds=int(KEPT.total_seconds()),
                partialFilterExpression={"state": "PROCESSED", "kept_for": None},
            ),
            IndexModel(
                [("kept_for", ASCENDING)],
                name="kept_for",
                partialFilterExpression={"kept_for": ANY_ID},
            ),
        ]
