"""Details of a message: status history, errors, reactions, referral and pricing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import strawberry
from beanie import PydanticObjectId

import models
from graph.core.context import Info
from graph.core.enums import MessageStatus
from graph.core.scalars import Url
from graph.core.stored import load_contact
from graph.types.contacts import Contact
from graph.types.content.reading import (
    parse_text,
    read_bool,
    read_object,
    read_text,
    read_texts,
    read_unix_time,
    read_url,
    to_url,
)

MAX_PARSED = 65_536
_FAILED = MessageStatus.FAILED.key
_STATUSES = [
    (status.key, status) for status in sorted(MessageStatus, key=lambda status: status.rank)
]


@strawberry.type(description="Status that a message reached, with its time.")
class MessageStatusTime:
    status: MessageStatus = strawberry.field(description="Status that was reached.")
    at: datetime = strawberry.field(description="Time of the status according to WhatsApp.")


def list_status_times(message: models.Message) -> list[MessageStatusTime]:
    """Sorts by rank, because WhatsApp's times have a precision of one second."""
    times = message.status_times
    return [
        MessageStatusTime(status=status, at=times[key]) for key, status in _STATUSES if key in times
    ]


@strawberry.type(description="Status reported by WhatsApp that this API does not define.")
class OtherStatus:
    name: str = strawberry.field(description="WhatsApp's name of the status, such as deleted.")
    at: datetime = strawberry.field(description="Time of the status according to WhatsApp.")


@strawberry.type(description="Error that WhatsApp reported for a message.")
class MessageError:
    code: int = strawberry.field(
        description="WhatsApp's error code; 0 for an error of this server."
    )
    title: str | None = strawberry.field(description="Short title of the error.")
    details: str | None = strawberry.field(
        description="Explanation of the error, and how to fix it."
    )
    href: Url | None = strawberry.field(description="URL of WhatsApp's documentation of the error.")
    retryable: bool = strawberry.field(
        description="True if sending the message again later may succeed."
    )

    @classmethod
    def from_document(cls, document: models.MessageError) -> Self:
        return cls(
            code=document.code,
            title=document.title,
            details=document.details,
            href=to_url(document.href),
            retryable=document.retryable,
        )


def list_errors(message: models.Message) -> list[models.MessageError]:
    """Returns the errors of a failed or inbound message."""
    return message.errors if not message.errors or _has_failed(message) else []


def list_warnings(message: models.Message) -> list[models.MessageError]:
    # Version 0.1 stored warnings as errors.
    if not message.errors:
        return message.warnings
    return message.warnings + ([] if _has_failed(message) else message.errors)


def _has_failed(message: models.Message) -> bool:
    is_inbound = message.direction is models.MessageDirection.INBOUND
    return is_inbound or message.type == models.CALL or _FAILED in message.status_times


@strawberry.type(description="Emoji reaction to a message.")
class MessageReaction:
    emoji: str = strawberry.field(description="Emoji of the reaction.")
    at: datetime = strawberry.field(description="Time of the reaction.")
    contact_id: strawberry.Private[PydanticObjectId | None]

    @strawberry.field(description="Customer who reacted; null if the business did.")
    async def contact(self, info: Info) -> Contact | None:
        if self.contact_id is None:
            return None
        document = await load_contact(info, self.contact_id)
        return Contact.from_document(document) if document else None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            emoji=document["emoji"], at=document["at"], contact_id=document.get("contact_id")
        )


_REFERRAL_TEXTS = ("source_type", "source_id", "headline", "body", "media_type", "ref")


