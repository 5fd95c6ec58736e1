"""Detection of a file's type by its content instead of its sender's declaration.

The library `filetype` has the signatures. The tables here add what it lacks or confuses: brands of
ISO media files and Opus inside Ogg. Source of the types: Meta, "Media: supported media types". A
container (ZIP, OLE, MP4, Ogg) gets the declared type if that type uses the container.
"""

import mimetypes
from dataclasses import dataclass

import filetype

# The library distinguishes Office formats by the start of a ZIP's fourth entry.
HEAD_BYTES = 8192
UNKNOWN_TYPE = "application/octet-stream"
# Types that browsers display or play without running scripts in them.
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
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MP4 = ("video/mp4", "audio/mp4", "video/3gpp", "audio/3gpp", "video/quicktime")
_3GP = ("video/3gpp", "audio/3gpp")
# The detected type of a container -> the types that use it and may be declared.
_CONTAINERS = {
    "video/mp4": _MP4,
    "video/3gpp": _3GP,
    "audio/ogg": ("audio/ogg", "video/ogg"),
    "application/zip": _ZIP,
    "video/webm": ("video/webm", "audio/webm"),
    "video/x-matroska": ("video/x-matroska", "audio/x-matroska"),
}
# Major brands of ISO media files (mp4ra.org) that the library does not detect.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), "image/heif"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P "), "audio/mp4"),
    **dict.fromkeys((b"M4V ", b"M4VH", b"M4VP", b"avc1", b"dash", b"mmp4", b"MSNV"), "video/mp4"),
    **{b"iso%d" % number: "video/mp4" for number in range(2, 10)},
    **dict.fromkeys((b"isom", b"mp41", b"mp42", b"mp71"), "video/mp4"),
    b"qt  ": "video/quicktime",
}
# Types of the library -> the types they are treated as.
_SAME_TYPES = {"image/apng": "image/png", "video/x-m4v": "video/mp4"}
# The library's other types rest on too few bytes or are not needed.
_KNOWN_DOCUMENTS = frozenset({"application/pdf", *_ZIP, *_OLE[1:]})
# Browsers don't display the formats of drawing programs.
_DRAWINGS = ("image/vnd.", "image/x-")
# Types without a signature, which are always downloaded instead of displayed.
_PLAIN = ("text/plain", "text/csv")
# The usual file extension of each type, with types that the library lacks.
_ENDINGS = {
    **{kind.mime: f".{kind.extension}" for kind in reversed(filetype.types)},
    "audio/3gpp": ".3gp",
    "image/heif": ".heif",
    "video/ogg": ".ogv",
}
# Further extensions that fit a type.
_MORE_ENDINGS = {"image/jpeg": (".jpeg",), "image/heif": (".heic",), "video/mp4": (".m4v",)}
_OTHER_ENDINGS = {".jpeg", ".oga", ".opus"}
_MIB = 1024 * 1024
_LIMITS = {
    "image": 5 * _MIB,
    "audio": 16 * _MIB,
    "video": 16 * _MIB,
    "document": 100 * _MIB,
    "sticker": 500 * 1024,
}


def sniff_type(head: bytes, *, declared: str | None) -> str:
    """Returns the MIME type of a file that begins with `head`, or `UNKNOWN_TYPE`.

    `head` is at least the first `HEAD_BYTES` bytes, or the whole file.
    """
    declared_type = (declared or "").partition(";")[0].strip().lower()
    if head.startswith(_OLE_SIGNATURE):
        return declared_type if declared_type in _OLE else _guess_type(head) or UNKNOWN_TYPE
    detected = _read_brand(head) or _guess_type(head)
    if (
        declared_type in _PLAIN
        and b"\0" not in head
        and detected not in SHOWN_TYPES | _KNOWN_DOCUMENTS
    ):
        return declared_type
    if detected is None:
        return UNKNOWN_TYPE
    return declared_type if declared_type in _CONTAINERS.get(detected, ()) else detected


def _read_brand(head: bytes) -> str | None:
    """Returns the type of a WebP or ISO media file; the library detects few of their variants."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] != b"ftyp":
        return None
    brand = head[8:12]
    return "video/3gpp" if brand[:2] == b"3g" else _BRANDS.get(brand)


def _guess_type(head: bytes) -> str | None:
    """Returns the library's answer if its signature is long enough to be reliable."""
    match = filetype.guess(head[:HEAD_BYTES])
    if match is None:
        return None
    mime_type: str = _SAME_TYPES.get(match.mime, match.mime)
    if mime_type == "image/bmp" and b"\0" not in head[:16]:
        return None  # a text that begins with BM
    is_known = mime_type in _KNOWN_DOCUMENTS or is_media(mime_type)
    return mime_type if is_known and not mime_type.startswith(_DRAWINGS) else None


def is_media(mime_type: str) -> bool:
    """Returns True for images, audio and video."""
    return mime_type.startswith(("image/", "audio/", "video/"))


def limit_size(kind: str, *, max_bytes: int) -> int:
    """Returns the maximum size in bytes of a file of this kind, up to `max_bytes`."""
    return min(_LIMITS.get(kind, max_bytes), max_bytes)


def make_filename(name: str | None, *, fallback: str, mime_type: str) -> str:
    """Returns the sender's file name without folders, or else a name made of `fallback`.

    The extension of an image, audio, video or PDF file follows its type: WhatsApp checks it too.
    """
    basename = (name or "").replace("\\", "/").rpartition("/")[2]
    cleaned = "".join(letter for letter in basename if letter.isprintable()).strip(". ")[:150]
    if not cleaned:
        return f"{fallback}{_find_ending(mime_type)}"
    return correct_ending(cleaned, mime_type, add=True)


def correct_ending(name: str, mime_type: str, *, add: bool = False) -> str:
    """Returns the name with an extension that fits its type, for types that content can prove.

    A name without an extension gets one only with `add`.
    """
    if not is_media(mime_type) and mime_type != "application/pdf":
        return name
    ending = _find_ending(mime_type)
    stem, dot, given_extension = name.rpartition(".")
    detected = dot + given_extension.lower()
    if not ending or detected in (ending, *_MORE_ENDINGS.get(mime_type, ())):
        return name
    if stem and (
        detected in _ENDINGS.values() or detected in _OTHER_ENDINGS | mimetypes.types_map.keys()
    ):
        return f"{stem}{ending}"
    return f"{name}{ending}" if add else name


def _find_ending(mime_type: str) -> str:
    return _ENDINGS.get(mime_type) or mimetypes.guess_extension(mime_type) or ""


@dataclass(frozen=True)
class WebP:
    """Properties of a WebP image, read from its header."""

    width: int
    height: int
    animated: bool


def read_webp(head: bytes) -> WebP | None:
    """Reads a WebP header. Returns None if it is invalid.

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
    """Returns True if an Ogg file begins with an Opus stream (RFC 7845)."""
    return head[28:36] == b"OpusHead"
