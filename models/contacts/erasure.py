"""Erasure: the removal of a contact's data."""

from datetime import datetime
from typing import Any

from beanie import Document, PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import InWorkspace, utc_now


class Erasure(InWorkspace, Document):
    """`_id` is the contact's id. Removed last, so that the erasure continues after a crash."""

    id: PydanticObjectId
    contact: dict[str, Any]
    """The removed contact, which identifies the data that belongs to it."""
    conversation_ids: list[PydanticObjectId]
    requested_at: datetime = Field(default_factory=utc_now)
    """Time of the request, or of the last attempt to remove the contact."""
    erased_at: datetime | None = None
    """Time of the first erasure, if it is repeated after a restore."""
    people: list[bytes] = Field(default_factory=list)
    """Digests of the first erasure: the backup may lack some of the contact's identities."""
    marketing_opt_out: bool = False
    """The contact's choice at the first erasure."""

    class Settings:
        name = "erasures"
        indexes = [IndexModel([("requested_at", ASCENDING)], name="oldest")]
