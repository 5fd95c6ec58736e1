"""The interface of content types, from the caller's input to the stored message."""

from dataclasses import dataclass
from typing import Any, Protocol

from beanie import PydanticObjectId

from models import UploadedMedia
from whatsapp.outbox.recipients import Target
from whatsapp.outbox.target_pipeline import References


@dataclass(frozen=True)
class ResolvedContent:
    """Content in the form in which it is stored with the message."""

    content: dict[str, Any]
    """Meta's object under the type's key; for exceptions see `whatsapp.outbox.content.stored`."""
    text: str | None
    """The content in one line of text."""
    upload_id: PydanticObjectId | None = None
    """The uploaded file that is sent with the message."""
    upload: UploadedMedia | None = None
    """Its document; None if it has not been read."""


class OutgoingContent(Protocol):
    """A content type. Call `check` first, then `resolve` for a recipient that may be messaged."""

    @property
    def type(self) -> str:
        """Meta's name of the type: `text`, `image`, …"""

    @property
    def needs_window(self) -> bool:
        """True if the content may only be sent while the customer service window is open."""

    @property
    def references(self) -> References:
        """The documents that `resolve` needs; they are read together with the recipient."""

    def describe(self) -> Any:
        """Returns the input as JSON, to compare requests with the same idempotency key."""

    def check(self) -> None:
        """Checks the input alone. Raises InvalidInput, with the invalid field."""

    async def resolve(self, target: Target) -> ResolvedContent:
        """Checks the objects that the content refers to for this recipient; stores files.

        Raises:
            Refused: the content can't be sent to the recipient.
        """
