"""Facts that WhatsApp tells with a time: of each aspect of a document the newest one is stored.

A document keeps the time of each aspect in `changed_at`. Reports of the same second are ordered by
what they say, so that any order and any repetition of reports leaves equal documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.database.base import utc_now

# For a report without a time: it counts only where nothing was told before.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TimestampedFields:
    """`values` are stored together or not at all; keys may be paths such as `health.throughput`."""

    aspect: str
    at: datetime
    values: Mapping[str, Any]
    newer_than: str | None = None
    """Name of another time of the document that this must be later than."""

    @property
    def is_newer(self) -> dict[str, Any]:
        """Expression: whether this is newer than what the document holds."""
        told = [self.at, *({"$literal": value} for value in self.values.values())]
        stored = [f"$changed_at.{self.aspect}", *(f"${name}" for name in self.values)]
        is_newer = {"$gt": [told, stored]}
        if self.newer_than is None:
            return is_newer
        return {"$and": [is_newer, {"$gt": [self.at, f"${self.newer_than}"]}]}


def match_outdated(updates: Sequence[TimestampedFields]) -> dict[str, Any]:
    """The filter of documents for which one of these updates is news."""
    return {"$expr": {"$or": [fact.is_newer for fact in updates]}}


def make_update_stage(updates: Sequence[TimestampedFields]) -> dict[str, Any]:
    """The pipeline stage that stores those of the updates that are news."""
    changes: dict[str, Any] = {
        "updated_at": {
            "$cond": [{"$or": [fact.is_newer for fact in updates]}, utc_now(), "$updated_at"]
        }
    }
    for fact in updates:
        time = f"changed_at.{fact.aspect}"
        changes[time] = {"$cond": [fact.is_newer, fact.at, f"${time}"]}
        for name, value in fact.values.items():
            changes[name] = {"$cond": [fact.is_newer, {"$literal": value}, f"${name}"]}
    return {"$set": changes}
