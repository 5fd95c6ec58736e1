"""Readers of Meta's stored JSON that tolerate any value."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from graph.core.scalars import Url
from whatsapp.common.values import MAX_LIST_ITEMS, is_web_url

_INT32 = 2**31
MAX_DIGITS = 13
MAX_FLOAT_TEXT = 64
MAX_EXPONENT = 30
_YEAR_2100 = 4_102_444_800


def read_text(document: Mapping[str, Any], *keys: str) -> str | None:
    """Returns the text of the first key that holds one."""
    for key in keys:
        value = document.get(key)
        if isinstance(value, str) and value:
            return value
    return None


def read_texts(document: Mapping[str, Any], *keys: str) -> dict[str, str | None]:
    """Returns the texts of these keys, for fields of the same names."""
    return {key: read_text(document, key) for key in keys}


def to_url(text: str | None) -> Url | None:
    """Returns None for a text that is not an http(s) URL, such as a script."""
    return Url(text) if text is not None and is_web_url(text) else None


def read_url(document: Mapping[str, Any], key: str) -> Url | None:
    return to_url(read_text(document, key))


def read_int(document: Mapping[str, Any], key: str) -> int | None:
    """Returns a number within the range of GraphQL's Int, also if it is stored as text."""
    value = _read_whole(document, key)
    # Not `in range(...)`, which is linear for a value that is not an int.
    return value if value is not None and -_INT32 <= value < _INT32 else None


def read_float(document: Mapping[str, Any], key: str) -> float | None:
    value = document.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str) and len(value) > MAX_FLOAT_TEXT:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_decimal(document: Mapping[str, Any], key: str) -> Decimal | None:
    """Returns a number with its digits as they are stored; None if it is too large or small."""
    value = document.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value)
    try:
        number = Decimal(text) if len(text) <= MAX_FLOAT_TEXT else None
    except InvalidOperation:
        return None
    # Exponents are limited, because numbers are written without them.
    is_short = number is not None and number.is_finite() and abs(number.adjusted()) < MAX_EXPONENT
    return number if is_short else None


def read_bool(document: Mapping[str, Any], key: str) -> bool | None:
    value = document.get(key)
    return value if isinstance(value, bool) else None


def read_unix_time(document: Mapping[str, Any], key: str) -> datetime | None:
    """Reads Meta's unix seconds, as a number or as text."""
    seconds = _read_whole(document, key)
    if seconds is None or not 0 < seconds < _YEAR_2100:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def read_iso_time(document: Mapping[str, Any], key: str) -> datetime | None:
    """Reads a time that this server stored as ISO 8601 text."""
    value = document.get(key)
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def read_object(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Returns an empty object if there is none."""
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def read_objects(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Returns the first MAX_LIST_ITEMS elements that are objects; none without a list."""
    value = document.get(key)
    if not isinstance(value, list):
        return []
    return [element for element in value[:MAX_LIST_ITEMS] if isinstance(element, dict)]


def parse_text(text: str | None) -> Any:
    """Parses JSON text from outside; None if it is invalid."""
    if text is None:
        return None
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _read_whole(document: Mapping[str, Any], key: str) -> int | None:
    value = document.get(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < MAX_DIGITS:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not valid JSON")
