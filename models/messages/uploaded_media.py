"""UploadedMedia: a file uploaded by staff, and its id at Meta."""

from datetime import datetime

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import InWorkspace, ObjectIdDocument, utc_now
from models.messages.media import MediaState


class UploadedMedia(InWorkspace, ObjectIdDocument):
    """The owner of the stored bytes. Each message with this file has a `Media` that refers to it.

    Created before the bytes are stored, so that a crash leaves no bytes without an owner.
    """

    account_id: PydanticObjectId
    kind: str
    """The message type: `image`, `video`, `audio`, `document` or `sticker`."""
    filename: str | None = None
    mime_type: str
    """The detected MIME type of the bytes; see `whatsapp.media.media_types`."""
    stated_type: str
    """The MIME type stated to Meta; for documents more specific than the detected type."""
    size_bytes: int
    sha256: str
    """Hex SHA-256 of the bytes."""
    animated: bool = False
    store: str
    """Name of the store that holds the bytes."""
    stored_as: str
    """Key of the bytes in the store."""

    media_id: str | None = None
    """Meta's id of the file; None until it is uploaded to Meta."""
    media_id_expires_at: datetime | None = None
    """Time at which `media_id` expires. A later message uploads the file to Meta again."""
    unused_until: datetime | None = None
    """Time at which an unused file is removed; None once a message or quick reply uses it."""
    erased_at: datetime | None = None
    """Set when nothing uses the file any more; then bytes and document are removed."""
    created_by: str | None = None
    """Name of the API key that uploaded the file."""
    created_at: datetime = Field(default_factory=utc_now)

    @property
    def state(self) -> MediaState:
        return MediaState.PENDING if self.media_id is None else MediaState.STORED

    class Settings:
        name = "uploads"
        indexes = [
            IndexModel([("account_id", ASCENDING)], name="account"),
            IndexModel(
                [("unused_until", ASCENDING)],
                name="unused",
                partialFilterExpression={"unused_until": {"$type": "date"}},
            ),
            IndexModel(
                [("erased_at", ASCENDING)],
                name="erased",
                partialFilterExpression={"erased_at": {"$type": "date"}},
            ),
        ]
