"""Checks of values from staff (names, tags, attributes), and Meta's JSON made storable."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from whatsapp.errors import InvalidInput, InvalidReason

MAX_TAGS = 50
MAX_TAG_LENGTH = 64
MAX_KEY_LENGTH = 255
MAX_ATTRIBUTES_BYTES = 16 * 1024
MAX_ATTRIBUTES_DEPTH = 8
_EMAIL = re.compile(r"^[^\s@]+@[^\s@]+\.[^\s@]+$")
_INT64 = 2**63


def check_text(text: str | None, *, field: str, limit: int = 200) -> str | None:
    """Returns the stripped text, or None if it is empty.

    Raises:
        InvalidInput: it is too long or has unprintable characters.
    """
    stripped = (text or "").strip()
    if len(stripped) > limit or not stripped.isprintable():
        too_long = len(stripped) > limit
        raise InvalidInput(
            f"Use at most {limit} printable characters.",
            field=[field],
            reason=InvalidReason.TOO_LONG if too_long else InvalidReason.MALFORMED,
            limit=limit if too_long else None,
        )
    return stripped or None


def check_name(name: str) -> str:
    """Returns the stripped name.

    Raises:
        InvalidInput: it is empty, longer than 200 characters or unprintable.
    """
    text = check_text(name, field="name")
    if text is None:
        raise InvalidInput(
            "The name must not be empty.", field=["name"], reason=InvalidReason.REQUIRED
        )
    return text


def check_email(email: str | None) -> str | None:
    """Returns the stripped address, or None if it is empty.

    Raises:
        InvalidInput: it is malformed.
    """
    text = check_text(email, field="email", limit=254)
    if text is not None and not _EMAIL.match(text):
        raise InvalidInput(
            "The e-mail address is invalid.", field=["email"], reason=InvalidReason.MALFORMED
        )
    return text


def is_web_url(text: str) -> bool:
    """Checks for an absolute http(s) URL with a host, without spaces or unprintable characters."""
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_body(text: str, *, limit: int, field: list[str]) -> None:
    """Raises InvalidInput for a text that is blank, too long, or has invalid characters."""
    if not text.strip():
        raise InvalidInput("The text is blank.", field=field, reason=InvalidReason.REQUIRED)
    if len(text) > limit:
        raise InvalidInput(
            f"The text has {len(text)} characters; at most {limit} are allowed.",
            field=field,
            reason=InvalidReason.TOO_LONG,
            limit=limit,
        )
    if "\0" in text or not is_unicode(text):
        raise InvalidInput(
            "The text contains an invalid character.", field=field, reason=InvalidReason.MALFORMED
        )


def check_idempotency_key(key: str | None) -> None:
    """Raises InvalidInput. Control characters are reserved for the keys of retries."""
    if key is not None and (not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable()):
        raise InvalidInput(
            f"Use an idempotency key of 1 to {MAX_KEY_LENGTH} printable characters.",
            field=["idempotencyKey"],
        )


def check_tags(tags: Iterable[str], *, field: str = "tags") -> list[str]:
    """Returns the tags stripped and without duplicates, in their order.

    Raises:
        InvalidInput: too many tags, or a tag is empty, too long or unprintable.
    """
    stripped = list(dict.fromkeys(tag.strip() for tag in tags))
    if len(stripped) > MAX_TAGS:
        raise InvalidInput(
            f"Use at most {MAX_TAGS} tags.",
            field=[field],
            reason=InvalidReason.TOO_MANY,
            limit=MAX_TAGS,
        )
    for tag in stripped:
        if not 0 < len(tag) <= MAX_TAG_LENGTH or not tag.isprintable():
            raise InvalidInput(
                f"Use 1 to {MAX_TAG_LENGTH} printable characters per tag.",
                field=[field],
                reason=InvalidReason.MALFORMED,
            )
    return stripped


def check_attributes(attributes: Any, *, field: str = "attributes") -> dict[str, Any]:
    """Returns the attributes if MongoDB can store them.

    Raises:
        InvalidInput: not a JSON object, too large, too deep, or with keys or numbers out of range.
    """
    if not isinstance(attributes, dict):
        raise InvalidInput("The value must be a JSON object.", field=[field])
    if not _is_storable(attributes, depth=MAX_ATTRIBUTES_DEPTH):
        raise InvalidInput(
            f"Use at most {MAX_ATTRIBUTES_DEPTH} levels, keys that have no NUL and don't start"
            " with $, 64-bit integers and finite numbers.",
            field=[field],
        )
    if len(json.dumps(attributes)) > MAX_ATTRIBUTES_BYTES:
        raise InvalidInput(
            f"Use at most {MAX_ATTRIBUTES_BYTES} bytes.",
            field=[field],
            reason=InvalidReason.TOO_LARGE,
            limit=MAX_ATTRIBUTES_BYTES,
        )
    return attributes


def _is_storable(value: Any, *, depth: int) -> bool:
    if depth < 0:
        return False
    if isinstance(value, dict):
        return all(
            _is_storable_key(key) and _is_storable(inner, depth=depth - 1)
            for key, inner in value.items()
        )
    if isinstance(value, list):
        return all(_is_storable(inner, depth=depth - 1) for inner in value)
    if isinstance(value, str):
        return is_unicode(value)
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -_INT64 <= value < _INT64


def _is_storable_key(key: str) -> bool:
    return "\0" not in key and not key.startswith("$") and is_unicode(key)


def is_unicode(text: str) -> bool:
    """Returns False for lone surrogates, which JSON allows and UTF-8 can't encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_INT64 = 2**63
# Meta's lists have a few hundred items; a list that fills a body would block the event loop each
# time it is stored or read.
MAX_LIST_ITEMS = 1_000


def make_storable(value: Any) -> Any:
    """Returns Meta's JSON with keys that MongoDB can store: no NUL, leading "$" or dot.

    Integers beyond 64 bits become strings.
    """
    if isinstance(value, dict):
        return {_make_key(key): make_storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [make_storable(item) for item in value]
    is_too_large = isinstance(value, int) and not -_INT64 <= value < _INT64
    return str(value) if is_too_large else value


def _make_key(key: str) -> str:
    key = key.replace("\0", "\ufffd").replace(".", "\uff0e")
    return "\uff04" + key[1:] if key.startswith("$") else key
