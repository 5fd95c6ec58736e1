"""The shape of everything that can be sent, from what was asked for to what is stored."""

from dataclasses import dataclass
from typing import Any, Protocol

from beanie import PydanticObjectId

from whatsapp.outbox.recipients import Target


@dataclass(frozen=True)
class ResolvedContent:
    """What is stored with the message."""

    content: dict[str, Any]
    """Meta's object under the type's key; for exceptions see `whatsapp.outbox.content.payload`."""
    text: str | None
    """What a person reads in one line."""
    upload_id: PydanticObjectId | None = None
    """The uploaded file that it is sent with."""


class OutgoingContent(Protocol):
    """One content type. First `check`, then, for a recipient that may be written to, `resolve`."""

    @property
    def type(self) -> str:
        """Meta's name: `text`, `image`, …"""

    @property
    def needs_window(self) -> bool:
        """Whether it may only be sent while the customer service window is open."""

    def describe(self) -> Any:
        """What was asked for, as JSON: the same for the same request with one idempotency key."""

    def check(self) -> None:
        """Looks at the input alone. Raises InvalidInput, with the field at fault."""

    async def resolve(self, target: Target) -> ResolvedContent:
        """Looks up what the content refers to, and checks it for this recipient.

        Raises:
            Refused: it can't be sent to them.
        """
