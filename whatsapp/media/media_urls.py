"""Signed URLs of files: each gives access to a single file for a limited time.

`/media/{id}?expires={unix seconds}&signature={base64url}`, with an HMAC-SHA256 over id and time
under keys derived from ENCRYPTION_KEYS, with other keys for `/exports/{id}`. A URL gives no access
to other files or after its expiry. It is not tied to a user: it can be passed on while it is valid.
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
    """Creates and checks signed URLs, valid for at most `seconds` and at least 2/3 of them."""

    def __init__(
        self, keyring: KeyRing, *, public_url: str, seconds: int, folder: str = "media"
    ) -> None:
        self._keys = keyring.derive_keys(folder)
        self._base_url = f"{public_url}/{folder}"
        self._seconds = seconds

    def make(self, id: PydanticObjectId) -> str:
        # The URL stays the same for a while, so that browsers can use their cached copy.
        step = self._seconds // 3
        expires = (int(utc_now().timestamp()) // step + 3) * step
        signature = _sign_url(self._keys[0], id, expires)
        return f"{self._base_url}/{id}?expires={expires}&signature={signature}"

    def is_valid(self, id: PydanticObjectId, *, expires: str, signature: str) -> bool:
        if not _EXPIRES.fullmatch(expires) or int(expires) <= utc_now().timestamp():
            return False
        signatures = [_sign_url(key, id, int(expires)) for key in self._keys]
        return any(hmac.compare_digest(signature.encode(), valid.encode()) for valid in signatures)


def _sign_url(key: bytes, id: PydanticObjectId, expires: int) -> str:
    digest = hmac.digest(key, f"{id}:{expires}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
