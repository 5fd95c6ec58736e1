"""Partition: the member that sends for an account, and the account's limits and pauses."""

from datetime import datetime

from beanie import Document, PydanticObjectId
from pymongo import ASCENDING, IndexModel

from models.database.base import ANY_ID


class Partition(Document):
    """`_id` is the account's id. Times are the database's."""

    id: PydanticObjectId
    owner: PydanticObjectId | None = None
    """The `Member` that sends; None while there is nothing to send."""
    fence: int = 0
    """Rises with every new owner. A claim under a lower fence than a message's fails."""
    paused_until: datetime | None = None
    failures: int = 0
    """Number of consecutive requests that Meta did not answer, when it was last stored."""
    reduced_rate: float | None = None
    """Messages per second after Meta last refused a message for its rate."""
    reduced_at: datetime | None = None

    class Settings:
        name = "partitions"
        indexes = [
            IndexModel(
                [("owner", ASCENDING)],
                name="owner",
                partialFilterExpression={"owner": ANY_ID},
            )
        ]
