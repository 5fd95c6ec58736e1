"""Where a stored message has Meta's id of its uploaded file: it changes when Meta forgets it."""

from collections.abc import Mapping
from typing import Any

from models import Message

Path = tuple[str | int, ...]


def locate_media_id(message: Message) -> Path:
    """The keys and indexes that lead to it within `content`."""
    if message.type != "template":
        return ("id",)
    for index, component in enumerate(message.content.get("components") or ()):
        if component["type"] == "header":
            kind = component["parameters"][0]["type"]
            return ("components", index, "parameters", 0, kind, "id")
    raise ValueError(f"message {message.id} has an upload and no header")


def read_media_id(message: Message) -> object:
    """None where it has none."""
    found: Any = message.content
    for step in locate_media_id(message):
        try:
            found = found[step]
        except (KeyError, IndexError):
            return None
    return found


def change_media_id(message: Message, media_id: str | None) -> dict[str, Any]:
    """Changes it in this message, and gives the `$set` that does the same in the database."""
    *steps, last = locate_media_id(message)
    place: Any = message.content
    for step in steps:
        place = place[step]
    place[last] = media_id
    return {".".join(map(str, ("content", *steps, last))): media_id}


def read_file_name(message: Message) -> tuple[str, str | None]:
    """Which kind of file it is sent as, and the name that the customer sees."""
    if message.type != "template":
        return message.type, message.content.get("filename")
    header: Mapping[str, Any] = message.content["shown"]["header"]
    return header["format"].lower(), header.get("filename")
