"""Content of messages that were made from a template."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from beanie import PydanticObjectId

from graph.core.context import Info
from graph.core.enums import MediaKind, MediaState
from graph.core.scalars import Url
from graph.core.stored import load_template
from graph.types.content.content_interface import Content
from graph.types.content.reading import (
    read_float,
    read_iso_time,
    read_object,
    read_objects,
    read_text,
    read_texts,
    read_url,
)
from models import Message

if TYPE_CHECKING:
    from graph.types.templates import Template


@strawberry.type(description="Header above the body: a text, a file or a location.")
class TemplateContentHeader:
    text: str | None = strawberry.field(description="Header text; null for other headers.")
    media_kind: MediaKind | None = strawberry.field(
        description="Kind of header file; null for other headers."
    )
    link: Url | None = strawberry.field(
        description="URL from which WhatsApp downloads the file; null for an uploaded file."
    )
    filename: str | None = strawberry.field(description="File name of a document.")
    place: "TemplateContentPlace | None" = strawberry.field(
        description="Header location; null for other headers."
    )
    message: strawberry.Private[Message | None]

    @strawberry.field(
        description="Signed URL of an uploaded file, valid for a limited time without credentials;"
        " null for other files and in previews."
    )
    def url(self, info: Info) -> Url | None:
        message = self.message
        if message is None or message.upload_id is None:
            return None
        if self.media_kind is None or message.media_state is not MediaState.STORED:
            return None
        return Url(info.context.services.media_urls.make(message.id))


@strawberry.type(description="Location above the body.")
class TemplateContentPlace:
    latitude: float = strawberry.field(description="Latitude in degrees.")
    longitude: float = strawberry.field(description="Longitude in degrees.")
    name: str | None = strawberry.field(description="Name of the place.")
    address: str | None = strawberry.field(description="Address of the place.")


@strawberry.type(description="Button below the body.")
class TemplateContentButton:
    button_type: str = strawberry.field(
        description="WhatsApp's button type: QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE, FLOW and"
        " so on."
    )
    title: str | None = strawberry.field(description="Button label.")
    url: Url | None = strawberry.field(description="URL that the button opens, for URL.")
    phone_number: str | None = strawberry.field(
        description="Phone number that the button calls, for PHONE_NUMBER."
    )
    coupon_code: str | None = strawberry.field(
        description="Code that the button copies, for COPY_CODE."
    )
    reply_id: str | None = strawberry.field(
        description="Payload returned with the customer's reply, for QUICK_REPLY."
    )
    flow_token: str | None = strawberry.field(
        description="Token returned with the customer's response, for FLOW."
    )


@strawberry.type(description="Card of a carousel.")
class TemplateContentCard:
    header: TemplateContentHeader | None = strawberry.field(
        description="Image or video above the card."
    )
    body: str = strawberry.field(description="Card text; empty if there is none.")
    buttons: list[TemplateContentButton] = strawberry.field(description="Buttons of the card.")


@strawberry.type(description="Limited-time offer.")
class TemplateContentOffer:
    text: str | None = strawberry.field(description="Name of the offer.")
    expires_at: datetime | None = strawberry.field(description="Time at which the offer expires.")


@strawberry.type(
    description="Template as the customer reads it: filled in, and as it was when the message was"
    " created."
)
class TemplateContent(Content):
    name: str | None = strawberry.field(description="Name of the template.")
    language: str | None = strawberry.field(description="Language code, such as en_US.")
    category: str | None = strawberry.field(
        description="Category: MARKETING, UTILITY or AUTHENTICATION."
    )
    header: TemplateContentHeader | None = strawberry.field(description="Header above the body.")
    body: str = strawberry.field(description="Body text; empty if there is none.")
    footer: str | None = strawberry.field(description="Footer below the body.")
    buttons: list[TemplateContentButton] = strawberry.field(description="Buttons below the body.")
    cards: list[TemplateContentCard] = strawberry.field(description="Cards of a carousel.")
    offer: TemplateContentOffer | None = strawberry.field(
        description="Limited-time offer; null if there is none."
    )
    template_id: strawberry.Private[PydanticObjectId | None]

    @strawberry.field(description="Current version of the template; null if it no longer exists.")
    async def template(
        self, info: Info
    ) -> Annotated["Template", strawberry.lazy("graph.types.templates")] | None:
        from graph.types.templates import Template  # noqa: PLC0415 - templates import content

        template = await load_template(info, self.template_id) if self.template_id else None
        return Template.from_document(template) if template else None


def read_template(
    content: Mapping[str, Any], message: Message | None = None
) -> TemplateContent | None:
    """Returns None for a template message that was not created here."""
    filled = read_object(content, "shown")
    if not filled:
        return None
    template_id, offer = filled.get("template_id"), read_object(filled, "offer")
    return TemplateContent(
        type_name="template",
        name=read_text(content, "name"),
        language=read_text(read_object(content, "language"), "code"),
        category=read_text(filled, "category"),
        header=_read_header(read_object(filled, "header"), message),
        body=read_text(filled, "body") or "",
        footer=read_text(filled, "footer"),
        buttons=_read_buttons(filled),
        cards=[
            TemplateContentCard(
                header=_read_header(read_object(card, "header")),
                body=read_text(card, "body") or "",
                buttons=_read_buttons(card),
            )
            for card in read_objects(filled, "cards")
        ],
        offer=_read_offer(offer) if offer else None,
        template_id=PydanticObjectId(template_id) if template_id else None,
    )


def _read_header(
    header: Mapping[str, Any], message: Message | None = None
) -> TemplateContentHeader | None:
    if not header:
        return None
    kind = read_text(header, "format") or ""
    return TemplateContentHeader(
        text=read_text(header, "text"),
        media_kind=MediaKind.__members__.get(kind),
        link=read_url(header, "link"),
        filename=read_text(header, "filename"),
        place=_read_place(header) if kind == "LOCATION" else None,
        message=message,
    )


def _read_place(header: Mapping[str, Any]) -> TemplateContentPlace:
    return TemplateContentPlace(
        latitude=read_float(header, "latitude") or 0.0,
        longitude=read_float(header, "longitude") or 0.0,
        **read_texts(header, "name", "address"),
    )


def _read_buttons(filled: Mapping[str, Any]) -> list[TemplateContentButton]:
    return [
        TemplateContentButton(
            button_type=read_text(button, "type") or "",
            title=read_text(button, "text"),
            reply_id=read_text(button, "payload"),
            url=read_url(button, "url"),
            **read_texts(button, "phone_number", "coupon_code", "flow_token"),
        )
        for button in read_objects(filled, "buttons")
    ]


def _read_offer(offer: Mapping[str, Any]) -> TemplateContentOffer:
    return TemplateContentOffer(
        text=read_text(offer, "text"), expires_at=read_iso_time(offer, "expires_at")
    )
