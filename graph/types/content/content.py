"""Content of messages: one type for each kind.

Fields of the same name have the same type in all of them, so that one query can select them all.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import strawberry
from strawberry.scalars import JSON

from graph.core.context import Info
from graph.core.enums import MediaKind, MediaState
from graph.core.scalars import Url
from graph.core.stored import MEDIA, linked, load_media, load_upload
from graph.types.content.calls import CallContent, read_call
from graph.types.content.content_interface import Content
from graph.types.content.interactive import InteractiveContent, read_sent_interactive
from graph.types.content.orders import OrderContent, read_order
from graph.types.content.reactions import ReactionContent, read_reaction
from graph.types.content.reading import (
    read_float,
    read_object,
    read_objects,
    read_text,
    read_url,
)
from graph.types.content.replies import (
    InteractiveReplyContent,
    read_interactive,
    read_template_button,
)
from graph.types.content.shared_contacts import ContactsContent, read_contacts
from graph.types.content.system_changes import WELCOME_REQUEST, SystemContent, read_system
from graph.types.content.template_content import TemplateContent, read_template
from models import CALL, Media, Message


@strawberry.type(description="Text message.")
class TextContent(Content):
    body: str = strawberry.field(description="Text as it was written.")
    preview_url: bool = strawberry.field(
        description="True if WhatsApp shows a preview of the first link."
    )


@strawberry.type(description="Image, video, audio file, document or sticker.")
class MediaContent(Content):
    kind: MediaKind = strawberry.field(description="Kind of file.")
    media_id: str | None = strawberry.field(description="WhatsApp's id of the file.")
    caption: str | None = strawberry.field(description="Caption below the file.")
    voice: bool = strawberry.field(description="True if the file is a voice message.")
    state: MediaState | None = strawberry.field(
        description="Download state of the file; null if there is nothing to download."
    )
    size_bytes: int | None = linked(
        "stored_file_id",
        MEDIA,
        description="Size of the stored file in bytes; null until STORED.",
        attribute="size_bytes",
    )
    document: strawberry.Private[Message]

    @strawberry.field(
        description="True while the file is PENDING because the stored bytes of the workspace have"
        " reached its quota; it is downloaded once there is room."
    )
    async def waits_for_storage(self, info: Info) -> bool:
        if self.state is not MediaState.PENDING:
            return False
        media = await load_media(info, self.document.id)
        return media is not None and media.waits_for_storage

    @strawberry.field(
        description="Signed URL of the file, valid for a limited time without credentials; null"
        " until STORED. For files sent by link, the link itself."
    )
    def url(self, info: Info) -> Url | None:
        if self.state is not MediaState.STORED:
            return read_url(self.document.content, "link")
        return Url(info.context.services.media_urls.make(self.document.id))

    @strawberry.field(
        description="MIME type as reported by WhatsApp, with parameters if there are any; for"
        " files you sent, as detected from the content."
    )
    async def mime_type(self, info: Info) -> str | None:
        mime_type = self.document.content.get("mime_type")
        if isinstance(mime_type, str):
            return mime_type
        media = await self._load(info)
        return media.mime_type if media else None

    @strawberry.field(description="File name; null if there is none.")
    async def filename(self, info: Info) -> str | None:
        stated_filename = read_text(self.document.content, "filename")
        if stated_filename is not None or self.document.upload_id is None:
            return stated_filename
        media = await self._load(info)
        return media.filename if media else None

    @strawberry.field(description="True if the file is an animated sticker.")
    async def animated(self, info: Info) -> bool:
        if self.document.upload_id is None or self.kind is not MediaKind.STICKER:
            return bool(self.document.content.get("animated"))
        upload = await load_upload(info, self.document.upload_id)
        return upload is not None and upload.animated

    @strawberry.field(
        description="SHA-256 digest in base64: of the stored file, or as reported by WhatsApp if"
        " it is not stored."
    )
    async def sha256(self, info: Info) -> str | None:
        media = await self._load(info)
        if media is not None and media.sha256 is not None:
            return base64.b64encode(bytes.fromhex(media.sha256)).decode()
        digest = self.document.content.get("sha256")
        return digest if isinstance(digest, str) else None

    async def _load(self, info: Info) -> Media | None:
        is_stored = self.state is MediaState.STORED
        return await load_media(info, self.document.id) if is_stored else None


@strawberry.type(description="Location.")
class LocationContent(Content):
    latitude: float = strawberry.field(description="Latitude in degrees.")
    longitude: float = strawberry.field(description="Longitude in degrees.")
    name: str | None = strawberry.field(description="Name of the place.")
    address: str | None = strawberry.field(description="Address of the place.")
    url: Url | None = strawberry.field(description="URL of a page about the place.")


@strawberry.type(
    description="Content without a type of its own in this API; `raw` has the complete message."
)
class UnsupportedContent(Content):
    reason: str | None = strawberry.field(
        description="Reason why WhatsApp could not deliver the content, or the message type it"
        " names."
    )
    unsupported_type: str | None = strawberry.field(
        description="Message type that WhatsApp could not deliver, such as poll_creation."
    )
    raw: JSON | None = strawberry.field(description="Message as WhatsApp sent it.")


CONTENT_TYPES = (
    TextContent,
    MediaContent,
    LocationContent,
    ContactsContent,
    InteractiveContent,
    InteractiveReplyContent,
    ReactionContent,
    OrderContent,
    SystemContent,
    TemplateContent,
    CallContent,
    UnsupportedContent,
)


def _read_interactive(content: Mapping[str, Any]) -> Content | None:
    """Reads the customer's reply or, without one, the business's offer."""
    return read_interactive(content) or read_sent_interactive(content)


# Each returns None for content that it can't read.
_READERS: dict[str, Callable[[Mapping[str, Any]], Content | None]] = {
    "contacts": read_contacts,
    "interactive": _read_interactive,
    "button": read_template_button,
    "order": read_order,
    "system": read_system,
    CALL: read_call,
}


# Fields of a message that `read_content` reads.
CONTENT_FIELDS = (
    "type",
    "content",
    "raw",
    "direction",
    "media_state",
    "upload_id",
    "errors",
    "account_id",
    "contact_id",
    "deleted_at",
)
_MEDIA_KINDS = {kind.value.lower(): kind for kind in MediaKind}


def read_content(message: Message) -> Content:
    """Returns the typed content of a message; UnsupportedContent if expected keys are missing."""
    content = _read_typed_content(message)
    content.type_name = message.type
    return content


def _read_typed_content(message: Message) -> Content:
    content = message.content
    if message.type == "text" and isinstance(content.get("body"), str):
        return TextContent(body=content["body"], preview_url=bool(content.get("preview_url")))
    if message.type in _MEDIA_KINDS and content:
        return _read_media(_MEDIA_KINDS[message.type], message)
    if message.type == "location" and (location := _read_location(content)) is not None:
        return location
    if message.is_own_reaction and content:
        return read_reaction(message)
    read = _READERS.get(message.type)
    typed_content = read(content) if read is not None and content else None
    if message.type == WELCOME_REQUEST:
        typed_content = read_system({"type": message.type})
    if message.type == "template":
        typed_content = read_template(content, message)
    if typed_content is not None:
        return typed_content
    raw = _read_raw(message)
    return UnsupportedContent(
        reason=_find_reason(message, raw),
        unsupported_type=_read_unsupported_type(raw),
        raw=raw,
    )


def _read_media(kind: MediaKind, message: Message) -> MediaContent:
    content = message.content
    return MediaContent(
        kind=kind,
        media_id=read_text(content, "id"),
        caption=read_text(content, "caption"),
        voice=bool(content.get("voice")),
        state=message.media_state,
        document=message,
    )


def _read_location(content: dict[str, Any]) -> LocationContent | None:
    """Returns None without valid coordinates."""
    latitude, longitude = read_float(content, "latitude"), read_float(content, "longitude")
    if latitude is None or longitude is None:
        return None
    return LocationContent(
        latitude=latitude,
        longitude=longitude,
        name=read_text(content, "name"),
        address=read_text(content, "address"),
        url=read_url(content, "url"),
    )


def _read_raw(message: Message) -> Any:
    if message.raw is not None:
        return json.loads(message.raw)
    return message.content or None


def _find_reason(message: Message, raw: Any) -> str | None:
    """Returns WhatsApp's reason or, without one, the message type that WhatsApp names."""
    texts = ((error.details, error.title) for error in message.errors)
    reason = next((reason for error in texts for reason in error if reason), None)
    item = raw if isinstance(raw, dict) else {}
    for error in read_objects(item, "errors"):
        reason = reason or read_text(read_object(error, "error_data"), "details")
        reason = reason or read_text(error, "title", "message")
    return reason or _read_unsupported_type(raw)


def _read_unsupported_type(raw: Any) -> str | None:
    item = raw if isinstance(raw, dict) else {}
    return read_text(read_object(item, "unsupported"), "type")
