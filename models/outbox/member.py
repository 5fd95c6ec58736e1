"""Member: a process that sends messages, with its lease."""

from datetime import datetime

from beanie import Document, PydanticObjectId
from pymongo import ASCENDING, IndexModel


class Member(Document):
    """`_id` is new for each lease: it is never used again after the lease was lost.

    A member that is missing is dead. Its document is deleted only after the lease has ended.
    """

    id: PydanticObjectId
    name: str
    """Host and process id, for operators."""
    leased_until: datetime
    """By the database's clock."""

    class Settings:
        name = "members"
        indexes = [IndexModel([("leased_until", ASCENDING)], name="expired")]
