"""Conversation: the messages between an account and a contact."""

from datetime import datetime
from enum import StrEnum

from beanie import PydanticObjectId
from pydantic import BaseModel, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import ANY_ID, ANY_STRING, InWorkspace, ObjectIdDocument, utc_now

# Matches conversations whose customer waits for an answer, for filters and their partial index.
UNANSWERED = {"unanswered_at.0": {"$exists": True}}


class ConversationStatus(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class ReadMark(BaseModel):
    """The newest message that staff have read, in the order (timestamp, id)."""

    timestamp: datetime
    message_id: PydanticObjectId


class ReadReceipt(BaseModel):
    """The read receipt for the customer, derived from `read_up_to`."""

    due_at: datetime | None = None
    """Time of the next attempt; None if nothing new was read."""
    leased_until: datetime | None = None
    """End of the lease of the worker that sends it."""
    attempts: int = 0
    sent_up_to: ReadMark | None = None
    """The newest customer message that was reported as read."""


class Reopening(BaseModel):
    """A reopening whose record is not yet in `conversation_changes`."""

    change_id: PydanticObjectId
    """The id of the record."""
    at: datetime
    message_id: PydanticObjectId | None = None
    """None if a merged contact's open conversation joined."""


class Conversation(InWorkspace, ObjectIdDocument):
    account_id: PydanticObjectId
    contact_id: PydanticObjectId
    status: ConversationStatus = ConversationStatus.OPEN
    closed_at: datetime | None = None
    assignee_id: PydanticObjectId | None = None
    """The agent in charge."""
    tags: list[str] = Field(default_factory=list)
    last_message_id: PydanticObjectId | None = None
    last_message_at: datetime | None = None
    last_inbound_at: datetime | None = None
    """Meta's time of the customer's newest message, which opens the 24-hour window."""
    last_outbound_at: datetime | None = None
    """Time of the newest message from the business that did not fail."""
    unanswered_at: list[datetime] = Field(default_factory=list)
    """Meta's times of the first messages that the customer wrote after `last_outbound_at`, and of
    the newest one."""
    answers_stale_at: datetime | None = None
    """Time at which the two fields above were marked for a new read of the messages."""
    last_activity_at: datetime = Field(default_factory=utc_now)
    newest_unread_ids: list[PydanticObjectId] = Field(default_factory=list)
    """The newest messages that arrived unread. Each arrival changes this field, so that
    subscribers get the new unread count."""
    newest_deleted_ids: list[PydanticObjectId] = Field(default_factory=list)
    """The newest messages deleted by their sender, stored so that subscribers get the new count."""
    read_up_to: ReadMark | None = None
    late_read_at: datetime | None = None
    """Time at which late messages before `read_up_to` were last read; stored so that subscribers
    get the new unread count."""
    receipt: ReadReceipt = Field(default_factory=ReadReceipt)
    typing_at: datetime | None = None
    """Time of the last typing indicator."""
    phone_read_at: datetime | None = None
    """Meta's time of the newest message from the business's phone. Its author had read all earlier
    messages, including those that arrive late."""
    merged_at: datetime | None = None
    """Time at which the history of a merged contact last joined the conversation; stored so that
    subscribers reload the conversation."""
    changed_at: datetime | None = None
    """The timestamp of the newest `ConversationChange`."""
    reopenings: list[Reopening] = Field(default_factory=list)
    """Reopenings without a record, added by the same update that reopened the conversation."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    @property
    def waiting_since(self) -> datetime | None:
        """The time since which the customer waits for an answer; None if answered."""
        return self.unanswered_at[0] if self.unanswered_at else None

    class Settings:
        name = "conversations"
        indexes = [
            IndexModel(
                [("account_id", ASCENDING), ("contact_id", ASCENDING)], name="contact", unique=True
            ),
            IndexModel([("contact_id", ASCENDING)], name="of_contact"),
            IndexModel(
                [
                    ("workspace_id", ASCENDING),
                    ("last_activity_at", DESCENDING),
                    ("_id", DESCENDING),
                ],
                name="activity_of_workspace",
            ),
            IndexModel(
                [("account_id", ASCENDING), ("last_activity_at", DESCENDING), ("_id", DESCENDING)],
                name="activity_of_account",
            ),
            IndexModel(
                [
                    ("account_id", ASCENDING),
                    ("status", ASCENDING),
                    ("last_activity_at", DESCENDING),
                    ("_id", DESCENDING),
                ],
                name="activity_of_account_by_status",
            ),
            IndexModel(
                [
                    ("account_id", ASCENDING),
                    ("assignee_id", ASCENDING),
                    ("last_activity_at", DESCENDING),
                    ("_id", DESCENDING),
                ],
                name="activity_of_account_by_assignee",
            ),
            IndexModel(
                [
                    ("account_id", ASCENDING),
                    ("tags", ASCENDING),
                    ("last_activity_at", DESCENDING),
                    ("_id", DESCENDING),
                ],
                name="activity_by_tag",
                partialFilterExpression={"tags": ANY_STRING},
            ),
            IndexModel(
                [("account_id", ASCENDING), ("last_activity_at", DESCENDING), ("_id", DESCENDING)],
                name="activity_of_unanswered",
                partialFilterExpression=UNANSWERED,
            ),
            IndexModel(
                [("reopenings.change_id", ASCENDING)],
                name="reopenings",
                partialFilterExpression={"reopenings.change_id": ANY_ID},
            ),
            IndexModel(
                [("answers_stale_at", ASCENDING)],
                name="answers_stale",
                partialFilterExpression={"answers_stale_at": {"$type": "date"}},
            ),
            # The account lets a search pass over those of busy accounts without reading them.
            IndexModel(
                [("receipt.due_at", ASCENDING), ("account_id", ASCENDING)],
                name="receipts_due_of_accounts",
                partialFilterExpression={"receipt.due_at": {"$type": "date"}},
            ),
        ]
