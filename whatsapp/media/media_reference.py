"""Access to Meta's media id within a stored message; the id changes when Meta's copy expires."""

from collections.abc import Mapping
from typing import Any

from models import Message

Path = tuple[str | int, ...]


def locate_media_id(message: Message) -> Path:
    """Returns the keys and indexes that lead to the media id within `content`."""
    if message.type != "template":
        return ("id",)
    for index, component in enumerate(message.content.get("components") or ()):
        if component["type"] == "header":
            kind = component["parameters"][0]["type"]
            return ("components", index, "parameters", 0, kind, "id")
    raise ValueError(f"message {message.id} has an upload and no header")


def read_media_id(message: Message) -> object:
    """Returns the message's media id, or None if it has none."""
    value: Any = message.content
    for step in locate_media_id(message):
        try:
            value = value[step]
        except (KeyError, IndexError):
            return None
    return value


def change_media_id(message: Message, media_id: str | None) -> dict[str, Any]:
    """Changes the media id in `message`. Returns the `$set` for the same change in the database."""
    *steps, last = locate_media_id(message)
    parent: Any = message.content
    for step in steps:
        parent = parent[step]
    parent[last] = media_id
    return {".".join(map(str, ("content", *steps, last))): media_id}


def read_file_name(message: Message) -> tuple[str, str | None]:
    """Returns the kind of file that the message sends, and the name shown to the customer."""
    if message.type != "template":
        return message.type, message.content.get("filename")
    header: Mapping[str, Any] = message.content["shown"]["header"]
    return header["format"].lower(), header.get("filename")
