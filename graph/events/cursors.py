"""Cursors: signed positions in the stream of events.

A position is the resume token of a change and the ordinal of an event within that change. Tokens
are hexadecimal text that sorts in the order of the changes. Cursors are
signed, because MongoDB would wait forever for certain forged tokens.
"""

import base64
import binascii
import hashlib
import hmac
from typing import NamedTuple

from bson import Timestamp

from graph.core.errors import ErrorCode, RequestError
from whatsapp.common.crypto import KeyRing

VERSION = 1
SIGNATURE_BYTES = 16
MAX_CURSOR_CHARACTERS = 1024
# Ordinal of the last event of every change, so that its position is also the end of the change.
END_OF_CHANGE = 255


class CursorExpired(RequestError):
    """The events after the cursor are no longer stored."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.CURSOR_EXPIRED,
            "The events after this cursor are no longer stored: get a new eventCursor, reload your"
            " lists, and subscribe after it.",
        )


class CursorInvalid(RequestError):
    """The cursor is malformed, forged, or ahead of this database."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.BAD_USER_INPUT,
            "Invalid cursor in `after`: use the cursor of an event, or eventCursor.",
        )


class Position(NamedTuple):
    """A position in the stream of events. Positions sort in the order of the events."""

    token: str
    """`_data` of a resume token: upper-case hexadecimal."""
    ordinal: int = END_OF_CHANGE

    @property
    def cluster_time(self) -> Timestamp:
        # KeyString format: type byte 0x82, then seconds and increment, 4 bytes each.
        return Timestamp(int(self.token[2:10], 16), int(self.token[10:18], 16))

    def directly_precedes(self, other: "Position") -> bool:
        """Returns True if `other` has the next possible cluster time after this position."""
        first, second = self.cluster_time, other.cluster_time
        return (first.time << 32) + first.inc + 1 == (second.time << 32) + second.inc


class CursorSigner:
    """Converts positions to cursors and back."""

    def __init__(self, keyring: KeyRing) -> None:
        self._keys = keyring.derive_keys("cursor")

    def sign(self, position: Position) -> str:
        body = bytes([VERSION, position.ordinal]) + bytes.fromhex(position.token)
        return base64.urlsafe_b64encode(_digest(self._keys[0], body) + body).rstrip(b"=").decode()

    def verify(self, cursor: str) -> Position:
        """Returns the position of a cursor signed with any key of the ring.

        Raises:
            CursorInvalid: malformed or forged.
        """
        signed = _decode(cursor)
        signature, body = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
        if not any(hmac.compare_digest(_digest(key, body), signature) for key in self._keys):
            raise CursorInvalid
        if body[:1] != bytes([VERSION]):
            raise CursorInvalid
        return Position(token=body[2:].hex().upper(), ordinal=body[1])


def _digest(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, hashlib.sha256)[:SIGNATURE_BYTES]


def _decode(cursor: str) -> bytes:
    if len(cursor) > MAX_CURSOR_CHARACTERS:
        raise CursorInvalid
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise CursorInvalid from None
