"""Uploaded files: received in memory or on disk, and checked against Meta's limits.

Source of types and sizes: Meta, "Media: supported media types". A document may have any type except
unsupported types of images, audio or video: Meta refuses these with error 100.
"""

import asyncio
import hashlib
import mimetypes
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

from whatsapp.errors import InvalidInput, InvalidReason
from whatsapp.media.media_types import (
    HEAD_BYTES,
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

MEMORY_BYTES = 256 * 1024
PIECE_BYTES = 256 * 1024
# A file of a type gets the first kind that lists the type.
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


class ReceivedFile:
    """An uploaded file. `filename` and `declared_type` (a MIME type) are stated by the sender."""

    def __init__(self, *, filename: str | None, declared_type: str | None) -> None:
        self.filename = filename
        self.declared_type = declared_type
        self.size = 0
        self.head = b""
        self._hash = hashlib.sha256()
        # The operating system removes an unnamed file even if this process is killed.
        self._file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - see close
        self._buffer = bytearray()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    async def write(self, data: bytes) -> None:
        """Adds bytes. Call `finish` after the last."""
        self.size += len(data)
        self._hash.update(data)
        if len(self.head) < HEAD_BYTES:
            self.head += data[:HEAD_BYTES]
        self._buffer += data
        if len(self._buffer) >= PIECE_BYTES:
            await self.finish()

    async def finish(self) -> None:
        """Writes buffered bytes to the file."""
        piece = bytes(self._buffer)
        self._buffer.clear()
        if self._file.tell() + len(piece) <= MEMORY_BYTES:
            self._file.write(piece)
        else:
            await asyncio.to_thread(self._file.write, piece)

    async def read(self) -> AsyncIterator[bytes]:
        """Yields the bytes in pieces, from the start."""
        self._file.seek(0)
        while piece := await asyncio.to_thread(self._file.read, PIECE_BYTES):
            yield piece

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class FileProperties:
    """The properties of an uploaded file. `stated_type` is the type given to Meta."""

    kind: str
    mime_type: str
    stated_type: str
    filename: str | None
    animated: bool


def check_filename(name: str, *, field: list[str]) -> None:
    """Raises InvalidInput for a name that is blank, too long, or contains a path."""
    if not name.strip() or len(name) > FILENAME_LIMIT or not name.isprintable():
        raise InvalidInput(
            f"Use a file name of 1 to {FILENAME_LIMIT} printable characters.", field=field
        )
    if "/" in name or "\\" in name:
        raise InvalidInput("Use a file name without / and \\.", field=field)


def check_file(
    file: ReceivedFile, *, kind: str | None, filename: str | None, field: list[str]
) -> FileProperties:
    """Checks the file and returns its properties; `kind` defaults to the best kind for its type.

    Raises:
        InvalidInput: WhatsApp does not accept the file's type or size for this kind.
    """
    if not file.size:
        raise InvalidInput("The file is empty.", field=field, reason=InvalidReason.REQUIRED)
    name = make_filename(filename or file.filename, fallback="", mime_type="") or None
    declared = _read_declared_type(file, name)
    mime_type = _find_type(file.head, declared, kind)
    kind = kind or _find_kind(mime_type)
    _check_type(kind, mime_type, field)
    corrected = correct_ending(name, mime_type, add=True) if name else None
    limit = limit_size(kind, max_bytes=file.size)
    animated = False
    if kind == "sticker":
        webp = _check_sticker(read_webp(file.head), field)
        animated = webp.animated
        limit = limit if animated else min(limit, STATIC_STICKER_BYTES)
    if file.size > limit:
        raise InvalidInput(
            f"The {kind} has {file.size} bytes; at most {limit} are allowed.",
            field=field,
            reason=InvalidReason.TOO_LARGE,
            limit=limit,
        )
    if mime_type == "audio/ogg" and kind == "audio" and not is_opus(file.head):
        raise InvalidInput(
            "Unsupported Ogg codec; use Opus.", field=field, reason=InvalidReason.UNSUPPORTED_FILE
        )
    stated = declared if kind == "document" and mime_type == UNKNOWN_TYPE else mime_type
    return FileProperties(kind, mime_type, stated, corrected, animated)


def _check_type(kind: str, mime_type: str, field: list[str]) -> None:
    """Raises InvalidInput for a type that WhatsApp does not accept for this kind."""
    family = mime_type.partition("/")[0]
    if kind not in TYPES:
        # Meta does not accept such a file as a document either.
        is_refused = is_media(mime_type) and mime_type not in _SENDABLE
    else:
        is_refused, family = mime_type not in TYPES[kind], kind
    if is_refused:
        suffix = "" if mime_type == UNKNOWN_TYPE else f" ({mime_type})"
        raise InvalidInput(
            f"Unsupported {family} type{suffix}; use {_NAMES[family]}.",
            field=field,
            reason=InvalidReason.UNSUPPORTED_FILE,
        )


def _check_sticker(webp: WebP | None, field: list[str]) -> WebP:
    if webp is None or (webp.width, webp.height) != (STICKER_PIXELS, STICKER_PIXELS):
        size = "unreadable" if webp is None else f"{webp.width} x {webp.height} pixels"
        raise InvalidInput(
            f"The sticker is {size}; use {STICKER_PIXELS} x {STICKER_PIXELS} pixels.", field=field
        )
    return webp


def _find_type(head: bytes, declared: str, kind: str | None) -> str:
    """Detects the type; the type of a container follows the declared type or the kind."""
    allowed = TYPES.get(kind or "", ())
    for mime_type in sorted(allowed, key=lambda each: each != declared):
        if sniff_type(head, declared=mime_type) == mime_type:
            return mime_type
    return sniff_type(head, declared=declared)


def _find_kind(mime_type: str) -> str:
    return next((kind for kind, types in TYPES.items() if mime_type in types), "document")


def _read_declared_type(file: ReceivedFile, filename: str | None) -> str:
    """Returns the type that the sender declares, valid for use in a header."""
    declared = (file.declared_type or "").partition(";")[0].strip().lower()
    if _MIME_TYPE.fullmatch(declared) and declared != UNKNOWN_TYPE:
        return declared
    extension = "." + (filename or "").rpartition(".")[2].lower()
    guessed = mimetypes.guess_type(filename or "")[0] or _MORE_TYPES.get(extension)
    return guessed or UNKNOWN_TYPE
