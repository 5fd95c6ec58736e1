"""Conversation: everything said between one account and one contact."""

from datetime import datetime
from enum import StrEnum

from beanie import PydanticObjectId
from pydantic import BaseModel, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import ObjectIdDocument, utc_now


class ConversationStatus(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class ReadMark(BaseModel):
    """The newest message that staff have read, by the order of messages: (timestamp, id)."""

    timestamp: datetime
    message_id: PydanticObjectId


class ReadReceipt(BaseModel):
    """What the customer is told of `read_up_to`, and whether something is still to be told."""

    due_at: datetime | None = None
    """When a receipt is to be sent; None where nothing new was read."""
    leased_until: datetime | None = None
    """A worker is at it until then."""
    attempts: int = 0
    sent_up_to: ReadMark | None = None
    """The newest message of the customer that WhatsApp was told about."""


class Conversation(ObjectIdDocument):
    account_id: PydanticObjectId
    contact_id: PydanticObjectId
    status: ConversationStatus = ConversationStatus.OPEN
    closed_at: datetime | None = None
    assignee_id: str | None = None
    """The host application's own id of the agent."""
    tags: list[str] = Field(default_factory=list)
    last_message_id: PydanticObjectId | None = None
    last_message_at: datetime | None = None
    last_inbound_at: datetime | None = None
    """Meta's time of the customer's newest message: it opens the service window for 24 hours."""
    last_activity_at: datetime = Field(default_factory=utc_now)
    newest_unread_ids: list[PydanticObjectId] = Field(default_factory=list)
    """The newest messages that came in unread, read or not by now: each one that comes changes the
    conversation, so that whoever watches it learns of the new unread count."""
    newest_deleted_ids: list[PydanticObjectId] = Field(default_factory=list)
    """The newest messages that their writer deleted: the same for those that are gone."""
    read_up_to: ReadMark | None = None
    late_read_at: datetime | None = None
    """When messages were last read that `read_up_to` had passed before they came in: that changes
    the conversation where the mark does not, so that whoever watches it learns of the count."""
    receipt: ReadReceipt = Field(default_factory=ReadReceipt)
    typing_at: datetime | None = None
    """When WhatsApp was last asked to show that somebody is typing."""
    phone_read_at: datetime | None = None
    """Meta's time of the newest message from the business's own phone: whoever wrote it had read
    what the customer wrote until then, also what comes in late."""
    merged_at: datetime | None = None
    """When the history of another contact's conversation last joined this one: that changes the
    conversation also where its summary stays, so that whoever watches it reads it anew."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "conversations"
        indexes = [
            IndexModel(
                [("account_id", ASCENDING), ("contact_id", ASCENDING)], name="contact", unique=True
            ),
            IndexModel([("contact_id", ASCENDING)], name="of_contact"),
            IndexModel([("last_activity_at", DESCENDING), ("_id", DESCENDING)], name="activity"),
            IndexModel(
                [("account_id", ASCENDING), ("last_activity_at", DESCENDING), ("_id", DESCENDING)],
                name="activity_of_account",
            ),
            IndexModel(
                [("status", ASCENDING), ("last_activity_at", DESCENDING), ("_id", DESCENDING)],
                name="activity_by_status",
            ),
            IndexModel(
                [("assignee_id", ASCENDING), ("last_activity_at", DESCENDING), ("_id", DESCENDING)],
                name="activity_by_assignee",
            ),
            IndexModel(
                [("receipt.due_at", ASCENDING)],
                name="receipts_due",
                partialFilterExpression={"receipt.due_at": {"$type": "date"}},
            ),
        ]
