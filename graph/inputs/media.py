"""Images, videos, audio files, documents and stickers to send."""

from typing import Any

import strawberry

from graph.core.context import Services
from graph.core.ids import require_id
from graph.core.scalars import Upload
from whatsapp.auth.access import Viewer
from whatsapp.outbox.content import MediaSource, OutgoingMedia

LINK = "URL from which WhatsApp downloads the file: http:// or https://."
UPLOAD_ID = "Id of a file from `uploadMedia`, uploaded for the same account."
FILE = "File of a multipart request."
CAPTION = "Caption below the file, up to 1,024 characters."


def link_field() -> Any:
    return strawberry.field(default=None, description=LINK)


def upload_id_field() -> Any:
    return strawberry.field(default=None, description=UPLOAD_ID)


def file_field() -> Any:
    return strawberry.field(default=None, description=FILE)


def caption_field() -> Any:
    return strawberry.field(default=None, description=CAPTION)


class MediaInput:
    """Fields that all five kinds of media share."""

    kind: str
    link: str | None
    upload_id: strawberry.ID | None
    file: Upload | None

    def to_content(self, viewer: Viewer, services: Services) -> OutgoingMedia:
        """Raises NotFound if `upload_id` is not the id of an upload."""
        place = ("content", self.kind, "uploadId")
        upload_id = self.upload_id
        return OutgoingMedia(
            kind=self.kind,
            source=MediaSource(
                link=self.link,
                upload_id=(
                    None if upload_id is None else require_id(upload_id, "UploadedMedia", *place)
                ),
                file=self.file,
            ),
            uploads=services.uploads,
            sent_by=viewer.name,
            caption=getattr(self, "caption", None),
            filename=getattr(self, "filename", None),
            voice=bool(getattr(self, "voice", False)),
        )


@strawberry.input(description="JPEG or PNG image of up to 5 MB, as a link, an upload or a file.")
class ImageInput(MediaInput):
    kind: strawberry.Private[str] = "image"
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    file: Upload | None = file_field()
    caption: str | None = caption_field()


@strawberry.input(description="MP4 or 3GP video of up to 16 MB, as a link, an upload or a file.")
class VideoInput(MediaInput):
    kind: strawberry.Private[str] = "video"
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    file: Upload | None = file_field()
    caption: str | None = caption_field()


@strawberry.input(
    description="Audio file of up to 16 MB (AAC, AMR, MP3, M4A or OGG with Opus), as a link, an"
    " upload or a file."
)
class AudioInput(MediaInput):
    kind: strawberry.Private[str] = "audio"
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    file: Upload | None = file_field()
    voice: bool | None = strawberry.field(
        default=False,
        description="True if the file is shown as a voice message; requires OGG with Opus.",
    )


@strawberry.input(
    description="File of up to 100 MB, as a link, an upload or a file. Images, audio and video in"
    " a format that can't be sent as media are refused."
)
class DocumentInput(MediaInput):
    kind: strawberry.Private[str] = "document"
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    file: Upload | None = file_field()
    caption: str | None = caption_field()
    filename: str | None = strawberry.field(
        default=None,
        description="File name shown to the customer, up to 240 characters; defaults to the"
        " upload's name.",
    )


@strawberry.input(
    description="WebP sticker of 512 x 512 pixels and up to 100 KB, animated 500 KB, as a link, an"
    " upload or a file."
)
class StickerInput(MediaInput):
    kind: strawberry.Private[str] = "sticker"
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    file: Upload | None = file_field()
