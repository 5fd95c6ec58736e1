"""The parts of a message: its status history, errors, reactions, referral and pricing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import strawberry
from beanie import PydanticObjectId

import models
from graph.core.context import Info
from graph.core.enums import MessageStatus
from graph.core.stored import load_contact
from graph.types.contacts import Contact
from graph.types.content.reading import (
    parse_text,
    read_bool,
    read_object,
    read_text,
    read_unix_time,
)

MAX_PARSED = 65_536
_FAILED = MessageStatus.FAILED.key
_STATUSES = [(status.key, status) for status in sorted(MessageStatus, key=lambda one: one.rank)]


@strawberry.type(description="A status that a message reached.")
class MessageStatusTime:
    status: MessageStatus = strawberry.field(description="The status.")
    at: datetime = strawberry.field(description="When it was reached, as WhatsApp tells it.")


def list_status_times(message: models.Message) -> list[MessageStatusTime]:
    """Sorted by rank, not by time: WhatsApp's clock has steps of a second."""
    times = message.status_times
    return [
        MessageStatusTime(status=status, at=times[key]) for key, status in _STATUSES if key in times
    ]


@strawberry.type(description="A status that WhatsApp reported and this server has no name for.")
class OtherStatus:
    name: str = strawberry.field(description="WhatsApp's word for it, such as deleted.")
    at: datetime = strawberry.field(description="When it was reached, as WhatsApp tells it.")


@strawberry.type(description="An error that WhatsApp reports of a message.")
class MessageError:
    code: int = strawberry.field(description="WhatsApp's error code; 0 for an error of our own.")
    title: str | None = strawberry.field(description="What went wrong, in a few words.")
    details: str | None = strawberry.field(description="What went wrong, and what to do about it.")
    href: str | None = strawberry.field(description="WhatsApp's page about it.")
    retryable: bool = strawberry.field(description="Whether sending it again later can help.")

    @classmethod
    def from_document(cls, document: models.MessageError) -> Self:
        return cls(
            code=document.code,
            title=document.title,
            details=document.details,
            href=document.href,
            retryable=document.retryable,
        )


def list_errors(message: models.Message) -> list[models.MessageError]:
    """Those of a failure; for inbound messages all."""
    return message.errors if not message.errors or _has_failed(message) else []


def list_warnings(message: models.Message) -> list[models.MessageError]:
    # Version 0.1 stored them among the errors.
    if not message.errors:
        return message.warnings
    return message.warnings + ([] if _has_failed(message) else message.errors)


def _has_failed(message: models.Message) -> bool:
    is_inbound = message.direction is models.MessageDirection.INBOUND
    return is_inbound or message.type == models.CALL or _FAILED in message.status_times


@strawberry.type(description="An emoji that somebody put on a message.")
class MessageReaction:
    emoji: str = strawberry.field(description="The emoji.")
    at: datetime = strawberry.field(description="When it was put there.")
    contact_id: strawberry.Private[PydanticObjectId | None]

    @strawberry.field(description="Who put it there; null for the business itself.")
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


@strawberry.type(description="The advertisement or post from which a customer came.")
class MessageReferral:
    source_url: str | None = strawberry.field(description="Its address.")
    source_type: str | None = strawberry.field(description="What it is: ad or post.")
    source_id: str | None = strawberry.field(description="Meta's id of it.")
    headline: str | None = strawberry.field(description="Its headline.")
    body: str | None = strawberry.field(description="Its text.")
    media_type: str | None = strawberry.field(description="What it shows: image or video.")
    image_url: str | None = strawberry.field(description="Address of its picture.")
    video_url: str | None = strawberry.field(description="Address of its video.")
    thumbnail_url: str | None = strawberry.field(description="Address of its thumbnail.")
    ref: str | None = strawberry.field(
        description="Your own text in the link of the advertisement or post."
    )
    click_id: str | None = strawberry.field(description="Meta's id of the click (ctwa_clid).")
    welcome_text: str | None = strawberry.field(
        description="What the customer was greeted with before they wrote."
    )

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            source_url=read_text(document, "source_url"),
            source_type=read_text(document, "source_type"),
            source_id=read_text(document, "source_id"),
            headline=read_text(document, "headline"),
            body=read_text(document, "body"),
            media_type=read_text(document, "media_type"),
            image_url=read_text(document, "image_url"),
            video_url=read_text(document, "video_url"),
            thumbnail_url=read_text(document, "thumbnail_url"),
            ref=read_text(document, "ref"),
            click_id=read_text(document, "ctwa_clid"),
            welcome_text=read_text(read_object(document, "welcome_message"), "text"),
        )


@strawberry.type(description="What WhatsApp charges for a message.")
class MessagePricing:
    billable: bool | None = strawberry.field(description="Whether it costs anything.")
    model: str | None = strawberry.field(description="WhatsApp's pricing model: PMP or CBP.")
    type: str | None = strawberry.field(
        description="Why it costs what it costs: regular, free_customer_service and so on."
    )
    category: str | None = strawberry.field(
        description="The rate it falls under: service, utility, marketing and so on."
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
    description="The conversation that WhatsApp charged for: until July 2025, and since then only"
    " where an advertisement makes messages free."
)
class BillingConversation:
    id: str | None = strawberry.field(description="WhatsApp's id of it.")
    origin: str | None = strawberry.field(
        description="How it began: service, marketing, referral_conversion and so on."
    )
    expires_at: datetime | None = strawberry.field(description="When it ends or ended.")

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            id=read_text(document, "id"),
            origin=read_text(read_object(document, "origin"), "type"),
            expires_at=read_unix_time(document, "expiration_timestamp"),
        )


@strawberry.type(
    description="WhatsApp's fingerprint of the customer's devices when a message was written."
)
class SenderIdentity:
    hash: str = strawberry.field(description="The fingerprint: it changes with their devices.")
    acknowledged: bool | None = strawberry.field(
        description="Whether your business has acknowledged it."
    )
    created_at: datetime | None = strawberry.field(description="Since when it is theirs.")


def read_identity(message: models.Message) -> SenderIdentity | None:
    """None where WhatsApp tells none."""
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
    """None of what its writer deleted."""
    if message.deleted_at is not None:
        return []
    mentions = read_object(read_item(message), "context").get("mentions")
    return [one for one in mentions if isinstance(one, str)] if isinstance(mentions, list) else []


def read_item(message: models.Message) -> dict[str, Any]:
    """The message as WhatsApp first sent it; empty where all of it is in the other fields, or
    where it is too large to be parsed for a small part of it.
    """
    raw = message.raw if message.original is None else message.original.get("raw")
    item = parse_text(raw) if raw is not None and len(raw) <= MAX_PARSED else None
    return item if isinstance(item, dict) else {}
