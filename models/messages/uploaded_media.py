"""UploadedMedia: a file that was put here to be sent, and what Meta knows it as."""

from datetime import datetime

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import ObjectIdDocument, utc_now
from models.messages.media import MediaState


class UploadedMedia(ObjectIdDocument):
    """The bytes belong to this document; each message that shows them has a `Media` naming it.

    Made before the bytes are stored, so that what a crash leaves is found and removed.
    """

    account_id: PydanticObjectId
    kind: str
    """The type of message it was checked for: `image`, `video`, `audio`, `document`, `sticker`."""
    filename: str | None = None
    mime_type: str
    """What the bytes really are; see `whatsapp.media.media_types`."""
    told_type: str
    """What Meta is told: of a document more than its first bytes can say."""
    size_bytes: int
    sha256: str
    """Hex SHA-256 of the bytes."""
    animated: bool = False
    store: str
    """Name of the store that holds the bytes."""
    stored_as: str
    """Their key in that store."""

    media_id: str | None = None
    """Meta's id of the file; None until Meta took it."""
    media_id_expires_at: datetime | None = None
    """When Meta forgets that id; the file is then handed over once more before it is sent."""
    unused_until: datetime | None = None
    """When it is removed if no message was sent with it; None once one was."""
    erased_at: datetime | None = None
    """Set when nothing shows it any more: bytes and document go next."""
    created_by: str | None = None
    """Name of the API key that brought it."""
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
