"""Checks of retention rules."""

from collections.abc import Mapping
from typing import Any

from models.database.base import utc_now
from whatsapp.errors import InvalidInput, RefusalCollector

MAX_DAYS = 3650
# A body is needed to find out what went wrong, and its hash for 8 days.
MAX_RAW_BODIES_DAYS = 30


def check_retention(rules: Mapping[str, int | None]) -> dict[str, Any]:
    """Returns the fields of the workspace that the rules change.

    Raises:
        InvalidInput: a rule is out of bounds.
    """
    with RefusalCollector() as collect:
        for name, days in rules.items():
            collect(_check_days, name, days)
    if not rules:
        return {}
    fields: dict[str, Any] = {f"retention.{name}": days for name, days in rules.items()}
    return fields | {"retention_due_at": utc_now()}


def _check_days(name: str, days: int | None) -> None:
    is_raw = name == "raw_bodies_days"
    least, most = (0, MAX_RAW_BODIES_DAYS) if is_raw else (1, MAX_DAYS)
    if days is not None and not least <= days <= most:
        raise InvalidInput(
            f"Use {least} to {most} days, or null for no rule.", field=["retention", name]
        )
