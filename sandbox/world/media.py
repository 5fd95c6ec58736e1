"""Media at the fake Meta: uploaded by the business or sent by customers, in bounded memory."""

import base64
import hashlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from sandbox.world.identifiers import make_numeric_id


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """A file. `phone_number_id` is the number that may read it."""

    id: str
    phone_number_id: str
    content: bytes = field(repr=False)
    mime_type: str
    filename: str | None = None

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.content).digest()


class MediaStore:
    """Files by id in bounded memory (oldest are dropped first), with short-lived links."""

    def __init__(self, *, kept_bytes: int, link_lifetime: float) -> None:
        self.kept_bytes = kept_bytes
        self.link_lifetime = link_lifetime
        self._files: OrderedDict[str, StoredMedia] = OrderedDict()
        self._links: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def add(
        self, content: bytes, *, phone_number_id: str, mime_type: str, filename: str | None = None
    ) -> StoredMedia:
        stored = StoredMedia(make_numeric_id(), phone_number_id, content, mime_type, filename)
        self._files[stored.id] = stored
        while self._size() > self.kept_bytes and len(self._files) > 1:
            self._files.popitem(last=False)
        return stored

    def get(self, media_id: str, phone_number_id: str | None = None) -> StoredMedia | None:
        """Returns the file; None if it is missing or belongs to another number."""
        stored = self._files.get(media_id)
        if stored is not None and phone_number_id in (None, stored.phone_number_id):
            return stored
        return None

    def delete(self, media_id: str) -> None:
        self._files.pop(media_id, None)

    def clear(self) -> None:
        self._files.clear()
        self._links.clear()

    def make_link(self, stored: StoredMedia) -> str:
        """Returns the secret of a download URL that is valid for `link_lifetime` seconds."""
        secret = secrets.token_urlsafe(24)
        self._links[secret] = (stored.id, time.monotonic() + self.link_lifetime)
        while len(self._links) > 10_000:
            self._links.popitem(last=False)
        return secret

    def follow_link(self, secret: str) -> StoredMedia | None:
        media_id, valid_until = self._links.get(secret, ("", 0.0))
        return self._files.get(media_id) if time.monotonic() < valid_until else None

    def _size(self) -> int:
        return sum(len(stored.content) for stored in self._files.values())


def describe_for_webhook(stored: StoredMedia, *, url: str) -> dict[str, Any]:
    """Returns the object under `image`, `video` … of an inbound message, with a base64 hash."""
    described: dict[str, Any] = {
        "mime_type": stored.mime_type,
        "sha256": base64.b64encode(stored.sha256).decode(),
        "id": stored.id,
        "url": url,
    }
    if stored.filename is not None:
        described["filename"] = stored.filename
    return described


def describe_for_api(stored: StoredMedia, *, url: str) -> dict[str, Any]:
    """Returns Meta's answer to GET /{media_id}, with a hex hash."""
    return {
        "url": url,
        "mime_type": stored.mime_type,
        "sha256": stored.sha256.hex(),
        "file_size": len(stored.content),
        "id": stored.id,
        "messaging_product": "whatsapp",
    }
