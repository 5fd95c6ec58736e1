"""Uploaded files in the graph."""

import base64
from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay

import models
from graph.core.context import Info
from graph.core.enums import MediaKind
from graph.core.scalars import Url
from graph.core.stored import reads, registers_type, stored


def _read_kind(kind: str) -> MediaKind:
    return MediaKind[kind.upper()]


def _encode_digest(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


@registers_type(models.UploadedMedia)
@strawberry.type(description="File uploaded for use in messages.")
class UploadedMedia(relay.Node):
    node_id: relay.NodeID[str]
    media_id: str | None = stored("media_id", description="WhatsApp's id of the file.")
    kind: MediaKind = stored(
        "kind",
        convert=_read_kind,
        description="Kind of media as which the file was validated and can be sent.",
    )
    mime_type: str = stored("mime_type", description="MIME type detected from the content.")
    size_bytes: int = stored("size_bytes", description="Size in bytes.")
    filename: str | None = stored("filename", description="File name.")
    animated: bool = stored("animated", description="True if the file is an animated sticker.")
    expires_at: datetime | None = stored(
        "media_id_expires_at",
        description="Time at which WhatsApp deletes the file; if it is sent later, the server"
        " uploads it again.",
    )
    unused_until: datetime | None = stored(
        "unused_until",
        description="Time at which the file is deleted if no message or quick reply uses it; null"
        " while one does.",
    )
    created_at: datetime = stored("created_at", description="Time of the upload.")
    sha256: str = stored(
        "sha256", convert=_encode_digest, description="SHA-256 digest of the file in base64."
    )
    document: strawberry.Private[models.UploadedMedia]

    @strawberry.field(
        description="Signed URL of the file, valid for a limited time without credentials.",
        metadata=reads("id"),
    )
    def url(self, info: Info) -> Url:
        return Url(info.context.services.media_urls.make(self.document.id))

    @classmethod
    def from_document(cls, document: models.UploadedMedia) -> Self:
        return cls(node_id=str(document.id), document=document)
