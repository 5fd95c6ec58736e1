"""Template: a message template as WhatsApp knows it, as far as it has told."""

from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import ObjectIdDocument, utc_now


class Template(ObjectIdDocument):
    """Every field but the keys is None or empty until WhatsApp has told it."""

    account_id: PydanticObjectId
    template_id: str
    """Meta's id of it: one name has one for each language."""
    name: str | None = None
    language: str | None = None
    category: str | None = None
    sub_category: str | None = None
    previous_category: str | None = None
    status: str | None = None
    """Meta's word: APPROVED, REJECTED, PAUSED and so on, also ones this version does not know."""
    status_reason: str | None = None
    """Why it is rejected, paused or disabled, as Meta says it."""
    recommendation: str | None = None
    """What Meta advises to change of a rejected one."""
    disabled_at: datetime | None = None
    """When a disabled one ceases to work."""
    quality_score: str | None = None
    previous_quality_score: str | None = None
    components: list[dict[str, Any]] = Field(default_factory=list)
    """As in Meta's Graph API: objects with `type` HEADER, BODY, FOOTER, BUTTONS and so on."""
    parameter_format: str | None = None
    """Meta's POSITIONAL or NAMED: whether its variables have numbers or names."""
    changed_at: dict[str, datetime] = Field(default_factory=dict)
    """Meta's time of what is stored of each aspect: an older report of it changes nothing."""
    synced_at: datetime | None = None
    """Of the last list that WhatsApp gave and that had it, or had it no more: what is older than
    that changes nothing."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "templates"
        indexes = [
            IndexModel(
                [("account_id", ASCENDING), ("template_id", ASCENDING)],
                name="template_id",
                unique=True,
            ),
            IndexModel(
                [("account_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest",
            ),
            IndexModel(
                [
                    ("account_id", ASCENDING),
                    ("name", ASCENDING),
                    ("language", ASCENDING),
                    ("_id", ASCENDING),
                ],
                name="by_name",
            ),
        ]
