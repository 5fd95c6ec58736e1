"""Erasure: a contact whose data is being removed, until all of it is gone."""

from datetime import datetime
from typing import Any

from beanie import Document, PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import utc_now


class Erasure(Document):
    """`_id` is the contact's id. Removed last, so that a crash leaves it to be continued."""

    id: PydanticObjectId
    contact: dict[str, Any]
    """The contact as it was: nothing else says what belongs to it once it is gone."""
    conversation_ids: list[PydanticObjectId]
    requested_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "erasures"
        indexes = [IndexModel([("requested_at", ASCENDING)], name="oldest")]
