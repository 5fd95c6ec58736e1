"""Message: one thing said, in either direction; an outbound one is its own place in the outbox."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from beanie import PydanticObjectId
from pydantic import BaseModel, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import ANY_STRING, ObjectIdDocument, utc_now
from models.messages.media import MediaState


class MessageDirection(StrEnum):
    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class MessageStatus(StrEnum):
    """The shown status is the reached one of the highest rank, so it never goes back."""

    RECEIVED = "RECEIVED"
    QUEUED = "QUEUED"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    ACCEPTED = "ACCEPTED"
    HELD = "HELD"
    SENT = "SENT"
    FAILED = "FAILED"
    DELIVERED = "DELIVERED"
    READ = "READ"
    PLAYED = "PLAYED"
    CANCELLED = "CANCELLED"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @property
    def key(self) -> str:
        """The name of this status in `status_times`: `sent`, `delivered` and so on."""
        return self.value.lower()

    @classmethod
    def of_rank(cls, rank: int) -> "MessageStatus":
        """The status of a stored rank.

        A rank that only a later version knows shows as the step below it. That step was certainly
        passed, which can't be said of an end like FAILED.
        """
        known = _BY_RANK.get(rank)
        if known is not None:
            return known
        return max(
            (status for status in cls if status not in _ENDS and status.rank < rank),
            key=lambda status: status.rank,
            default=cls.RECEIVED,
        )


# Stored in documents, so they never change. Steps of ten leave room for a status that Meta adds
# between two others.
_RANKS = {
    MessageStatus.RECEIVED: 0,
    MessageStatus.QUEUED: 10,
    MessageStatus.SENDING: 20,
    MessageStatus.UNKNOWN: 30,
    MessageStatus.ACCEPTED: 40,
    MessageStatus.HELD: 50,
    MessageStatus.SENT: 60,
    MessageStatus.FAILED: 70,
    MessageStatus.DELIVERED: 80,
    MessageStatus.READ: 90,
    MessageStatus.PLAYED: 100,
    MessageStatus.CANCELLED: 110,
}
_BY_RANK = {rank: status for status, rank in _RANKS.items()}
_ENDS = frozenset({MessageStatus.FAILED, MessageStatus.CANCELLED})


REACTION = "reaction"
CALL = "call"
# A reaction of the business is stored in order to be sent and watched, but people see it on the
# message that it is about: no list of messages has it.
NO_OWN_REACTIONS: dict[str, Any] = {
    "$nor": [{"direction": MessageDirection.OUTBOUND.value, "type": REACTION}]
}


class OutboxState(StrEnum):
    """Where an outbound message stands in its lane; what people see is the status.

    READY waits for its turn (also before another try), SENDING is with a worker, HOLDING has an
    unknown outcome and holds the lane until `hold_until`, DONE has left the lane.
    """

    READY = "READY"
    SENDING = "SENDING"
    HOLDING = "HOLDING"
    DONE = "DONE"


class MessageError(BaseModel):
    """One of Meta's errors on a message, or ours (`code` 0) where Meta was never asked."""

    code: int
    title: str | None = None
    details: str | None = None
    href: str | None = None
    retryable: bool = False
    """Whether sending the same again later can help."""


class UnknownStatus(BaseModel):
    """A status name that this version does not know, kept as Meta sent it."""

    name: str
    at: datetime


