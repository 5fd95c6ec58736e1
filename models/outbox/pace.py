"""Pace: when an account may send its next message, agreed between all processes."""

from datetime import datetime

from beanie import Document, PydanticObjectId
from pymongo import ASCENDING, IndexModel

DAY_SECONDS = 24 * 3600


class Pace(Document):
    """`_id` is the account's id. Times named `_ms` are the database's, with fractions: at 80
    messages a second whole milliseconds would be too coarse.
    """

    id: PydanticObjectId
    asked_at: datetime
    """When a slot was last asked for; a day later the document goes, and starts anew."""
    free_ms: float = 0.0
    """Every slot before was given away, or lies in a pause of the account."""
    failures: int = 0
    """Requests in a row to which Meta gave no answer."""
    throttled_rate: float | None = None
    """What was left of the rate when Meta last refused a message for it."""
    throttled_ms: float | None = None

    class Settings:
        name = "paces"
        indexes = [
            IndexModel([("asked_at", ASCENDING)], name="idle", expireAfterSeconds=DAY_SECONDS)
        ]
