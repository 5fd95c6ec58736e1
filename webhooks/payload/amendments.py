"""Reads the elements of `messages[]` that are about another message: reaction, edit, revoke."""

from typing import Any

from models import ParkedReason
from webhooks.payload.contents import Said, read_said
from webhooks.payload.items import Unfit
from webhooks.payload.shapes import (
    CONTENT_SHAPES,
    EditReference,
    InboundMessage,
    MediaReference,
    ReactionReference,
    RevokeReference,
    read_readable,
    read_shape,
)
from whatsapp.messages.amendments import Amendment, Edit, Reaction, Revoke

AMENDMENT_TYPES = frozenset({Reaction.kind, Edit.kind, Revoke.kind})


def read_amendment(message: InboundMessage) -> Amendment | None:
    """The amendment, still without its author; None for a message of its own.

    Raises:
        Unfit: it does not say which message it is about, or what that says now.
    """
    value = (message.model_extra or {}).get(message.type)
    if message.type not in AMENDMENT_TYPES or (value is None and message.errors):
        return None
    if message.type == Edit.kind:
        return _read_edit(message, value)
    if message.type == Revoke.kind:
        revoke = read_shape(RevokeReference, value, place=message.type)
        return Revoke(target=revoke.original_message_id, at=message.timestamp, wamid=message.id)
    reaction = read_shape(ReactionReference, value, place=message.type)
    return Reaction(
        target=reaction.message_id,
        at=message.timestamp,
        wamid=message.id,
        emoji=reaction.emoji or "",
    )


def _read_edit(message: InboundMessage, value: Any) -> Edit:
    edit = read_shape(EditReference, value, place=message.type)
    # The new message has no id and time of its own.
    whole = {**edit.message, "id": message.id, "timestamp": str(int(message.timestamp.timestamp()))}
    edited = read_readable(InboundMessage, whole, place="edit.message")
    caption = _read_caption_alone(edited.type, edit.message)
    if caption is None:
        said = read_said(edited, edit.message)
        if edited.type in CONTENT_SHAPES and not said.content:
            # Applied, it would hide what the message said before.
            raise Unfit(ParkedReason.INVALID_ITEM, f"edit.message.{edited.type}: not readable")
    else:
        said = Said({"caption": caption}, raw=None, text=caption)
    return Edit(
        target=edit.original_message_id,
        at=message.timestamp,
        wamid=message.id,
        type=edited.type,
        content=said.content,
        raw=said.raw,
        text=said.text,
        is_partial=caption is not None,
    )


def _read_caption_alone(type: str, message: dict[str, Any]) -> str | None:
    """The caption where only that of a file is told, and not the file again."""
    content = message.get(type)
    is_file = CONTENT_SHAPES.get(type) is MediaReference and isinstance(content, dict)
    if not is_file or content is None or content.get("id") is not None:
        return None
    caption = content.get("caption")
    return caption if isinstance(caption, str) else None
