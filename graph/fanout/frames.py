"""WebSocket frames as a server sends them: whole texts, unmasked, uncompressed."""

import struct

_WHOLE_TEXT = 0x81
_TWO_BYTES, _EIGHT_BYTES = 126, 127


def make_head(size: int) -> bytes:
    """What comes before a text of this many bytes."""
    if size < _TWO_BYTES:
        return struct.pack("!BB", _WHOLE_TEXT, size)
    if size < 1 << 16:
        return struct.pack("!BBH", _WHOLE_TEXT, _TWO_BYTES, size)
    return struct.pack("!BBQ", _WHOLE_TEXT, _EIGHT_BYTES, size)


def make_frame(text: bytes) -> bytes:
    return make_head(len(text)) + text
