"""What can be sent: one class a content type, each checked before anything is stored.

A content class has `type` (Meta's name), `to_content()` (Meta's object under that name),
`to_text()` (what a person reads), `needs_window` and `check()`.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from models import Contact, Message
from whatsapp.errors import InvalidInput
from whatsapp.values import is_unicode

TEXT_LIMIT = 4096
# Everything else needs an open customer service window.
_WINDOWLESS_TYPES = frozenset({"template"})


class OutgoingContent(Protocol):
    """The shape of every content class."""

    @property
    def type(self) -> str: ...

    @property
    def needs_window(self) -> bool: ...

    def to_content(self) -> dict[str, Any]: ...

    def to_text(self) -> str | None: ...

    def check(self) -> None:
        """Raises InvalidInput for what Meta would refuse."""


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

    def to_content(self) -> dict[str, Any]:
        return {"body": self.body, "preview_url": self.preview_url}

    def to_text(self) -> str:
        return self.body

    def check(self) -> None:
        """Raises InvalidInput."""
        check_text(self.body, limit=TEXT_LIMIT, field=["content", "text", "body"])


@dataclass(frozen=True)
class StoredContent:
    """The content of a message that exists, to be sent once more as it was."""

    message: Message

    @property
    def type(self) -> str:
        return self.message.type

    @property
    def needs_window(self) -> bool:
        return needs_window(self.message.type)

    def to_content(self) -> dict[str, Any]:
        return self.message.content

    def to_text(self) -> str | None:
        return self.message.text

    def check(self) -> None:
        """It was checked when it was first queued."""


def build_payload(message: Message, contact: Contact) -> dict[str, Any]:
    """The body of Meta's `POST /{phone_number_id}/messages`.

    `biz_opaque_callback_data` comes back in the statuses: it is how a message is found whose answer
    was lost. A user id goes into `recipient`: in `to` Meta drops it without a word.
    """
    payload: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": message.type,
        message.type: message.content,
        "biz_opaque_callback_data": str(message.id),
    }
    if contact.wa_id is not None:
        payload["to"] = contact.wa_id
    else:
        payload["recipient"] = contact.bsuid or contact.identities[0].value
    if message.reply_to_wamid is not None:
        payload["context"] = {"message_id": message.reply_to_wamid}
    return payload


def needs_window(message_type: str) -> bool:
    """Whether a message of this type is only allowed while the service window is open."""
    return message_type not in _WINDOWLESS_TYPES


def check_text(text: str, *, limit: int, field: list[str]) -> None:
    """Raises InvalidInput for a text that is blank, too long, or that can't be stored and sent."""
    if not text.strip():
        raise InvalidInput("The text is blank.", field=field)
    if len(text) > limit:
        raise InvalidInput(
            f"The text has {len(text)} characters, {limit} are allowed.", field=field
        )
    if "\0" in text or not is_unicode(text):
        raise InvalidInput("The text has a character that can't be sent.", field=field)
