"""Signed media URLs: whoever has one may read that one file, for a while.

`/media/{id}?expires={unix seconds}&signature={base64url}`, HMAC-SHA256 over id and time under keys
derived from ENCRYPTION_KEYS. Protects: against reading another file, or later. Does not protect:
against somebody to whom the URL was passed on while it works.
"""

import base64
import hashlib
import hmac
import re

from beanie import PydanticObjectId

from models.database.base import utc_now
from whatsapp.common.crypto import KeyRing

_EXPIRES = re.compile(r"[0-9]{1,12}", re.ASCII)


class MediaUrls:
    """Makes and checks them. `seconds` is how long one works at most, at least two thirds of it."""

    def __init__(self, keyring: KeyRing, *, public_url: str, seconds: int) -> None:
        self._keys = keyring.derive_keys("media")
        self._public_url = public_url
        self._seconds = seconds

    def make(self, id: PydanticObjectId) -> str:
        # The same URL for a while, so that a browser which has the file does not load it again.
        step = self._seconds // 3
        expires = (int(utc_now().timestamp()) // step + 3) * step
        signature = _sign(self._keys[0], id, expires)
        return f"{self._public_url}/media/{id}?expires={expires}&signature={signature}"

    def is_valid(self, id: PydanticObjectId, *, expires: str, signature: str) -> bool:
        if not _EXPIRES.fullmatch(expires) or int(expires) <= utc_now().timestamp():
            return False
        given = signature.encode()
        right = [_sign(key, id, int(expires)).encode() for key in self._keys]
        return any(hmac.compare_digest(given, one) for one in right)


def _sign(key: bytes, id: PydanticObjectId, expires: int) -> str:
    digest = hmac.digest(key, f"{id}:{expires}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
