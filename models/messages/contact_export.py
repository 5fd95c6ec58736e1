"""ContactExport: a ZIP file with all data about a contact, and the work that writes it."""

from datetime import datetime
from enum import StrEnum

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import InWorkspace, ObjectIdDocument, utc_now
from models.messages.conversation_change import Actor


class ExportState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    READY = "READY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


UNFINISHED_STATES = [ExportState.QUEUED.value, ExportState.RUNNING.value]
IS_UNFINISHED = {"state": {"$in": UNFINISHED_STATES}}


class ContactExport(InWorkspace, ObjectIdDocument):
    """Has no data of the contact itself; its file is found by `account_id`, `_id` and `fence`."""

    account_id: PydanticObjectId
    contact_id: PydanticObjectId
    requested_by: Actor
    state: ExportState = ExportState.QUEUED
    done: int = 0
    """Items of the timeline that the running attempt has written."""
    total: int | None = None
    """Items of the timeline at the start of the attempt; None before it."""
    error: str | None = None
    """The reason why the last attempt failed."""
    size_bytes: int | None = None
    sha256: str | None = None
    """Hex SHA-256 of the file."""
    store: str | None = None
    """Name of the store that holds the file."""
    stored_as: str | None = None
    """Key of the file in the store."""

    attempts: int = 0
    next_attempt_at: datetime | None = Field(default_factory=utc_now)
    """Time of the next attempt, or end of the lease of a running attempt. None if the state is
    final."""
    fence: int = 0
    """Rises with every lease; a worker with a lower fence has lost the export."""
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    """Time at which the file of a READY export is deleted."""
    erased_at: datetime | None = None
    """Set when its contact or account is removed; it is hidden then, and removed after that."""
    kept_until: datetime | None = None
    """Time at which the document of a FAILED or EXPIRED export is removed."""
    created_at: datetime = Field(default_factory=utc_now)

    @property
    def agent_id(self) -> PydanticObjectId | None:
        """The agent who asked for it; None for the key of a server."""
        return self.requested_by.agent_id

    @property
    def requester_name(self) -> str:
        return self.requested_by.name

    @property
    def shown_state(self) -> ExportState:
        """The state for display: EXPIRED from `expires_at`, before the file is deleted."""
        is_over = self.expires_at is not None and self.expires_at <= utc_now()
        return ExportState.EXPIRED if self.state is ExportState.READY and is_over else self.state

    class Settings:
        name = "contact_exports"
        indexes = [
            # A contact has one unfinished export.
            IndexModel(
                [("contact_id", ASCENDING)],
                name="unfinished",
                unique=True,
                partialFilterExpression=IS_UNFINISHED,
            ),
            IndexModel(
                [("contact_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_contact",
            ),
            IndexModel(
                [("account_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_account",
            ),
            IndexModel(
                [("workspace_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_workspace",
            ),
            IndexModel(
                [("next_attempt_at", ASCENDING)],
                name="due",
                partialFilterExpression={"next_attempt_at": {"$type": "date"}},
            ),
            IndexModel(
                [("expires_at", ASCENDING)],
                name="expiring",
                partialFilterExpression={"state": ExportState.READY.value},
            ),
            IndexModel(
                [("erased_at", ASCENDING)],
                name="erased",
                partialFilterExpression={"erased_at": {"$type": "date"}},
            ),
            IndexModel([("kept_until", ASCENDING)], name="kept", expireAfterSeconds=0),
        ]
