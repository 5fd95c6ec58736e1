"""Reads single values of changes; missing and invalid values are None."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webhooks.payload.items import Item
from webhooks.payload.meta_objects import read_time

MAX_TEXT = 1024
# Times above this are in milliseconds: as seconds they would lie in the year 5138.
_MILLISECONDS = 100_000_000_000


def get_value(item: Item) -> Mapping[str, Any]:
    """Returns the change's value, or an empty object if it is not an object."""
    return item.value if isinstance(item.value, dict) else {}


def get_object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def get_text(value: Mapping[str, Any], *names: str) -> str | None:
    """Returns the first value that is a text or a number, cut to MAX_TEXT."""
    for name in names:
        found = value.get(name)
        if isinstance(found, int | float) and not isinstance(found, bool):
            found = json.dumps(found)
        if isinstance(found, str) and found.strip():
            return found.strip()[:MAX_TEXT]
    return None


def get_time(value: Mapping[str, Any], name: str) -> datetime | None:
    found = value.get(name)
    if isinstance(found, int) and not isinstance(found, bool) and found >= _MILLISECONDS:
        found //= 1000
    try:
        return read_time(found)
    except ValueError:
        return None


def get_entry_time(item: Item) -> datetime | None:
    """Returns Meta's time of the change."""
    return get_time(item.envelope, "time")
