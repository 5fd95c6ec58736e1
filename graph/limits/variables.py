"""How much `variables` hold: each value is checked against its type before anything runs."""

from collections.abc import Mapping
from typing import Any

from graph.limits.bounds import MAX_VARIABLE_VALUES


def find_excess_of_values(variables: Mapping[str, Any] | None) -> str | None:
    """A sentence that names the limit, or None where they hold few enough values."""
    waiting: list[Any] = [variables]
    seen = 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, list):
            seen += len(value)
            if seen > MAX_VARIABLE_VALUES:
                return f"The variables hold {seen} values; {MAX_VARIABLE_VALUES} is the limit."
            waiting += value
    return None
