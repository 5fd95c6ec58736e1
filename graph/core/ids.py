"""Relay global ids: base64 of `Type:document id`, opaque to clients."""

import base64
import binascii
import re

from beanie import PydanticObjectId

from whatsapp.errors import NotFound

_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
_MAX_LENGTH = 256
_LABELS = {
    "Account": "account",
    "Agent": "agent",
    "ApiKey": "API key",
    "Contact": "contact",
    "ContactExport": "export",
    "Conversation": "conversation",
    "ConversationChange": "change",
    "Message": "message",
    "Note": "note",
    "ParkedItem": "parked item",
    "QuickReply": "quick reply",
    "Template": "template",
    "UploadedMedia": "upload",
    "User": "user",
    "Workspace": "workspace",
}


def get_label(type_name: str) -> str:
    """Returns the name of a type in descriptions and errors."""
    return _LABELS[type_name]


def split_id(global_id: str) -> tuple[str, str] | None:
    """Returns the type name and the document id, or None if the id is malformed."""
    if len(global_id) > _MAX_LENGTH:
        return None
    try:
        text = base64.b64decode(global_id, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    type_name, separator, document_id = text.partition(":")
    return (type_name, document_id) if separator else None


def parse_object_id(text: str) -> PydanticObjectId | None:
    return PydanticObjectId(text) if _OBJECT_ID.fullmatch(text) else None


def parse_id(global_id: str, type_name: str) -> PydanticObjectId | None:
    """Returns the document id, or None if the id is malformed or of another type."""
    parts = split_id(global_id)
    return parse_object_id(parts[1]) if parts and parts[0] == type_name else None


def require_id(global_id: str, type_name: str, *path: str) -> PydanticObjectId:
    """Returns the document id.

    Raises:
        NotFound: the id is malformed or of another type; `path` is its place in the input.
    """
    document_id = parse_id(global_id, type_name)
    if document_id is None:
        raise NotFound(f"The {_LABELS[type_name]}", field=[*path])
    return document_id


def parse_given_id(global_id: str | None, type_name: str, *path: str) -> PydanticObjectId | None:
    """Same as `require_id`, but returns None for None."""
    return None if global_id is None else require_id(global_id, type_name, *path)


def parse_text_id(global_id: str, type_name: str) -> str | None:
    """Same as `parse_id`, for documents whose id is a digest."""
    parts = split_id(global_id)
    return parts[1] if parts and parts[0] == type_name else None
