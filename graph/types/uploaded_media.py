"""Uploaded files in the graph."""

import base64
from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay

import models
from graph.core.context import Info
from graph.core.enums import MediaKind


@strawberry.type(description="A file that was uploaded, to be sent in messages.")
class UploadedMedia(relay.Node):
    node_id: relay.NodeID[str]
    media_id: str | None = strawberry.field(description="WhatsApp's id of the file.")
    kind: MediaKind = strawberry.field(description="The kind of file that it was checked for.")
    mime_type: str = strawberry.field(description="MIME type by its first bytes.")
    size_bytes: int = strawberry.field(description="Size in bytes.")
    filename: str | None = strawberry.field(description="Its name.")
    animated: bool = strawberry.field(description="Whether it is an animated sticker.")
    expires_at: datetime | None = strawberry.field(
        description="When WhatsApp forgets the file; sent later, it is handed over once more."
    )
    unused_until: datetime | None = strawberry.field(
        description="When it is removed if no message was sent with it; null once one was."
    )
    created_at: datetime = strawberry.field(description="When it was uploaded.")
    document: strawberry.Private[models.UploadedMedia]

    @strawberry.field(description="SHA-256 of the file in base64.")
    def sha256(self) -> str:
        return base64.b64encode(bytes.fromhex(self.document.sha256)).decode()

    @strawberry.field(description="Where to read the file, for a while and without a key.")
    def url(self, info: Info) -> str:
        return info.context.services.media_urls.make(self.document.id)

    @classmethod
    def from_document(cls, document: models.UploadedMedia) -> Self:
        return cls(
            node_id=str(document.id),
            media_id=document.media_id,
            kind=MediaKind[document.kind.upper()],
            mime_type=document.mime_type,
            size_bytes=document.size_bytes,
            filename=document.filename,
            animated=document.animated,
            expires_at=document.media_id_expires_at,
            unused_until=document.unused_until,
            created_at=document.created_at,
            document=document,
        )
