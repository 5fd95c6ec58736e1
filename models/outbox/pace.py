"""Pace: the send rate of an account, shared by all processes."""

from datetime import datetime

from beanie import Document, PydanticObjectId
from pymongo import ASCENDING, IndexModel

DAY_SECONDS = 24 * 3600


class Pace(Document):
    """`_id` is the account's id. Times named `_ms` are the database's, with fractions: whole
    milliseconds are too coarse for 80 messages a second.
    """

    id: PydanticObjectId
    asked_at: datetime
    """Time of the last request for a slot; the document expires a day later."""
    free_ms: float = 0.0
    """Time of the next free slot."""
    failures: int = 0
    """Number of consecutive requests that Meta did not answer."""
    throttled_rate: float | None = None
    """The reduced rate after Meta last refused a message for its rate."""
    throttled_ms: float | None = None

    class Settings:
        name = "paces"
        indexes = [
            IndexModel([("asked_at", ASCENDING)], name="idle", expireAfterSeconds=DAY_SECONDS)
        ]
