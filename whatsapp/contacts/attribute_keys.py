"""Index entries of attributes, for filters by their values."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

# These bound the index entries of a document.
MAX_ATTRIBUTE_KEYS = 200
_MAX_LENGTH = 200


def list_attribute_keys(attributes: Mapping[str, Any] | None) -> list[str]:
    """Returns a key for each value that is a text, number, boolean or null, alone or in a list."""
    keys = (make_attribute_key(name, value) for name, value in _list_values(attributes or {}))
    return [*dict.fromkeys(keys)][:MAX_ATTRIBUTE_KEYS]


def make_attribute_key(name: str, value: Any) -> str:
    """Returns the key of a value; equal numbers have equal keys."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    key = json.dumps([name, value], ensure_ascii=False)
    return key if len(key) <= _MAX_LENGTH else hashlib.sha256(key.encode()).hexdigest()


def is_indexed(value: Any) -> bool:
    """Returns True for a text, number, boolean or null."""
    return value is None or isinstance(value, str | int | float)


def _list_values(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in attributes.items():
        for item in value if isinstance(value, list) else [value]:
            if is_indexed(item):
                yield name, item
