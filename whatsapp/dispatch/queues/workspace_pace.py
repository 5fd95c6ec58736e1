"""The pace of a workspace with a quota of sends, over all its accounts that this process owns."""

import time
from collections.abc import Callable

from beanie import PydanticObjectId

from whatsapp.workspaces.quotas import WorkspaceQuotas


class WorkspacePace:
    """`get_rate` returns the messages per second, or None for no limit. Times are monotonic."""

    def __init__(self, get_rate: Callable[[], int | None]) -> None:
        self._get_rate = get_rate
        self._free_at = 0.0
        self._second = 0
        self._sends = (0, 0)
        """In the second before `_second`, and in `_second`."""

    def next_slot(self) -> float:
        """Returns the time of the next send, which may have passed."""
        return 0.0 if self._get_rate() is None else self._free_at

    def take(self, slot: float) -> None:
        """Takes the slot of a message."""
        self._count(1)
        rate = self._get_rate()
        if rate is not None:
            self._free_at = max(slot, self._free_at) + 1 / rate

    def return_slot(self) -> None:
        """Returns the last slot, for which there was nothing to send."""
        self._count(-1)
        rate = self._get_rate()
        if rate is not None:
            self._free_at -= 1 / rate

    def count_recent(self) -> int:
        """Returns the number of messages in the last full second."""
        self._count(0)
        return self._sends[0]

    def _count(self, change: int) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._sends = (self._sends[1] if second == self._second + 1 else 0, 0)
            self._second = second
        before, now = self._sends
        self._sends = before, max(now + change, 0)


class WorkspacePaces:
    """The paces of all workspaces that this process has sent for."""

    def __init__(self, quotas: WorkspaceQuotas) -> None:
        self._quotas = quotas
        self._paces: dict[PydanticObjectId, WorkspacePace] = {}

    def get(self, workspace_id: PydanticObjectId) -> WorkspacePace:
        pace = self._paces.get(workspace_id)
        if pace is None:
            pace = WorkspacePace(lambda: self._quotas.get(workspace_id).sends_per_second)
            self._paces[workspace_id] = pace
        return pace
