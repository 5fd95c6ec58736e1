"""Parses JSON from Meta into values that MongoDB can store, and writes it back.

Numbers out of range stay text; lone surrogates become U+FFFD.
"""

import json
import math
from typing import Any

MAX_DEPTH = 100
# Meta's values take about 25 bytes each, so this is more than a body of 4 MB holds. More values
# would block the event loop for too long.
MAX_VALUES = 250_000
_INT64 = range(-(2**63), 2**63)
# Length of the longest decimal int64 with its sign.
_INT64_DIGITS = 20
# The beginnings of escaped surrogates; a text without them has no lone surrogates.
_SURROGATE_ESCAPES = (b"\\ud", b"\\uD")


class InvalidBody(Exception):
    """The body is not acceptable JSON. The error message has the reason, without the body."""


def parse_json(body: bytes) -> Any:
    """Parses a UTF-8 JSON text; of equal keys, the last wins.

    Raises:
        InvalidBody: not UTF-8, not JSON, nested too deep, or more than MAX_VALUES.
    """
    # Each value is the first in its container or follows a comma: a cheap upper bound.
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise InvalidBody(f"more than {MAX_VALUES} values")
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_int=_parse_int,
            parse_float=_parse_float,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError:
        raise InvalidBody("not UTF-8") from None
    except RecursionError:
        raise InvalidBody("nested too deep") from None
    except ValueError as error:
        place = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidBody(f"not JSON{place}") from None
    _check_depth(value)
    if any(escape in body for escape in _SURROGATE_ESCAPES):
        return _mend(value)
    return value


def dump_json(value: Any) -> str:
    """Returns the compact JSON text of a value, without escaping non-ASCII characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _parse_int(text: str) -> int | str:
    if len(text) > _INT64_DIGITS:
        return text
    number = int(text)
    return number if number in _INT64 else text


def _parse_float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not valid JSON")


def _check_depth(value: Any) -> None:
    # Level by level: recursion would fail on deep values.
    level = [value]
    for _ in range(MAX_DEPTH):
        containers = [item for item in level if isinstance(item, dict | list)]
        if not containers:
            return
        level = [item for container in containers for item in _list_items(container)]
    raise InvalidBody("nested too deep")


def _list_items(container: dict[str, Any] | list[Any]) -> list[Any]:
    return list(container.values()) if isinstance(container, dict) else container


def _mend(value: Any) -> Any:
    if isinstance(value, str):
        return _mend_text(value)
    if isinstance(value, dict):
        return {_mend_text(key): _mend(item) for key, item in value.items()}
    return [_mend(item) for item in value] if isinstance(value, list) else value


def _mend_text(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
