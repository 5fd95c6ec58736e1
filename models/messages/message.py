"""Message: an inbound or outbound message; outbound ones hold their state in the outbox."""

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
    """The shown status is the reached status with the highest rank, so it never goes back."""

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
        """The key in `status_times`, such as `sent`."""
        return self.value.lower()

    @classmethod
    def of_rank(cls, rank: int) -> "MessageStatus":
        """Returns the status of a stored rank.

        A rank of a later version becomes the next lower status that is not final: a message has
        certainly passed that status.
        """
        member = _BY_RANK.get(rank)
        if member is not None:
            return member
        return max(
            (status for status in cls if status not in _ENDS and status.rank < rank),
            key=lambda status: status.rank,
            default=cls.RECEIVED,
        )


# Stored in documents, so they never change. Steps of ten leave room for statuses that Meta may add.
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
# A reaction of the business is stored as a message, but shown on its target message only.
NO_OWN_REACTIONS: dict[str, Any] = {
    "$nor": [{"direction": MessageDirection.OUTBOUND.value, "type": REACTION}]
}


class OutboxState(StrEnum):
    """The state of an outbound message in its lane.

    READY waits for its turn or for a retry, SENDING is being sent, HOLDING has an unknown outcome
    and blocks the lane until `hold_until`, DONE has left the lane.
    """

    READY = "READY"
    SENDING = "SENDING"
    HOLDING = "HOLDING"
    DONE = "DONE"


class MessageError(BaseModel):
    """An error of Meta about a message, or of this server (`code` 0) before it was sent."""

    code: int
    title: str | None = None
    details: str | None = None
    href: str | None = None
    retryable: bool = False
    """True if a later retry may succeed."""


class UnknownStatus(BaseModel):
    """A status that is unknown to this version, with Meta's name."""

    name: str
    at: datetime


class Message(ObjectIdDocument):
    account_id: PydanticObjectId
    conversation_id: PydanticObjectId
    contact_id: PydanticObjectId
    direction: MessageDirection
    type: str
    """Meta's type, such as `text`; may be unknown to this version."""
    content: dict[str, Any] = Field(default_factory=dict)
    """Meta's validated object of the type; empty if the type has no typed content."""
    raw: str | None = None
    """The item as JSON text, if `content` does not hold all of it."""
    text: str | None = None
    """A one-line preview."""
    words: list[str] = Field(default_factory=list)
    """Search words of `text`; empty once the sender has deleted the message."""

    media_state: MediaState | None = None
    """The state of its `Media`; None if there is no file to download."""
    upload_id: PydanticObjectId | None = None
    """The `UploadedMedia` of an outbound message."""
    media_renewed: bool = False
    """True if the file was uploaded to Meta again because Meta no longer had it."""

    wamid: str | None = None
    timestamp: datetime
    """Meta's time for inbound (1 s steps), created_at for outbound. Order is (timestamp, _id)."""
    unread: bool = False
    status_times: dict[str, datetime] = Field(default_factory=dict)
    """The earliest time of each reached status, by `MessageStatus.key`."""
    status_rank: int
    unknown_statuses: list[UnknownStatus] = Field(default_factory=list)
    errors: list[MessageError] = Field(default_factory=list)
    """The errors of a failed message; in documents of version 0.1 also warnings."""
    warnings: list[MessageError] = Field(default_factory=list)
    """Errors that came with a status other than `failed`."""
    payments: list[dict[str, Any]] = Field(default_factory=list)
    """Reports about the requested payment: status, at, payment (Meta's object)."""
    callback_data: str | None = None
    """Meta's `biz_opaque_callback_data`, if another program set it."""
    pricing: dict[str, Any] | None = None
    billing_conversation: dict[str, Any] | None = None
    """Meta's `conversation` of a status, its unit of billing until 2025."""

    reply_to_wamid: str | None = None
    referred_product: dict[str, Any] | None = None
    """Meta's object of the catalog product that the message is about."""
    forwarded: bool = False
    frequently_forwarded: bool = False
    referral: dict[str, Any] | None = None
    group_id: str | None = None
    """Set if the customer wrote into a group, which opens no service window."""
    reactions: list[dict[str, Any]] = Field(default_factory=list)
    """The newest reaction of each contact: contact_id (None for the business's phone), at, wamid
    and emoji (empty if removed). Reactions sent by this server have `message_id` and `stage`."""
    edited_at: datetime | None = None
    """Meta's time of the edit that set the content."""
    edit_wamid: str | None = None
    """Id of that edit; of two edits within a second, the greater id wins."""
    original: dict[str, Any] | None = None
    """type, content, raw and text before the first edit."""
    deleted_at: datetime | None = None
    """Time at which the sender deleted it; the content stays stored, but hidden."""

    agent_id: PydanticObjectId | None = None
    """The agent who wrote it. None for customers, servers, and the app on the phone."""
    sent_by: str | None = None
    """Name of the credential that queued it for an agent, or that has no agent; of any credential
    in documents of version 0.1."""
    idempotency_key: str | None = None
    input_digest: str | None = None
    """SHA-256 of the input, to distinguish a repeated request from a reused key."""
    retry_of: PydanticObjectId | None = None
    traceparent: str | None = None
    """The span that stored the message, as W3C `traceparent`; only while traces are on."""
    lane_number: int | None = None
    """None unless this server queued it."""
    outbox_state: OutboxState | None = None
    lane_fence: int | None = None
    """Fence of the worker that sends it."""
    hold_until: datetime | None = None
    """READY: earliest time of the next attempt. HOLDING: end of the wait for a status."""
    attempts: int = 0
    refusals: int = 0
    """Number of attempts that Meta refused temporarily, which is limited."""
    created_at: datetime = Field(default_factory=utc_now)

    @property
    def status(self) -> MessageStatus:
        return MessageStatus.of_rank(self.status_rank)

    @property
    def stored_file_id(self) -> PydanticObjectId | None:
        """The id of its `Media`, if the bytes are stored."""
        return self.id if self.media_state is MediaState.STORED else None

    @property
    def answered(self) -> tuple[PydanticObjectId, str] | None:
        """Account and wamid of the message that this message replies to."""
        return None if self.reply_to_wamid is None else (self.account_id, self.reply_to_wamid)

    @property
    def shown_status(self) -> MessageStatus:
        """The status for display: RECEIVED for inbound messages."""
        if self.direction is MessageDirection.INBOUND:
            return MessageStatus.RECEIVED
        return self.status

    @property
    def shown_text(self) -> str | None:
        """The text for display: None if the sender deleted the message."""
        return self.text if self.deleted_at is None else None

    @property
    def is_from_business_app(self) -> bool:
        """True if it was written on the phone: this server never queued it."""
        is_outbound = self.direction is MessageDirection.OUTBOUND
        return is_outbound and self.lane_number is None and self.type != CALL

    @property
    def is_own_reaction(self) -> bool:
        return self.direction is MessageDirection.OUTBOUND and self.type == REACTION

    class Settings:
        omitted_if_none = ("traceparent",)
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
            # Covers the query for conversations with unread messages.
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
            # The oldest queued message of all accounts.
            IndexModel(
                [("created_at", ASCENDING)],
                name="outbox_oldest",
                partialFilterExpression={"outbox_state": "READY"},
            ),
            IndexModel(
                [("_id", ASCENDING), ("media_state", ASCENDING)],
                name="media_pending",
                partialFilterExpression={"media_state": "PENDING"},
            ),
            # A search reads the entries of a word in its accounts only.
            IndexModel(
                [("account_id", ASCENDING), ("words", ASCENDING), ("timestamp", DESCENDING)],
                name="words",
            ),
        ]
