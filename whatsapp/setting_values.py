"""Formats of the settings' values."""

import base64
import binascii
import re
from urllib.parse import urlsplit

_HOST_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)


def check_media_host(host: str) -> None:
    """Raises ValueError unless it is a host name or an origin."""
    if not _HOST_NAME.fullmatch(host) and not is_origin(host):
        raise ValueError(
            f"{host!r} must be a host name or an origin such as https://cdn.example.com"
        )


def is_origin(text: str) -> bool:
    """Returns True for a scheme and host such as `https://app.example.com`."""
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and not parts.path


def parse_encryption_keys(text: str) -> dict[str, bytes]:
    """Returns the 32-byte key of each key id, in the order given.

    Raises:
        ValueError: a key is malformed; the message contains no part of it.
    """
    keys: dict[str, bytes] = {}
    for number, part in enumerate((part.strip() for part in text.split(",")), start=1):
        key_id, separator, encoded = part.partition(":")
        if not separator or not key_id.isalnum() or key_id in keys:
            raise ValueError(f"key {number} is not `id:base64` with a unique alphanumeric id")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"key {number} is not base64") from None
        if len(key) != 32:
            raise ValueError(f"key {number} has {len(key)} bytes instead of 32")
        keys[key_id] = key
    return keys
