"""Pictures, videos, sounds, documents and stickers to send."""

from typing import Any

import strawberry

from graph.core.context import Services
from graph.core.ids import require_id
from graph.core.scalars import Upload
from whatsapp.auth.access import Viewer
from whatsapp.outbox.content import MediaSource, OutgoingMedia

LINK = "An http(s) URL that WhatsApp fetches it from."
UPLOAD_ID = "A file of `uploadMedia`, of the same account."
FILE = "The file itself, in a multipart request."
CAPTION = "The text below it: at most 1024 characters."


def link_field() -> Any:
    return strawberry.field(default=None, description=LINK)


def upload_id_field() -> Any:
    return strawberry.field(default=None, description=UPLOAD_ID)


def file_field() -> Any:
    return strawberry.field(default=None, description=FILE)


def caption_field() -> Any:
    return strawberry.field(default=None, description=CAPTION)


class MediaInput:
    """What all five share; `to_content` binds it to whoever sends."""

    kind: str
    link: str | None
    upload_id: strawberry.ID | None
    file: Upload | None

    def to_content(self, viewer: Viewer, services: Services) -> OutgoingMedia:
        """Raises NotFound: the id is none of an upload."""
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


@strawberry.input(description="A jpeg or png picture of at most 5 MB: a link, an upload or a file.")
class ImageInput(MediaInput):
    kind: strawberry.Private[str] = "image"
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    file: Upload | None = file_field()
    caption: str | None = caption_field()


@strawberry.input(description="An mp4 or 3gp video of at most 16 MB: a link, an upload or a file.")
class VideoInput(MediaInput):
    kind: strawberry.Private[str] = "video"
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    file: Upload | None = file_field()
    caption: str | None = caption_field()


@strawberry.input(
    description="A sound of at most 16 MB, aac, amr, mp3, m4a or ogg with Opus: a link, an upload"
    " or a file."
)
class AudioInput(MediaInput):
    kind: strawberry.Private[str] = "audio"
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    file: Upload | None = file_field()
    voice: bool | None = strawberry.field(
        default=False, description="Whether it is shown as a voice message; ogg with Opus only."
    )


@strawberry.input(
    description="A file of at most 100 MB, of any type but a picture, audio or video that can't be"
    " sent as such: a link, an upload or a file."
)
class DocumentInput(MediaInput):
    kind: strawberry.Private[str] = "document"
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    file: Upload | None = file_field()
    caption: str | None = caption_field()
    filename: str | None = strawberry.field(
        default=None,
        description="The name it is shown under: at most 240 characters; left out, the upload's.",
    )


@strawberry.input(
    description="A webp picture of 512 x 512 pixels, at most 100 KB, animated 500 KB: a link, an"
    " upload or a file."
)
class StickerInput(MediaInput):
    kind: strawberry.Private[str] = "sticker"
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    file: Upload | None = file_field()
