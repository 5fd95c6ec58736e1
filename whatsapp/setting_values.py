"""Formats of the settings' values."""

import base64
import binascii
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

_HOST_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _read_hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    hosts = tuple(host.lower().rstrip("/") for host in value)
    for host in hosts:
        if not _HOST_NAME.fullmatch(host) and not _is_origin(host):
            raise ValueError(
                f"{host!r} must be a host name or an origin such as https://cdn.example.com"
            )
    return hosts


def _read_origins(value: tuple[str, ...]) -> tuple[str, ...]:
    origins = tuple(origin.rstrip("/") for origin in value)
    for origin in origins:
        if origin != "*" and not _is_origin(origin):
            raise ValueError(f"{origin!r} must be an origin such as https://app.example.com")
    return origins


def _read_local_origins(value: tuple[str, ...]) -> tuple[str, ...]:
    for origin in _read_origins(value):
        if urlsplit(origin).hostname not in _LOOPBACK:
            raise ValueError(
                f"{origin!r} must be an origin of this machine such as http://localhost:8001"
            )
    return _read_origins(value)


def _is_origin(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and not parts.path


def _read_url(value: str) -> str:
    if not urlsplit(value).hostname or urlsplit(value).scheme not in {"http", "https"}:
        raise ValueError("it must be an http(s) URL")
    return value.rstrip("/")


LocalOrigins = Annotated[tuple[str, ...], AfterValidator(_read_local_origins)]
MediaHosts = Annotated[tuple[str, ...], AfterValidator(_read_hosts)]
Origins = Annotated[tuple[str, ...], AfterValidator(_read_origins)]
Url = Annotated[str, AfterValidator(_read_url)]


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
