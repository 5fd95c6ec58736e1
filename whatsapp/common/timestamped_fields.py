"""Fields that WhatsApp reports with a timestamp: only the newest report of each is stored.

A document keeps the time of each group of fields in `changed_at`. Reports of the same second are
ordered by their values, so that any order and repetition of reports leaves equal documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.database.base import utc_now

# For a report without a time: it applies only if there was no report before.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TimestampedFields:
    """Fields that are stored together; keys may be paths such as `health.throughput`."""

    aspect: str
    at: datetime
    values: Mapping[str, Any]
    newer_than: str | None = None
    """Name of another timestamp of the document that `at` must exceed."""

    @property
    def is_newer(self) -> dict[str, Any]:
        """Expression: True if these values are newer than the stored ones."""
        reported = [self.at, *({"$literal": value} for value in self.values.values())]
        stored = [f"$changed_at.{self.aspect}", *(f"${name}" for name in self.values)]
        is_newer = {"$gt": [reported, stored]}
        if self.newer_than is None:
            return is_newer
        return {"$and": [is_newer, {"$gt": [self.at, f"${self.newer_than}"]}]}


def match_outdated(updates: Sequence[TimestampedFields]) -> dict[str, Any]:
    """Returns a filter for documents that at least one of these updates would change."""
    return {"$expr": {"$or": [update.is_newer for update in updates]}}


def make_update_stage(updates: Sequence[TimestampedFields]) -> dict[str, Any]:
    """Returns the pipeline stage that stores the updates that are newer than the document."""
    changes: dict[str, Any] = {
        "updated_at": {
            "$cond": [{"$or": [update.is_newer for update in updates]}, utc_now(), "$updated_at"]
        }
    }
    for update in updates:
        time = f"changed_at.{update.aspect}"
        changes[time] = {"$cond": [update.is_newer, update.at, f"${time}"]}
        for name, value in update.values.items():
            changes[name] = {"$cond": [update.is_newer, {"$literal": value}, f"${name}"]}
    return {"$set": changes}
