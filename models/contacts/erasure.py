"""Erasure: the removal of a contact's data."""

from datetime import datetime
from typing import Any

from beanie import Document, PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import utc_now


class Erasure(Document):
    """`_id` is the contact's id. Removed last, so that the erasure continues after a crash."""

    id: PydanticObjectId
    contact: dict[str, Any]
    """The removed contact, which identifies the data that belongs to it."""
    conversation_ids: list[PydanticObjectId]
    requested_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "erasures"
        indexes = [IndexModel([("requested_at", ASCENDING)], name="oldest")]
