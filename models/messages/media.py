"""Media: the file of a message, downloaded after the message is stored."""

from datetime import datetime
from enum import StrEnum

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from models.database.base import InWorkspace, ObjectIdDocument, utc_now


class MediaState(StrEnum):
    """The state of a download; all but PENDING are final."""

    PENDING = "PENDING"
    STORED = "STORED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


STORAGE_FULL = "the stored bytes of the workspace have reached its quota"
"""The `error` of a file that waits for room."""


class Media(InWorkspace, ObjectIdDocument):
    """`_id` is the message's id, so a message has at most one."""

    account_id: PydanticObjectId
    conversation_id: PydanticObjectId
    message_id: PydanticObjectId
    kind: str
    """The message's type: `image`, `video`, `audio`, `document` or `sticker`."""
    media_id: str
    """Meta's id of the file, valid for 7 days."""
    stated_type: str | None = None
    """Meta's MIME type, which may have parameters."""
    stated_sha256: str | None = None
    """The webhook's SHA-256, in base64 or hex."""
    filename: str | None = None
    upload_id: PydanticObjectId | None = None
    """The `UploadedMedia` with the bytes of an outbound message."""

    state: MediaState = MediaState.PENDING
    mime_type: str | None = None
    """The detected MIME type of the bytes; see `whatsapp.media.media_types`."""
    size_bytes: int | None = None
    sha256: str | None = None
    """Hex SHA-256 of the stored bytes."""
    store: str | None = None
    """Name of the store that holds the bytes, also after the default store changes."""
    stored_as: str | None = None
    """Key of the bytes in the store."""
    stored_at: datetime | None = None
    error: str | None = None
    """The reason why the last attempt failed, for operators."""

    attempts: int = 0
    next_attempt_at: datetime | None = None
    """Time of the next attempt, or end of the lease of a running attempt. None if the state is
    final or the account can't download."""
    fence: int = 0
    """Rises with every lease; a worker with a lower fence has lost the file."""
    begun: list[int] | None = None
    """Fences of attempts that may have left bytes in a store, besides `stored_as`. None, as in
    version 0.1, for all attempts."""
    erased_at: datetime | None = None
    """Set when its message is erased; it is hidden then, and removed after that."""
    created_at: datetime = Field(default_factory=utc_now)

    @property
    def waits_for_storage(self) -> bool:
        return self.state is MediaState.PENDING and self.error == STORAGE_FULL

    @property
    def unsettled(self) -> list[int]:
        """Fences of attempts that may have left bytes in a store, besides `stored_as`."""
        return [*range(1, self.fence + 1)] if self.begun is None else self.begun

    class Settings:
        name = "media"
        indexes = [
            # The account lets a search pass over files of busy accounts without reading them.
            IndexModel(
                [("next_attempt_at", ASCENDING), ("account_id", ASCENDING)],
                name="due_of_accounts",
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
            # For removal by age.
            IndexModel([("account_id", ASCENDING), ("created_at", ASCENDING)], name="age"),
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
