"""Reads single values of what Meta posts about accounts; whatever is missing or odd is None."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webhooks.payload.items import Item
from webhooks.payload.shapes import read_time

MAX_TEXT = 1024
# Meta's times in seconds stay below this for some thousand years: larger ones are milliseconds.
_MILLISECONDS = 100_000_000_000


def get_value(item: Item) -> Mapping[str, Any]:
    """The change's value; empty where it is no object."""
    return item.value if isinstance(item.value, dict) else {}


def get_object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def get_text(value: Mapping[str, Any], *names: str) -> str | None:
    """The first of these that holds a text or a number, cut to MAX_TEXT."""
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


def get_told_at(item: Item) -> datetime | None:
    """When Meta says that it happened: the time of the entry."""
    return get_time(item.envelope, "time")
