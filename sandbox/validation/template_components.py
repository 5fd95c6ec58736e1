"""Lookups in a template's parts, and in the components of a send that fill them."""

import re
from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def find(given: Sequence[Json], kind: str) -> Json:
    """Returns the component of this type, or an empty object."""
    return next((part for part in given if str(part.get("type")).lower() == kind), {})


def find_button(given: Sequence[Json], index: int) -> Json:
    matching = (
        part
        for part in given
        if str(part.get("type")).lower() == "button" and str(part.get("index")) == str(index)
    )
    return next(matching, {})


def read_parameters(given: Sequence[Json], kind: str) -> list[Json]:
    return list(find(given, kind).get("parameters") or ())


def list_buttons(parts: Sequence[Json]) -> list[Json]:
    return [button for part in parts for button in part.get("buttons", ())]


def get_text(parts: Sequence[Json], kind: str) -> str:
    return next((str(part.get("text", "")) for part in parts if part["type"] == kind), "")
