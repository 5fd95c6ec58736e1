"""One-line text preview of a message of any type."""

from collections.abc import Callable
from typing import Any

MAX_PREVIEW_LENGTH = 4096
MAX_CONTACTS = 20


def make_preview(type: str, message: dict[str, Any]) -> str:
    """Returns the message's text, else its type in brackets."""
    read = _READERS.get(type)
    content = message.get(type)
    text = None
    if type == "contacts" and isinstance(content, list):
        text = _read_contacts(content)
    elif read is not None and isinstance(content, dict):
        text = read(content)
    return text[:MAX_PREVIEW_LENGTH] if text else f"[{type}]"


def _pick_text(*names: str) -> Callable[[dict[str, Any]], str | None]:
    """Returns a reader of the first of these keys that has a text."""

    def read(content: dict[str, Any]) -> str | None:
        values = (content.get(name) for name in names)
        return next((value for value in values if isinstance(value, str) and value), None)

    return read


def _read_interactive(content: dict[str, Any]) -> str | None:
    """Returns the customer's choice, or the text above the business's buttons."""
    reply, body = content.get(str(content.get("type"))), content.get("body")
    if isinstance(reply, dict):
        return _pick_text("title", "body", "name")(reply)
    return _pick_text("text")(body) if isinstance(body, dict) else None


def _read_contacts(contacts: list[Any]) -> str:
    """Returns the names, or numbers, of the first contacts."""
    cards = (card for card in contacts[:MAX_CONTACTS] if isinstance(card, dict))
    return ", ".join(filter(None, map(_name_contact, cards)))


def _name_contact(contact: dict[str, Any]) -> str | None:
    name = contact.get("name")
    if isinstance(name, dict):
        text = _pick_text("formatted_name", "first_name", "last_name")(name)
        if text:
            return text
    phones = contact.get("phones")
    first = phones[0] if isinstance(phones, list) and phones else None
    return _pick_text("phone", "wa_id")(first) if isinstance(first, dict) else None


_READERS: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "text": _pick_text("body"),
    "image": _pick_text("caption"),
    "video": _pick_text("caption"),
    "document": _pick_text("caption", "filename"),
    "location": _pick_text("name", "address"),
    "button": _pick_text("text", "payload"),
    "interactive": _read_interactive,
    "order": _pick_text("text"),
    "system": _pick_text("body"),
}
