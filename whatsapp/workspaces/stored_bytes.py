"""The stored bytes of workspaces: as measured, and what this process has stored since then."""

from collections import Counter, defaultdict
from datetime import datetime

from beanie import PydanticObjectId

from models.database.base import utc_now

# Later files are counted by the minute. Those of the minute of a measurement count twice until the
# next one.
MINUTE = 60


class StoredBytes:
    """Between two measurements, each process knows only of its own files."""

    def __init__(self) -> None:
        self._measured: dict[PydanticObjectId, int] = {}
        self._later: defaultdict[PydanticObjectId, Counter[int]] = defaultdict(Counter)
        """Bytes of each workspace by minute."""

    def get(self, workspace_id: PydanticObjectId) -> int:
        later = self._later.get(workspace_id)
        return self._measured.get(workspace_id, 0) + (later.total() if later else 0)

    def add(self, workspace_id: PydanticObjectId, size: int) -> None:
        self._later[workspace_id][_find_minute(utc_now())] += size

    def set_measured(self, workspace_id: PydanticObjectId, size: int, at: datetime) -> None:
        """Replaces the measurement, and forgets the files that are in it."""
        self._measured[workspace_id] = size
        later = self._later.pop(workspace_id, None)
        if later is None:
            return
        begun = _find_minute(at)
        remaining = Counter({minute: bytes_ for minute, bytes_ in later.items() if minute >= begun})
        if remaining:
            self._later[workspace_id] = remaining


def _find_minute(at: datetime) -> int:
    return int(at.timestamp()) // MINUTE
