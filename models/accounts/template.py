"""Template: a message template, as far as WhatsApp has reported it."""

from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import InWorkspace, ObjectIdDocument, utc_now


class Template(InWorkspace, ObjectIdDocument):
    """Fields other than the keys are None or empty until WhatsApp reports them."""

    account_id: PydanticObjectId
    template_id: str
    """Meta's id, which differs by language."""
    name: str | None = None
    language: str | None = None
    category: str | None = None
    sub_category: str | None = None
    previous_category: str | None = None
    status: str | None = None
    """Meta's status, such as APPROVED; may be unknown to this version."""
    status_reason: str | None = None
    """Meta's reason of a rejection, pause or disabling."""
    recommendation: str | None = None
    """Meta's advice for a rejected template."""
    disabled_at: datetime | None = None
    """The time from which a disabled template can't be sent."""
    quality_score: str | None = None
    previous_quality_score: str | None = None
    components: list[dict[str, Any]] = Field(default_factory=list)
    """As in Meta's Graph API: objects with `type` HEADER, BODY, FOOTER, BUTTONS and so on."""
    parameter_format: str | None = None
    """Meta's POSITIONAL or NAMED: the kind of its variables."""
    changed_at: dict[str, datetime] = Field(default_factory=dict)
    """Meta's time of the newest report for each group of fields; older reports are ignored."""
    synced_at: datetime | None = None
    """Time of the last list from WhatsApp that was applied; older reports are ignored."""
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
