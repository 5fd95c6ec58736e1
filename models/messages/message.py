"""Message: an inbound or outbound message; outbound ones hold their state in the outbox."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from beanie import PydanticObjectId
from pydantic import BaseModel, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import ANY_ID, ANY_STRING, InWorkspace, ObjectIdDocument, utc_now
from models.messages.media import MediaState
from models.messages.message_status import MessageStatus
from models.messages.outbox_state import IS_ACTIVE, MessagePriority, OutboxState


class MessageDirection(StrEnum):
    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


REACTION = "reaction"
CALL = "call"
# A reaction of the business is stored as a message, but shown on its target message only.
NO_OWN_REACTIONS: dict[str, Any] = {
    "$nor": [{"direction": MessageDirection.OUTBOUND.value, "type": REACTION}]
}


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


class Message(InWorkspace, ObjectIdDocument):
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
    duplicate_wamids: list[str] | None = None
    """Ids of further copies: WhatsApp refused a request, but sent the message all the same."""
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
    outbox_state: OutboxState | None = None
    """None unless this server queued it."""
    priority: MessagePriority | None = None
    """None for NORMAL, so that it is stored for broadcasts only."""
    fence: int | None = None
    """Fence of the `Partition` under which it was last claimed."""
    claim_token: str | None = None
    """Identifies the group of messages with which it was last claimed."""
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
    def send_priority(self) -> MessagePriority | None:
        """The priority for display: None unless this server queued it."""
        return None if self.outbox_state is None else MessagePriority.from_stored(self.priority)

    @property
    def is_sent(self) -> bool:
        """True if WhatsApp has the message, so that it must not be sent again."""
        return self.wamid is not None or self.status_rank >= MessageStatus.SENT.rank

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
        return is_outbound and self.outbox_state is None and self.type != CALL

    @property
    def is_own_reaction(self) -> bool:
        return self.direction is MessageDirection.OUTBOUND and self.type == REACTION

    class Settings:
        omitted_if_none = ("priority", "traceparent", "duplicate_wamids")
        name = "messages"
        indexes = [
            IndexModel(
                [("account_id", ASCENDING), ("wamid", ASCENDING)],
                name="wamid",
                unique=True,
                partialFilterExpression={"wamid": ANY_STRING},
            ),
            IndexModel(
                [("account_id", ASCENDING), ("duplicate_wamids", ASCENDING)],
                name="duplicate_wamids",
                partialFilterExpression={"duplicate_wamids": ANY_STRING},
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
                [("conversation_id", ASCENDING), ("timestamp", DESCENDING), ("_id", DESCENDING)],
                name="calls",
                partialFilterExpression={"type": CALL},
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
            # Each conversation's messages in the order of sending; those without a priority first.
            IndexModel(
                [
                    ("account_id", ASCENDING),
                    ("priority", ASCENDING),
                    ("conversation_id", ASCENDING),
                    ("timestamp", ASCENDING),
                    ("_id", ASCENDING),
                ],
                name="send_queue",
                partialFilterExpression=IS_ACTIVE,
            ),
            IndexModel(
                [("account_id", ASCENDING)],
                name="sending",
                partialFilterExpression={"outbox_state": OutboxState.SENDING.value},
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
            # Reactions of a customer, also on messages to other members of a group.
            IndexModel(
                [("reactions.contact_id", ASCENDING)],
                name="reacted_by",
                partialFilterExpression={"reactions.contact_id": ANY_ID},
            ),
            # A search reads the entries of a word in its accounts only.
            IndexModel(
                [("account_id", ASCENDING), ("words", ASCENDING), ("timestamp", DESCENDING)],
                name="words",
            ),
        ]
