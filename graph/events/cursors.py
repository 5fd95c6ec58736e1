"""Cursors: encrypted positions in the stream of events, each valid in one workspace.

They are authenticated, because MongoDB would wait forever for certain forged tokens, and encrypted,
because a token contains the id of the changed document, which may be of another workspace. Equal
positions have equal cursors, so the encryption has no nonce (AES-SIV, RFC 5297).
"""

import base64
import binascii
import hashlib
import hmac

from beanie import PydanticObjectId
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from graph.core.errors import ErrorCode, RequestError
from models.changes.position import Position
from models.database.base import DEFAULT_WORKSPACE_ID
from whatsapp.common.crypto import KeyRing

VERSION = 2
SIGNED_VERSION = 1
"""The version of the cursors of 0.1, which were signed and not encrypted."""
SIGNATURE_BYTES = 16
MAX_CURSOR_CHARACTERS = 1024


class CursorExpired(RequestError):
    """The events after the cursor are no longer stored."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.CURSOR_EXPIRED,
            "The events after this cursor are no longer stored: get a new eventCursor, reload your"
            " lists, and subscribe after it.",
        )


class CursorInvalid(RequestError):
    """The cursor is malformed, forged, of another workspace, or ahead of this database."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.BAD_USER_INPUT,
            "Invalid cursor in `after`: use the cursor of an event, or eventCursor.",
        )


class CursorCipher:
    """Converts positions to cursors and back."""

    def __init__(self, keyring: KeyRing) -> None:
        self._ciphers = [AESSIV(key) for key in keyring.derive_keys("sealed cursor")]
        self._signing_keys = keyring.derive_keys("cursor")

    def seal(self, position: Position, workspace_id: PydanticObjectId) -> str:
        body = bytes([VERSION, position.ordinal]) + bytes.fromhex(position.token)
        sealed = self._ciphers[0].encrypt(body, [workspace_id.binary])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, cursor: str, workspace_id: PydanticObjectId) -> Position:
        """Returns the position of a cursor that was sealed with any key of the ring.

        Raises:
            CursorInvalid: malformed, forged or of another workspace.
        """
        sealed = _decode(cursor)
        for cipher in self._ciphers:
            try:
                return _read_body(cipher.decrypt(sealed, [workspace_id.binary]), VERSION)
            except (InvalidTag, ValueError):
                continue
        if workspace_id != DEFAULT_WORKSPACE_ID:
            raise CursorInvalid
        return self._verify(sealed)

    def _verify(self, signed: bytes) -> Position:
        """Returns the position of a cursor of version 0.1, which had one workspace."""
        signature, body = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
        digests = (hmac.digest(key, body, hashlib.sha256) for key in self._signing_keys)
        if not any(hmac.compare_digest(one[:SIGNATURE_BYTES], signature) for one in digests):
            raise CursorInvalid
        return _read_body(body, SIGNED_VERSION)


def _read_body(body: bytes, version: int) -> Position:
    if body[:1] != bytes([version]):
        raise CursorInvalid
    return Position(token=body[2:].hex().upper(), ordinal=body[1])


def _decode(cursor: str) -> bytes:
    if len(cursor) > MAX_CURSOR_CHARACTERS:
        raise CursorInvalid
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise CursorInvalid from None
