"""Reads the body of a message, and reactions, edits and deletions of other messages."""

from dataclasses import dataclass
from typing import Any

from models import ParkedReason
from webhooks.payload.identities import read_wa_id
from webhooks.payload.items import ItemRejected
from webhooks.payload.meta_objects import (
    CONTENT_CLASSES,
    EditReference,
    InboundMessage,
    MediaReference,
    MetaObject,
    ReactionReference,
    RevokeReference,
    parse_leniently,
    parse_object,
)
from webhooks.payload.parsing import dump_json
from whatsapp.common.values import MAX_LIST_ITEMS, make_storable
from whatsapp.messages.amendments import Amendment, Edit, Reaction, Revoke
from whatsapp.messages.message_preview import make_preview

# Objects that Meta extends every few months are stored unchanged; the graph reads known keys.
_OPEN_TYPES = frozenset({"interactive", "button", "order", "system"})

AMENDMENT_TYPES = frozenset({Reaction.kind, Edit.kind, Revoke.kind})


@dataclass(frozen=True)
class MessageBody:
    """The content of a message, in the fields of the same names of a stored message."""

    content: dict[str, Any]
    raw: str | None
    """The item's JSON text, unless `content` and the other fields hold all of it."""
    text: str


def read_body(message: InboundMessage, value: dict[str, Any]) -> MessageBody:
    """Returns the body of a parsed message; `value` is its item.

    Content that does not match its type is kept in `raw` only.
    """
    content = _read_content(message)
    is_whole = content is not None and _holds_rest(message)
    return MessageBody(
        content=content.fields if content else {},
        raw=None if content and is_whole and content.is_whole else dump_json(value),
        text=make_preview(message.type, value),
    )


@dataclass(frozen=True)
class _Content:
    fields: dict[str, Any]
    is_whole: bool


def _read_content(message: InboundMessage) -> _Content | None:
    """Returns None for a type without typed content, and for content with errors by Meta."""
    value = (message.model_extra or {}).get(message.type)
    if message.type in _OPEN_TYPES:
        return _keep_object(message, value)
    if message.type == "contacts":
        return _keep_contacts(message, value)
    content_class = CONTENT_CLASSES.get(message.type)
    if content_class is None or (value is None and message.errors):
        return None
    try:
        content = parse_leniently(content_class, value, place=message.type)
    except ItemRejected:
        return None
    fields = content.model_dump(exclude_none=True, include=_list_fields(content))
    return _Content(fields, is_whole=not (content.model_extra or content.is_cut))


def _keep_object(message: InboundMessage, value: Any) -> _Content | None:
    if not isinstance(value, dict) or not value:
        return None
    fields = make_storable({key: _cut(item) for key, item in value.items()})
    former = read_wa_id(message.sender)
    if message.type == "system" and former is not None and "customer" not in fields:
        # The former number is outside the object.
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
    """Cuts a list to the items that are shown; all of them stay in the item's JSON text."""
    return value[:MAX_LIST_ITEMS] if _is_long(value) else value


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and len(value) > MAX_LIST_ITEMS


def _list_fields(content: MetaObject) -> set[str]:
    return set(type(content).model_fields)


def _holds_rest(message: InboundMessage) -> bool:
    """Returns True if the content and the stored fields hold everything in the item."""
    known = {message.type, "origin"} if message.type == "contacts" else {message.type}
    unknown = (message.model_extra or {}).keys() - known
    in_context = message.context.model_extra if message.context else None
    return not (unknown or in_context or message.errors or message.is_cut)


def read_amendment(message: InboundMessage) -> Amendment | None:
    """Returns the amendment without its author, or None if the message is not an amendment.

    Raises:
        ItemRejected: the target message or the new content is missing.
    """
    value = (message.model_extra or {}).get(message.type)
    if message.type not in AMENDMENT_TYPES or (value is None and message.errors):
        return None
    if message.type == Edit.kind:
        return _read_edit(message, value)
    if message.type == Revoke.kind:
        revoke = parse_object(RevokeReference, value, place=message.type)
        return Revoke(target=revoke.original_message_id, at=message.timestamp, wamid=message.id)
    reaction = parse_object(ReactionReference, value, place=message.type)
    return Reaction(
        target=reaction.message_id,
        at=message.timestamp,
        wamid=message.id,
        emoji=reaction.emoji or "",
    )


def _read_edit(message: InboundMessage, value: Any) -> Edit:
    edit = parse_object(EditReference, value, place=message.type)
    # The edited message has no id and time of its own.
    whole = {**edit.message, "id": message.id, "timestamp": str(int(message.timestamp.timestamp()))}
    edited = parse_leniently(InboundMessage, whole, place="edit.message")
    caption = _read_caption_alone(edited.type, edit.message)
    if caption is None:
        body = read_body(edited, edit.message)
        if edited.type in CONTENT_CLASSES and not body.content:
            # Applying it would hide the earlier content.
            raise ItemRejected(
                ParkedReason.INVALID_ITEM, f"edit.message.{edited.type}: not readable"
            )
    else:
        body = MessageBody({"caption": caption}, raw=None, text=caption)
    return Edit(
        target=edit.original_message_id,
        at=message.timestamp,
        wamid=message.id,
        type=edited.type,
        content=body.content,
        raw=body.raw,
        text=body.text,
        is_partial=caption is not None,
    )


def _read_caption_alone(type: str, message: dict[str, Any]) -> str | None:
    """Returns the caption if the edit contains only that, and not the file."""
    content = message.get(type)
    is_file = CONTENT_CLASSES.get(type) is MediaReference and isinstance(content, dict)
    if not is_file or content is None or content.get("id") is not None:
        return None
    caption = content.get("caption")
    return caption if isinstance(caption, str) else None
