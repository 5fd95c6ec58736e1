"""Outgoing images, videos, audio, documents and stickers: by link, by upload, or as a file."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from beanie import PydanticObjectId

from models import UploadedMedia
from whatsapp.errors import InvalidInput, InvalidReason, NotFound, RefusalCollector
from whatsapp.media.media_types import correct_ending
from whatsapp.media.received_file import ReceivedFile, check_file, check_filename
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.content.text import check_optional_text
from whatsapp.outbox.recipients import Target
from whatsapp.outbox.target_pipeline import References

if TYPE_CHECKING:
    from whatsapp.media.uploads import Uploads

# Meta, "Image messages", "Video messages" and "Document messages".
CAPTION_LIMIT = 1024
# Ours: Meta states none.
LINK_LIMIT = 2048


@dataclass(frozen=True)
class MediaSource:
    """The source of a file: exactly one of the fields is set."""

    link: str | None = None
    upload_id: PydanticObjectId | None = None
    file: ReceivedFile | None = None

    def describe(self) -> dict[str, str]:
        """Returns an object that is equal for the same link, upload or bytes."""
        if self.link is not None:
            return {"link": self.link}
        return {"sha256": self.file.sha256} if self.file else {"upload_id": str(self.upload_id)}


@dataclass(frozen=True)
class OutgoingMedia:
    """A file to send: `voice` for audio, `filename` for documents, no `caption` for stickers."""

    needs_window: ClassVar[bool] = True
    kind: str
    """Meta's name of the type: `image`, `video`, `audio`, `document` or `sticker`."""
    source: MediaSource
    uploads: "Uploads" = field(repr=False)
    sent_by: str
    caption: str | None = None
    filename: str | None = None
    voice: bool = False

    @property
    def type(self) -> str:
        return self.kind

    @property
    def references(self) -> References:
        return References(upload_id=self.source.upload_id)

    def describe(self) -> dict[str, Any]:
        return {**self.source.describe(), **self._make_options()}

    def check(self) -> None:
        """Raises InvalidInput."""
        source = self.source
        with RefusalCollector() as collect:
            caption_field = self._make_field("caption")
            collect(check_optional_text, self.caption, limit=CAPTION_LIMIT, field=caption_field)
            if self.filename is not None:
                collect(check_filename, self.filename, field=self._make_field("filename"))
            if source.link is not None:
                collect(check_link, source.link, field=self._make_field("source", "link"))
            if source.file is not None:
                collect(self._check_file, source.file)

    async def resolve(self, target: Target) -> ResolvedContent:
        """Uploads a file, or checks the upload. Raises Refused if it can't be sent."""
        if self.source.link is not None:
            return self._make_content({"link": self.source.link}, None)
        if self.source.file is not None:
            upload = await self.uploads.receive(
                target.account,
                self.source.file,
                kind=self.kind,
                filename=self.filename,
                created_by=self.sent_by,
                field=self._make_field("source", "file"),
            )
        else:
            upload = self._get_upload(target)
        return self._make_content({"id": upload.media_id}, upload)

    def _get_upload(self, target: Target) -> UploadedMedia:
        place = self._make_field("source", "uploadId")
        upload = target.get_upload()
        if upload is None:
            raise NotFound("The upload", field=place)
        if self.kind not in (upload.kind, "document"):
            raise InvalidInput(f"The upload's kind is {upload.kind}, not {self.kind}.", field=place)
        self._check_voice(upload.mime_type, place)
        return upload

    def _check_file(self, file: ReceivedFile) -> None:
        place = self._make_field("source", "file")
        properties = check_file(file, kind=self.kind, filename=self.filename, field=place)
        self._check_voice(properties.mime_type, place)

    def _check_voice(self, mime_type: str, place: list[str]) -> None:
        if self.voice and mime_type != "audio/ogg":
            raise InvalidInput(
                "Unsupported voice message type; use Ogg with Opus.",
                field=place,
                reason=InvalidReason.UNSUPPORTED_FILE,
            )

    def _make_content(
        self, reference: dict[str, Any], upload: UploadedMedia | None
    ) -> ResolvedContent:
        content = {**reference, **self._make_options()}
        if self.kind == "document" and upload is not None:
            name = self.filename or upload.filename
            if name is not None:
                content["filename"] = correct_ending(name, upload.mime_type)
        return ResolvedContent(
            content=content,
            text=self.caption or content.get("filename") or f"[{self.kind}]",
            upload_id=upload.id if upload else None,
            upload=upload,
        )

    def _make_options(self) -> dict[str, Any]:
        options = {"caption": self.caption, "filename": self.filename}
        content: dict[str, Any] = {key: text for key, text in options.items() if text is not None}
        return content | ({"voice": True} if self.voice else {})

    def _make_field(self, *names: str) -> list[str]:
        return ["content", self.kind, *names]


def check_link(link: str, *, field: list[str]) -> None:
    """Raises InvalidInput for a URL that WhatsApp can't fetch. Sends no request."""
    if len(link) > LINK_LIMIT or not link.isascii():
        raise InvalidInput(
            f"Use a URL of at most {LINK_LIMIT} ASCII characters.",
            field=field,
            reason=InvalidReason.MALFORMED,
        )
    if urlsplit(link).username is not None:
        raise InvalidInput("Use a URL without a user name.", field=field)
