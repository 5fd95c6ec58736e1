"""What may be uploaded: types and sizes of each kind of file, as Meta takes them.

Source: Meta, "Media: supported media types". A document may have any other type, but no picture,
audio or video that can't be sent as such: Meta's upload refuses those with error 100.
"""

import mimetypes
import re
from dataclasses import dataclass

from whatsapp.errors import InvalidInput
from whatsapp.media.media_types import (
    UNKNOWN_TYPE,
    WebP,
    correct_ending,
    is_media,
    is_opus,
    limit_size,
    make_filename,
    read_webp,
    sniff_type,
)
from whatsapp.media.received_file import ReceivedFile

# The first kind that a type belongs to is what a file of it is taken for.
TYPES = {
    "image": ("image/jpeg", "image/png"),
    "video": ("video/mp4", "video/3gpp"),
    "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
    "sticker": ("image/webp",),
}
_NAMES = {
    "image": "JPEG or PNG",
    "video": "MP4 or 3GPP",
    "audio": "AAC, AMR, MP3, M4A, or Ogg with the codec Opus",
    "sticker": "WebP",
}
_SENDABLE = frozenset(mime_type for types in TYPES.values() for mime_type in types)
# Meta, "Document messages".
FILENAME_LIMIT = 240
STATIC_STICKER_BYTES = 100 * 1024
STICKER_PIXELS = 512
# Extensions that the system's table may lack.
_MORE_TYPES = {".csv": "text/csv", ".txt": "text/plain"}
_MIME_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,127}", re.ASCII)


@dataclass(frozen=True)
class FileFacts:
    """What an uploaded file turned out to be."""

    kind: str
    mime_type: str
    told_type: str
    filename: str | None
    animated: bool


def check_filename(name: str, *, field: list[str]) -> None:
    """Raises InvalidInput for a name that is blank, too long, or more than a name."""
    if not name.strip() or len(name) > FILENAME_LIMIT or not name.isprintable():
        raise InvalidInput(
            f"A file name has 1 to {FILENAME_LIMIT} printable characters.", field=field
        )
    if "/" in name or "\\" in name:
        raise InvalidInput("A file name has no folders.", field=field)


def check_file(
    file: ReceivedFile, *, kind: str | None, filename: str | None, field: list[str]
) -> FileFacts:
    """What the file is; without `kind` it is what its type fits best.

    Raises:
        InvalidInput: its type or size is none that WhatsApp takes for the kind.
    """
    if not file.size:
        raise InvalidInput("The file is empty.", field=field)
    given = make_filename(filename or file.filename, fallback="", mime_type="") or None
    told = _read_told_type(file, given)
    mime_type = _find_type(file.head, told, kind)
    kind = kind or _find_kind(mime_type)
    _check_type(kind, mime_type, field)
    named = correct_ending(given, mime_type, add=True) if given else None
    limit = limit_size(kind, max_bytes=file.size)
    animated = False
    if kind == "sticker":
        webp = _check_sticker(read_webp(file.head), field)
        animated = webp.animated
        limit = limit if animated else min(limit, STATIC_STICKER_BYTES)
    if file.size > limit:
        raise InvalidInput(f"The {kind} has {file.size} bytes, {limit} are allowed.", field=field)
    if mime_type == "audio/ogg" and kind == "audio" and not is_opus(file.head):
        raise InvalidInput("Of Ogg files only those with the codec Opus can be sent.", field=field)
    sent = told if kind == "document" and mime_type == UNKNOWN_TYPE else mime_type
    return FileFacts(kind, mime_type, sent, named, animated)


def _check_type(kind: str, mime_type: str, field: list[str]) -> None:
    """Raises InvalidInput for a type that WhatsApp does not take for this kind."""
    family = mime_type.partition("/")[0]
    if kind not in TYPES:
        # Meta takes no such file as a document either.
        is_refused = is_media(mime_type) and mime_type not in _SENDABLE
    else:
        is_refused, family = mime_type not in TYPES[kind], kind
    if is_refused:
        found = "" if mime_type == UNKNOWN_TYPE else f" ({mime_type})"
        raise InvalidInput(f"Unsupported {family} type{found}; use {_NAMES[family]}.", field=field)


def _check_sticker(webp: WebP | None, field: list[str]) -> WebP:
    if webp is None or (webp.width, webp.height) != (STICKER_PIXELS, STICKER_PIXELS):
        found = "unreadable" if webp is None else f"{webp.width} x {webp.height}"
        raise InvalidInput(
            f"A sticker has {STICKER_PIXELS} x {STICKER_PIXELS} pixels, this one is {found}.",
            field=field,
        )
    return webp


def _find_type(head: bytes, told: str, kind: str | None) -> str:
    """What the bytes are; of a container, what the kind or else the sender makes of it."""
    for wanted in TYPES.get(kind or "", ()):
        if wanted == told and sniff_type(head, told=wanted) == wanted:
            return wanted
    for wanted in TYPES.get(kind or "", ()):
        if sniff_type(head, told=wanted) == wanted:
            return wanted
    return sniff_type(head, told=told)


def _find_kind(mime_type: str) -> str:
    found = (kind for kind, types in TYPES.items() if mime_type in types)
    return next(found, "document")


def _read_told_type(file: ReceivedFile, filename: str | None) -> str:
    """What the sender says it is, in a form that can stand in a header."""
    told = (file.told_type or "").partition(";")[0].strip().lower()
    if _MIME_TYPE.fullmatch(told) and told != UNKNOWN_TYPE:
        return told
    extension = "." + (filename or "").rpartition(".")[2].lower()
    guessed = mimetypes.guess_type(filename or "")[0] or _MORE_TYPES.get(extension)
    return guessed or UNKNOWN_TYPE
