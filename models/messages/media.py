"""Media: the file of a message; it is fetched after the message is stored, and never harms it."""

from datetime import datetime
from enum import StrEnum

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import ObjectIdDocument, utc_now


class MediaState(StrEnum):
    """PENDING until it is decided; the other three are final."""

    PENDING = "PENDING"
    STORED = "STORED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class Media(ObjectIdDocument):
    """`_id` is the message's id, so that making it again for the same message adds nothing."""

    account_id: PydanticObjectId
    conversation_id: PydanticObjectId
    message_id: PydanticObjectId
    kind: str
    """The message's type: `image`, `video`, `audio`, `document` or `sticker`."""
    media_id: str
    """Meta's id of the file; it works for 7 days."""
    told_type: str | None = None
    """MIME type as Meta told it, with parameters where it has any."""
    told_sha256: str | None = None
    """SHA-256 as the webhook told it, in base64 or hex."""
    filename: str | None = None
    upload_id: PydanticObjectId | None = None
    """The `UploadedMedia` that the bytes belong to, of a message that we sent."""

    state: MediaState = MediaState.PENDING
    mime_type: str | None = None
    """What the stored bytes really are; see `whatsapp.media.media_types`."""
    size_bytes: int | None = None
    sha256: str | None = None
    """Hex SHA-256 of the stored bytes."""
    store: str | None = None
    """Name of the store that holds the bytes, so that they are found after a change of stores."""
    stored_as: str | None = None
    """Their key in that store."""
    stored_at: datetime | None = None
    error: str | None = None
    """Why the last try failed, in words for an operator."""

    attempts: int = 0
    next_attempt_at: datetime | None = None
    """When to try; while a worker is at it, when its lease ends. None: settled, or waiting for its
    account to be well."""
    fence: int = 0
    """Rises with every claim: a worker whose fence is no longer this one has lost the file."""
    begun: list[int] | None = None
    """Fences of attempts whose bytes may be in a store, besides `stored_as`. None: all of them, as
    version 0.1 kept no such list."""
    erased_at: datetime | None = None
    """Set when its message was erased: from then on invisible; bytes and document go next."""
    created_at: datetime = Field(default_factory=utc_now)

    @property
    def unsettled(self) -> list[int]:
        """The fences of attempts whose bytes may be in a store, besides `stored_as`."""
        return [*range(1, self.fence + 1)] if self.begun is None else self.begun

    class Settings:
        name = "media"
        indexes = [
            IndexModel(
                [("next_attempt_at", ASCENDING)],
                name="due",
                partialFilterExpression={"next_attempt_at": {"$type": "date"}},
            ),
            IndexModel(
                [("account_id", ASCENDING), ("state", ASCENDING), ("next_attempt_at", ASCENDING)],
                name="account",
            ),
            IndexModel(
                [("next_attempt_at", ASCENDING), ("account_id", ASCENDING)],
                name="waiting",
                partialFilterExpression={"state": "PENDING"},
            ),
            IndexModel([("conversation_id", ASCENDING)], name="conversation"),
            IndexModel(
                [("upload_id", ASCENDING)],
                name="upload",
                partialFilterExpression={"upload_id": {"$type": "objectId"}},
            ),
            IndexModel(
                [("erased_at", ASCENDING)],
                name="erased",
                partialFilterExpression={"erased_at": {"$type": "date"}},
            ),
        ]