@strawberry.type(description="Advertisement or post that led the customer to the chat.")
class MessageReferral:
    source_url: Url | None = strawberry.field(description="URL of the advertisement or post.")
    source_type: str | None = strawberry.field(description="Kind of source: ad or post.")
    source_id: str | None = strawberry.field(description="Meta's id of the advertisement or post.")
    headline: str | None = strawberry.field(description="Headline of the advertisement or post.")
    body: str | None = strawberry.field(description="Text of the advertisement or post.")
    media_type: str | None = strawberry.field(description="Kind of media: image or video.")
    image_url: Url | None = strawberry.field(description="URL of the image.")
    video_url: Url | None = strawberry.field(description="URL of the video.")
    thumbnail_url: Url | None = strawberry.field(description="URL of the thumbnail.")
    ref: str | None = strawberry.field(
        description="Text that your business put into the link of the advertisement or post."
    )
    click_id: str | None = strawberry.field(description="Meta's id of the click (ctwa_clid).")
    welcome_text: str | None = strawberry.field(
        description="Greeting shown to the customer before they wrote."
    )

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            source_url=read_url(document, "source_url"),
            image_url=read_url(document, "image_url"),
            video_url=read_url(document, "video_url"),
            thumbnail_url=read_url(document, "thumbnail_url"),
            **read_texts(document, *_REFERRAL_TEXTS),
            click_id=read_text(document, "ctwa_clid"),
            welcome_text=read_text(read_object(document, "welcome_message"), "text"),
        )


@strawberry.type(description="Price category of a message at WhatsApp.")
class MessagePricing:
    billable: bool | None = strawberry.field(
        description="True if WhatsApp charges for the message."
    )
    model: str | None = strawberry.field(description="WhatsApp's pricing model: PMP or CBP.")
    type: str | None = strawberry.field(
        description="WhatsApp's pricing type: regular, free_customer_service and so on."
    )
    category: str | None = strawberry.field(
        description="WhatsApp's rate category: service, utility, marketing and so on."
    )

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            billable=read_bool(document, "billable"),
            model=read_text(document, "pricing_model"),
            type=read_text(document, "type", "pricing_type"),
            category=read_text(document, "category"),
        )


@strawberry.type(
    description="WhatsApp's billing unit until July 2025; reported since then only if an"
    " advertisement makes messages free."
)
class BillingConversation:
    whatsapp_id: str | None = strawberry.field(
        description="WhatsApp's id of the billing conversation."
    )
    origin: str | None = strawberry.field(
        description="Origin of the billing conversation: service, marketing, referral_conversion"
        " and so on."
    )
    expires_at: datetime | None = strawberry.field(
        description="Time at which the billing conversation ends or ended."
    )

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            whatsapp_id=read_text(document, "id"),
            origin=read_text(read_object(document, "origin"), "type"),
            expires_at=read_unix_time(document, "expiration_timestamp"),
        )


@strawberry.type(
    description="WhatsApp's fingerprint of the customer's devices at the time of a message."
)
class SenderIdentity:
    hash: str = strawberry.field(
        description="Fingerprint; it changes when the customer's devices change."
    )
    acknowledged: bool | None = strawberry.field(
        description="True if your business has acknowledged the fingerprint."
    )
    created_at: datetime | None = strawberry.field(
        description="Time since which the fingerprint is valid."
    )


def read_identity(message: models.Message) -> SenderIdentity | None:
    """Returns None if WhatsApp reports no identity."""
    identity = read_object(read_item(message), "identity") or read_object(
        message.content, "identity"
    )
    digest = read_text(identity, "hash")
    if digest is None:
        return None
    return SenderIdentity(
        hash=digest,
        acknowledged=read_bool(identity, "acknowledged"),
        created_at=read_unix_time(identity, "created_timestamp"),
    )


def list_mentions(message: models.Message) -> list[str]:
    """Returns no mentions for a deleted message."""
    if message.deleted_at is not None:
        return []
    mentions = read_object(read_item(message), "context").get("mentions")
    return (
        [mention for mention in mentions if isinstance(mention, str)]
        if isinstance(mentions, list)
        else []
    )


def read_item(message: models.Message) -> dict[str, Any]:
    """Returns the message as WhatsApp first sent it; empty if it is not stored or too large to
    parse.
    """
    raw = message.raw if message.original is None else message.original.get("raw")
    item = parse_text(raw) if raw is not None and len(raw) <= MAX_PARSED else None
    return item if isinstance(item, dict) else {}
