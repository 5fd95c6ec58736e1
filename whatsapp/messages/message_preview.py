"""What a person reads in one line of a message, whatever its type and whoever wrote it."""

from collections.abc import Callable
from typing import Any

MAX_PREVIEW_LENGTH = 4096
MAX_CONTACTS = 20


def make_preview(type: str, message: dict[str, Any]) -> str:
    """The text where the message has one, else its type in brackets."""
    read = _READINGS.get(type)
    content = message.get(type)
    found = None
    if type == "contacts" and isinstance(content, list):
        found = _read_contacts(content)
    elif read is not None and isinstance(content, dict):
        found = read(content)
    return found[:MAX_PREVIEW_LENGTH] if found else f"[{type}]"


def _pick(*names: str) -> Callable[[dict[str, Any]], str | None]:
    """The first of these keys that holds a text."""

    def read(content: dict[str, Any]) -> str | None:
        values = (content.get(name) for name in names)
        return next((value for value in values if isinstance(value, str) and value), None)

    return read


def _read_interactive(content: dict[str, Any]) -> str | None:
    """What the customer chose, or what the business wrote above its buttons."""
    reply, body = content.get(str(content.get("type"))), content.get("body")
    if isinstance(reply, dict):
        return _pick("title", "body", "name")(reply)
    return _pick("text")(body) if isinstance(body, dict) else None


def _read_contacts(contacts: list[Any]) -> str:
    """The names, or numbers, of the first few."""
    named = (_name_contact(one) for one in contacts[:MAX_CONTACTS] if isinstance(one, dict))
    return ", ".join(name for name in named if name)


def _name_contact(contact: dict[str, Any]) -> str | None:
    name = contact.get("name")
    if isinstance(name, dict):
        found = _pick("formatted_name", "first_name", "last_name")(name)
        if found:
            return found
    phones = contact.get("phones")
    first = phones[0] if isinstance(phones, list) and phones else None
    return _pick("phone", "wa_id")(first) if isinstance(first, dict) else None


_READINGS: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "text": _pick("body"),
    "image": _pick("caption"),
    "video": _pick("caption"),
    "document": _pick("caption", "filename"),
    "location": _pick("name", "address"),
    "button": _pick("text", "payload"),
    "interactive": _read_interactive,
    "order": _pick("text"),
    "system": _pick("body"),
}
