"""Checks of what staff type in: names, labels, the attributes that an application keeps here."""

import json
import math
from collections.abc import Iterable
from typing import Any

from whatsapp.errors import InvalidInput

MAX_TAGS = 50
MAX_TAG_LENGTH = 64
MAX_ATTRIBUTES_BYTES = 16 * 1024
MAX_ATTRIBUTES_DEPTH = 8
_INT64 = 2**63


def check_text(text: str | None, *, field: str, limit: int = 200) -> str | None:
    """The text without surrounding blanks; None for None and for an empty one.

    Raises:
        InvalidInput: it is too long or has characters that can't be shown.
    """
    stripped = (text or "").strip()
    if len(stripped) > limit or not stripped.isprintable():
        raise InvalidInput(f"It may have {limit} printable characters at most.", field=[field])
    return stripped or None


def check_tags(tags: Iterable[str], *, field: str = "tags") -> list[str]:
    """The tags without blanks around them and without repetitions, in their order.

    Raises:
        InvalidInput: too many, or one is empty, too long or can't be shown.
    """
    stripped = list(dict.fromkeys(tag.strip() for tag in tags))
    if len(stripped) > MAX_TAGS:
        raise InvalidInput(f"At most {MAX_TAGS} tags can be given.", field=[field])
    for tag in stripped:
        if not 0 < len(tag) <= MAX_TAG_LENGTH or not tag.isprintable():
            raise InvalidInput(
                f"A tag has 1 to {MAX_TAG_LENGTH} printable characters.", field=[field]
            )
    return stripped


def check_attributes(attributes: Any, *, field: str = "attributes") -> dict[str, Any]:
    """The attributes, if MongoDB can hold them.

    Raises:
        InvalidInput: no JSON object, too large, too deep, or with keys or numbers out of range.
    """
    if not isinstance(attributes, dict):
        raise InvalidInput("It must be a JSON object.", field=[field])
    if not _can_be_stored(attributes, depth=MAX_ATTRIBUTES_DEPTH):
        raise InvalidInput(
            f"It may be {MAX_ATTRIBUTES_DEPTH} levels deep, with keys that have no NUL and don't"
            " start with $, with integers of 64 bits and finite numbers.",
            field=[field],
        )
    if len(json.dumps(attributes)) > MAX_ATTRIBUTES_BYTES:
        raise InvalidInput(f"It may have {MAX_ATTRIBUTES_BYTES} bytes at most.", field=[field])
    return attributes


def _can_be_stored(value: Any, *, depth: int) -> bool:
    if depth < 0:
        return False
    if isinstance(value, dict):
        return all(
            _can_be_key(key) and _can_be_stored(inner, depth=depth - 1)
            for key, inner in value.items()
        )
    if isinstance(value, list):
        return all(_can_be_stored(inner, depth=depth - 1) for inner in value)
    if isinstance(value, str):
        return is_unicode(value)
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -_INT64 <= value < _INT64


def _can_be_key(key: str) -> bool:
    return "\0" not in key and not key.startswith("$") and is_unicode(key)


def is_unicode(text: str) -> bool:
    """Whether it has no lone surrogates, which JSON can bring and UTF-8 can't write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_INT64 = 2**63
# Meta's own lists have a few hundred items at most; one that fills a body would block the event
# loop each time it is stored or read.
MAX_LIST_ITEMS = 1_000


def make_storable(value: Any) -> Any:
    """The same value with keys that MongoDB can store anywhere: no NUL, leading "$" or dot.

    A number that it can't hold becomes the text of it.
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
