"""UploadedMedia: a file that was uploaded to be sent, and its id at Meta."""

from datetime import datetime

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import ObjectIdDocument, utc_now
from models.messages.media import MediaState


class UploadedMedia(ObjectIdDocument):
    """Owns the bytes; each message with them has a `Media` that refers to this document.

    Created before the bytes are stored, so that bytes left by a crash are removed.
    """

    account_id: PydanticObjectId
    kind: str
    """The message type: `image`, `video`, `audio`, `document` or `sticker`."""
    filename: str | None = None
    mime_type: str
    """The detected MIME type of the bytes; see `whatsapp.media.media_types`."""
    told_type: str
    """The MIME type for Meta, which for documents is more specific than the detected type."""
    size_bytes: int
    sha256: str
    """Hex SHA-256 of the bytes."""
    animated: bool = False
    store: str
    """Name of the store that holds the bytes."""
    stored_as: str
    """Their key in that store."""

    media_id: str | None = None
    """Meta's id of the file; None until it is uploaded to Meta."""
    media_id_expires_at: datetime | None = None
    """Time at which that id expires; the file is then uploaded to Meta again."""
    unused_until: datetime | None = None
    """Time at which it is removed if unused; None once a message uses it."""
    erased_at: datetime | None = None
    """Set when no message uses it any more; bytes and document are removed after that."""
    created_by: str | None = None
    """Name of the API key that uploaded it."""
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
