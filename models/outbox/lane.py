"""Lane: the outbox of a conversation; the holder of its lease sends its messages in order."""

from datetime import datetime

from beanie import Document, PydanticObjectId
from pymongo import ASCENDING, IndexModel


class Lane(Document):
    """`_id` is the conversation's id."""

    id: PydanticObjectId
    account_id: PydanticObjectId
    next_number: int = 0
    """The number of the next queued message."""
    next_attempt_at: datetime | None = None
    """Time of the next step; None while the lane is empty or its account is stopped."""
    leased_until: datetime | None = None
    lease_owner: str | None = None
    wakes: int = 0
    """Rises with every wake, so that a worker that found the lane empty checks it again."""
    fence: int = 0
    """Rises with every lease; a worker with a lower fence has lost the lane."""

    class Settings:
        name = "lanes"
        indexes = [
            IndexModel(
                [("next_attempt_at", ASCENDING), ("account_id", ASCENDING)],
                name="due_of_accounts",
                partialFilterExpression={"next_attempt_at": {"$type": "date"}},
            ),
            # Version 0.1 has other keys under this name; see `migrations.from_0_1`.
            IndexModel([("account_id", ASCENDING), ("_id", ASCENDING)], name="account"),
        ]