class Message(ObjectIdDocument):
    account_id: PydanticObjectId
    conversation_id: PydanticObjectId
    contact_id: PydanticObjectId
    direction: MessageDirection
    type: str
    """Meta's own name: `text`, `image`, `location`, … also ones this version does not know."""
    content: dict[str, Any] = Field(default_factory=dict)
    """Meta's object under the type's key, checked; empty where the type has no typed content."""
    raw: str | None = None
    """The whole item as JSON text, where `content` does not hold all of it."""
    text: str | None = None
    """What a person reads in one line."""
    words: list[str] = Field(default_factory=list)
    """What it is found by: words of `text`; none once its writer has deleted it."""

    media_state: MediaState | None = None
    """Where its file stands, as in its `Media`; None where it has none to be fetched."""
    upload_id: PydanticObjectId | None = None
    """The `UploadedMedia` that it is sent with."""
    media_renewed: bool = False
    """Whether its file was handed to Meta anew because Meta did not know it any more."""

    wamid: str | None = None
    timestamp: datetime
    """Meta's time for inbound (1 s steps), created_at for outbound. Order is (timestamp, _id)."""
    unread: bool = False
    status_times: dict[str, datetime] = Field(default_factory=dict)
    """When each status was reached, by `MessageStatus.key`; the earliest report wins."""
    status_rank: int
    unknown_statuses: list[UnknownStatus] = Field(default_factory=list)
    errors: list[MessageError] = Field(default_factory=list)
    """Why it failed; of documents of version 0.1 also what WhatsApp warned about."""
    warnings: list[MessageError] = Field(default_factory=list)
    """Errors that came with another status than `failed`."""
    payments: list[dict[str, Any]] = Field(default_factory=list)
    """Reports about the payment of what it asked for: status, at, payment (Meta's object)."""
    callback_data: str | None = None
    """Meta's `biz_opaque_callback_data`, where it is of another program than this server."""
    pricing: dict[str, Any] | None = None
    billing_conversation: dict[str, Any] | None = None
    """Meta's `conversation` of a status, as it came: what it charged as one until 2025."""

    reply_to_wamid: str | None = None
    referred_product: dict[str, Any] | None = None
    """The product of a catalog that the customer asks about, as Meta names it."""
    forwarded: bool = False
    frequently_forwarded: bool = False
    referral: dict[str, Any] | None = None
    group_id: str | None = None
    """Set where the customer wrote into a group: that opens no service window with them."""
    reactions: list[dict[str, Any]] = Field(default_factory=list)
    """The newest of each contact: contact_id (None for the business's phone), at, wamid, and emoji,
    which is empty where it was taken back. Those sent from here have `message_id` and `stage`."""
    edited_at: datetime | None = None
    """Meta's time of the newest edit, whose content this is."""
    edit_wamid: str | None = None
    """That edit's own id: of two edits within Meta's second the greater one wins."""
    original: dict[str, Any] | None = None
    """type, content, raw and text as first written, where it was edited."""
    deleted_at: datetime | None = None
    """When its writer deleted it; what it said stays here, and is shown to nobody."""

    sent_by: str | None = None
    """Name of the API key that queued it, or of the app it was written in on the phone."""
    idempotency_key: str | None = None
    input_digest: str | None = None
    """SHA-256 of what was asked for, to tell a repeated request from a reused key."""
    retry_of: PydanticObjectId | None = None
    lane_number: int | None = None
    outbox_state: OutboxState | None = None
    lane_fence: int | None = None
    """Fence of the worker that took it for sending."""
    hold_until: datetime | None = None
    """READY: not to be tried before. HOLDING: its lane waits for a status until then."""
    attempts: int = 0
    refusals: int = 0
    """Tries that Meta refused for now, perhaps because of the message: there is a limit to them."""
    created_at: datetime = Field(default_factory=utc_now)

    @property
    def status(self) -> MessageStatus:
        return MessageStatus.of_rank(self.status_rank)

    @property
    def stored_file_id(self) -> PydanticObjectId | None:
        """The id of its `Media`, where that has the bytes."""
        return self.id if self.media_state is MediaState.STORED else None

    @property
    def answered(self) -> tuple[PydanticObjectId, str] | None:
        """Account and wamid of the message that this one answers."""
        return None if self.reply_to_wamid is None else (self.account_id, self.reply_to_wamid)

    @property
    def shown_status(self) -> MessageStatus:
        """As people see it: what a customer wrote has just been received."""
        if self.direction is MessageDirection.INBOUND:
            return MessageStatus.RECEIVED
        return self.status

    @property
    def shown_text(self) -> str | None:
        """As people see it: nobody reads any more what its writer deleted."""
        return self.text if self.deleted_at is None else None

    @property
    def is_own_reaction(self) -> bool:
        return self.direction is MessageDirection.OUTBOUND and self.type == REACTION

    class Settings:
        name = "messages"
        indexes = [
            IndexModel(
                [("account_id", ASCENDING), ("wamid", ASCENDING)],
                name="wamid",
                unique=True,
                partialFilterExpression={"wamid": ANY_STRING},
            ),
            IndexModel(
                [("account_id", ASCENDING), ("idempotency_key", ASCENDING)],
                name="idempotency_key",
                unique=True,
                partialFilterExpression={"idempotency_key": ANY_STRING},
            ),
            IndexModel(
                [("conversation_id", ASCENDING), ("timestamp", DESCENDING), ("_id", DESCENDING)],
                name="history",
            ),
            IndexModel(
                [("conversation_id", ASCENDING), ("timestamp", ASCENDING)],
                name="unread",
                partialFilterExpression={"unread": True},
            ),
            # All its fields, so that conversations with unread messages are found from it alone.
            IndexModel(
                [("unread", ASCENDING), ("account_id", ASCENDING), ("conversation_id", ASCENDING)],
                name="unread_of_account",
                partialFilterExpression={"unread": True},
            ),
            IndexModel(
                [("conversation_id", ASCENDING), ("lane_number", ASCENDING)],
                name="outbox",
                partialFilterExpression={"outbox_state": {"$in": ["READY", "SENDING", "HOLDING"]}},
            ),
            IndexModel(
                [("account_id", ASCENDING), ("created_at", ASCENDING)],
                name="outbox_of_account",
                partialFilterExpression={"outbox_state": {"$in": ["READY", "SENDING", "HOLDING"]}},
            ),
            IndexModel(
                [("_id", ASCENDING), ("media_state", ASCENDING)],
                name="media_pending",
                partialFilterExpression={"media_state": "PENDING"},
            ),
            # A search reads what its accounts hold of one word, and no other account's.
            IndexModel(
                [("account_id", ASCENDING), ("words", ASCENDING), ("timestamp", DESCENDING)],
                name="words",
            ),
        ]
