"""A text to send."""

from dataclasses import dataclass
from typing import Any

from whatsapp.outbox.content.checks import check_text
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.recipients import Target

# Meta, "Text messages".
TEXT_LIMIT = 4096


@dataclass(frozen=True)
class OutgoingText:
    """A text of 1 to 4096 characters; `preview_url`: WhatsApp shows a preview of its first link."""

    body: str
    preview_url: bool = False

    @property
    def type(self) -> str:
        return "text"

    @property
    def needs_window(self) -> bool:
        return True

    def describe(self) -> dict[str, Any]:
        return {"body": self.body, "preview_url": self.preview_url}

    def check(self) -> None:
        """Raises InvalidInput."""
        check_text(self.body, limit=TEXT_LIMIT, field=["content", "text", "body"])

    async def resolve(self, target: Target) -> ResolvedContent:  # noqa: ARG002 - needs no look-up
        return ResolvedContent(content=self.describe(), text=self.body)
