"""Text messages, and checks of texts that all content types share."""

from collections.abc import Hashable, Sequence, Sized
from dataclasses import dataclass
from typing import Any, ClassVar

from whatsapp.common.values import check_body
from whatsapp.errors import InvalidInput, InvalidReason
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.recipients import Target
from whatsapp.outbox.target_pipeline import References

# Meta, "Text messages".
TEXT_LIMIT = 4096
# Meta, "Template components": URL buttons. Its other pages state none.
URL_LIMIT = 2000


@dataclass(frozen=True)
class OutgoingText:
    """A text of 1 to 4096 characters. With `preview_url`, WhatsApp previews its first link."""

    type: ClassVar[str] = "text"
    needs_window: ClassVar[bool] = True
    references: ClassVar[References] = References()
    body: str
    preview_url: bool = False

    def describe(self) -> dict[str, Any]:
        return {"body": self.body, "preview_url": self.preview_url}

    def check(self) -> None:
        """Raises InvalidInput."""
        check_body(self.body, limit=TEXT_LIMIT, field=["content", "text", "body"])

    async def resolve(self, target: Target) -> ResolvedContent:  # noqa: ARG002 - needs no look-up
        return ResolvedContent(content=self.describe(), text=self.body)


def check_optional_text(text: str | None, *, limit: int, field: list[str]) -> None:
    """Checks a text like `check_body`, unless it is None."""
    if text is not None:
        check_body(text, limit=limit, field=field)


def check_count(values: Sized, *, limit: int, noun: str, field: list[str]) -> None:
    """Raises InvalidInput unless there are 1 to `limit` values."""
    if not 1 <= len(values) <= limit:
        raise InvalidInput(
            f"There are {len(values)} {noun}; 1 to {limit} are allowed.",
            field=field,
            reason=InvalidReason.TOO_MANY if values else InvalidReason.REQUIRED,
            limit=limit if values else None,
        )


def check_unique(values: Sequence[tuple[Hashable, list[str]]], *, noun: str) -> None:
    """Raises InvalidInput for the first repeated value. Each value is given with its field."""
    seen: set[Hashable] = set()
    for value, field in values:
        if value in seen:
            raise InvalidInput(
                f"This {noun} is used twice; make it unique.",
                field=field,
                reason=InvalidReason.DUPLICATE,
            )
        seen.add(value)
