"""What a file really is: told by its first bytes, never by what somebody says of it.

Source of the types: Meta, "Cloud API media: supported media types"; of the first bytes: the
formats' own specifications. A container (ZIP, OLE, MP4, Ogg) is read as the told type where that
is one of its own.
"""

import mimetypes
from dataclasses import dataclass

HEAD_BYTES = 64
UNKNOWN_TYPE = "application/octet-stream"
# A browser shows or plays these without running anything of them.
SHOWN_TYPES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "audio/aac",
        "audio/amr",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/3gpp",
        "video/3gpp",
        "video/mp4",
        "video/ogg",
        "video/quicktime",
    }
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIP = (
    "application/zip",
    f"{_OFFICE}wordprocessingml.document",
    f"{_OFFICE}spreadsheetml.sheet",
    f"{_OFFICE}presentationml.presentation",
)
_OLE = (
    UNKNOWN_TYPE,
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
)
_MP4 = ("video/mp4", "audio/mp4", "video/3gpp", "audio/3gpp", "video/quicktime")
# Offset, bytes there, and the types such a file may have; the first is the usual one.
_SIGNATURES: tuple[tuple[int, bytes, tuple[str, ...]], ...] = (
    (0, b"\xff\xd8\xff", ("image/jpeg",)),
    (0, b"\x89PNG\r\n\x1a\n", ("image/png",)),
    (0, b"GIF87a", ("image/gif",)),
    (0, b"GIF89a", ("image/gif",)),
    (8, b"WEBP", ("image/webp",)),
    (4, b"ftypM4A", ("audio/mp4",)),
    (4, b"ftypqt", ("video/quicktime",)),
    (4, b"ftyp3g", ("video/3gpp", "audio/3gpp")),
    (4, b"ftyp", _MP4),
    (0, b"OggS", ("audio/ogg", "video/ogg")),
    (0, b"#!AMR", ("audio/amr",)),
    (0, b"ID3", ("audio/mpeg",)),
    (0, b"\xff\xfb", ("audio/mpeg",)),
    (0, b"\xff\xf3", ("audio/mpeg",)),
    (0, b"\xff\xf2", ("audio/mpeg",)),
    (0, b"\xff\xf1", ("audio/aac",)),
    (0, b"\xff\xf9", ("audio/aac",)),
    (0, b"%PDF-", ("application/pdf",)),
    (0, b"PK\x03\x04", _ZIP),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
)
# They have no first bytes of their own, and are always saved, never shown.
_PLAIN = ("text/plain", "text/csv")
_MIB = 1024 * 1024
_LIMITS = {
    "image": 5 * _MIB,
    "audio": 16 * _MIB,
    "video": 16 * _MIB,
    "document": 100 * _MIB,
    "sticker": 500 * 1024,
}


def sniff_type(head: bytes, *, told: str | None) -> str:
    """The MIME type of a file that begins so; `UNKNOWN_TYPE` where nothing is sure.

    `head`: the first `HEAD_BYTES` bytes or more, or all there are.
    """
    named = (told or "").partition(";")[0].strip().lower()
    for offset, signature, types in _SIGNATURES:
        if head.startswith(signature, offset):
            return named if named in types else types[0]
    return named if named in _PLAIN and b"\0" not in head else UNKNOWN_TYPE


def limit_size(kind: str, *, max_bytes: int) -> int:
    """The bytes that a file of a message of this type may have."""
    return min(_LIMITS.get(kind, max_bytes), max_bytes)


def make_filename(name: str | None, *, fallback: str, mime_type: str) -> str:
    """A name to save the file under: the sender's without its folders, or one of ours."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    cleaned = "".join(letter for letter in last if letter.isprintable()).strip(". ")[:150]
    return cleaned or f"{fallback}{mimetypes.guess_extension(mime_type) or ''}"


@dataclass(frozen=True)
class WebP:
    """What the head of a WebP file says of the picture."""

    width: int
    height: int
    animated: bool


def read_webp(head: bytes) -> WebP | None:
    """None for what is no WebP file, or a broken one.

    Source: RFC 9649 (the container), RFC 6386 (VP8), and the specification of VP8L.
    """
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return None
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        return WebP(width, height, animated=bool(head[20] & 2))
    if head[12:16] == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        return WebP(width, height, animated=False)
    if head[12:16] == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return WebP((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, animated=False)
    return None


def is_opus(head: bytes) -> bool:
    """Whether an Ogg file begins with a stream of the codec Opus (RFC 7845)."""
    return head[28:36] == b"OpusHead"
