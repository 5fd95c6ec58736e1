"""What a message says, as it is stored: typed where the type is known, else whole."""

from dataclasses import dataclass
from typing import Any

from webhooks.payload.identity_changes import read_wa_id
from webhooks.payload.items import Unfit
from webhooks.payload.parsing import dump_json
from webhooks.payload.shapes import CONTENT_SHAPES, InboundMessage, Shape, read_readable
from whatsapp.common.values import MAX_LIST_ITEMS, make_storable
from whatsapp.messages.message_preview import make_preview

# Rich objects that Meta extends every few months: they are kept as they are, and the graph shows
# of them what it finds.
_OPEN_TYPES = frozenset({"interactive", "button", "order", "system"})


@dataclass(frozen=True)
class Said:
    """The fields of the same names of a stored message."""

    content: dict[str, Any]
    raw: str | None
    """The item's JSON text, where `content` and the other fields do not hold all of it."""
    text: str


def read_said(message: InboundMessage, value: dict[str, Any]) -> Said:
    """Of a message in its shape, and the item it was read from. Content that is not what its type
    wants is kept in `raw` alone.
    """
    content = _read_content(message)
    is_whole = content is not None and _holds_rest(message)
    return Said(
        content=content.fields if content else {},
        raw=None if content and is_whole and content.is_whole else dump_json(value),
        text=make_preview(message.type, value),
    )


@dataclass(frozen=True)
class _Content:
    fields: dict[str, Any]
    is_whole: bool


def _read_content(message: InboundMessage) -> _Content | None:
    """None for a type without typed content, and for what Meta marked as faulty."""
    value = (message.model_extra or {}).get(message.type)
    if message.type in _OPEN_TYPES:
        return _keep_object(message, value)
    if message.type == "contacts":
        return _keep_contacts(message, value)
    shape = CONTENT_SHAPES.get(message.type)
    if shape is None or (value is None and message.errors):
        return None
    try:
        read = read_readable(shape, value, place=message.type)
    except Unfit:
        return None
    fields = read.model_dump(exclude_none=True, include=_list_fields(read))
    return _Content(fields, is_whole=not (read.model_extra or read.is_cut))


def _keep_object(message: InboundMessage, value: Any) -> _Content | None:
    if not isinstance(value, dict) or not value:
        return None
    fields = make_storable({key: _cut(item) for key, item in value.items()})
    former = read_wa_id(message.sender)
    if message.type == "system" and former is not None and "customer" not in fields:
        # Only beside the object stands under which number they were known.
        fields["customer"] = former
    return _Content(fields, is_whole=not any(_is_long(item) for item in value.values()))


def _keep_contacts(message: InboundMessage, value: Any) -> _Content | None:
    if not isinstance(value, list):
        return None
    origin = (message.model_extra or {}).get("origin")
    fields = {"contacts": make_storable(_cut(value))}
    if origin is not None:
        fields["origin"] = make_storable(origin)
    return _Content(fields, is_whole=not _is_long(value))


def _cut(value: Any) -> Any:
    """A list as far as it is shown; the rest of it stays in the item's JSON text."""
    return value[:MAX_LIST_ITEMS] if _is_long(value) else value


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and len(value) > MAX_LIST_ITEMS


def _list_fields(content: Shape) -> set[str]:
    return set(type(content).model_fields)


def _holds_rest(message: InboundMessage) -> bool:
    """Whether nothing beside the content would be lost without the item's JSON text."""
    known = {message.type, "origin"} if message.type == "contacts" else {message.type}
    unknown = (message.model_extra or {}).keys() - known
    in_context = message.context.model_extra if message.context else None
    return not (unknown or in_context or message.errors or message.is_cut)
