"""Images, videos, audio files, documents and stickers to send."""

from typing import Any

import strawberry
from strawberry import Maybe

from graph.core.context import Services
from graph.core.ids import require_id
from graph.core.scalars import Upload, Url
from graph.inputs.one_of import read_one_of
from whatsapp.auth.access import Viewer
from whatsapp.outbox.content import MediaSource, OutgoingMedia

LINK = "URL from which WhatsApp downloads the file, up to 2,048 ASCII characters."
UPLOAD_ID = "Id of a file from `uploadMedia`, uploaded for the same account."
SOURCE = "Source of the file."
CAPTION = "Caption below the file, up to 1,024 characters."


@strawberry.input(one_of=True, description="Source of a file; exactly one must be given.")
class MediaSourceInput:
    link: Maybe[Url] = strawberry.field(description=LINK)
    upload_id: Maybe[strawberry.ID] = strawberry.field(description=UPLOAD_ID)
    file: Maybe[Upload] = strawberry.field(description="File of a multipart request.")

    def to_source(self, *place: str) -> MediaSource:
        """Raises NotFound if `upload_id` is not the id of an upload; `place` is the input's."""
        name, value = read_one_of(self)
        if name == "upload_id":
            value = require_id(value, "UploadedMedia", *place, "uploadId")
        return MediaSource(**{name: value})


def source_field() -> Any:
    return strawberry.field(description=SOURCE)


def caption_field() -> Any:
    return strawberry.field(default=None, description=CAPTION)


class MediaInput:
    """Fields that all five kinds of media share."""

    kind: str
    source: MediaSourceInput

    def to_content(self, viewer: Viewer, services: Services) -> OutgoingMedia:
        """Raises NotFound if the source is not the id of an upload."""
        return OutgoingMedia(
            kind=self.kind,
            source=self.source.to_source("content", self.kind, "source"),
            uploads=services.uploads,
            sent_by=viewer.name,
            caption=getattr(self, "caption", None),
            filename=getattr(self, "filename", None),
            voice=bool(getattr(self, "voice", False)),
        )


@strawberry.input(description="JPEG or PNG image of up to 5 MB.")
class ImageInput(MediaInput):
    kind: strawberry.Private[str] = "image"
    source: MediaSourceInput = source_field()
    caption: str | None = caption_field()


@strawberry.input(description="MP4 or 3GP video of up to 16 MB.")
class VideoInput(MediaInput):
    kind: strawberry.Private[str] = "video"
    source: MediaSourceInput = source_field()
    caption: str | None = caption_field()


@strawberry.input(description="Audio file of up to 16 MB (AAC, AMR, MP3, M4A or OGG with Opus).")
class AudioInput(MediaInput):
    kind: strawberry.Private[str] = "audio"
    source: MediaSourceInput = source_field()
    voice: bool | None = strawberry.field(
        default=False,
        description="True if the file is shown as a voice message; requires OGG with Opus.",
    )


@strawberry.input(
    description="File of up to 100 MB. Images, audio and video in a format that can't be sent as"
    " media are refused."
)
class DocumentInput(MediaInput):
    kind: strawberry.Private[str] = "document"
    source: MediaSourceInput = source_field()
    caption: str | None = caption_field()
    filename: str | None = strawberry.field(
        default=None,
        description="File name shown to the customer, up to 240 characters; defaults to the"
        " upload's name.",
    )


@strawberry.input(description="WebP sticker of 512 x 512 pixels and up to 100 KB, animated 500 KB.")
class StickerInput(MediaInput):
    kind: strawberry.Private[str] = "sticker"
    source: MediaSourceInput = source_field()
