"""Departures: which account sends next.

Accounts wait in the order of the times at which their pace allows the next message. An account that
has just been served comes after those that have waited, so accounts take turns. Accounts of a
workspace that sends at the pace of its quota wait in a line of their own, and take turns there.
"""

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count

from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.workspace_pace import WorkspacePace

# A message is claimed this long before its departure, so that claims can be made together. A
# process that is killed leaves those messages as UNKNOWN.
AHEAD_SECONDS = 0.05
# One place becomes free at a time, but not each queue may have it.
RETRIED = 8


class Departures:
    """Calls `start` for each queue whose next message may be claimed now.

    `start` returns False if there is no place for it; `offer` the queue again when there is.
    """

    def __init__(self, start: Callable[[AccountQueue], bool]) -> None:
        self._start = start
        self._heap: list[tuple[float, int, AccountQueue]] = []
        self._numbers = count()
        self._crowded: dict[AccountQueue, None] = {}  # each once, in order
        self._lines: dict[WorkspacePace, dict[AccountQueue, None]] = {}
        """The accounts that wait for the pace of their workspace, in order."""
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopped = False

    def offer(self, queue: AccountQueue) -> None:
        """Puts the queue in line if it may send."""
        if not (self._is_stopped or not queue.may_start or self._must_line_up(queue)):
            self._push(queue)

    def _push(self, queue: AccountQueue) -> None:
        at = queue.pace.next_slot()
        if queue.scheduled_at is None or at < queue.scheduled_at:
            queue.scheduled_at = at
            heapq.heappush(self._heap, (at, next(self._numbers), queue))
            self._set_timer()

    def retry_crowded(self) -> None:
        """Puts the first queues in line again for which there was no place."""
        retried = 0
        while self._crowded and retried < RETRIED:
            queue = next(iter(self._crowded))
            del self._crowded[queue]
            retried += queue.may_start
            self.offer(queue)

    def start(self) -> None:
        self._is_stopped = False

    def stop(self) -> None:
        self._is_stopped = True
        self._heap.clear()
        self._lines.clear()
        self._crowded.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap:
            delay = max(self._heap[0][0] - AHEAD_SECONDS - time.monotonic(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay, self._serve)

    def _serve(self) -> None:
        self._timer = None
        latest = time.monotonic() + AHEAD_SECONDS
        while self._heap and self._heap[0][0] <= latest:
            at, _, queue = heapq.heappop(self._heap)
            if queue.scheduled_at != at:
                continue  # it has an earlier place
            queue.scheduled_at = None
            if not queue.may_start:
                continue
            if not self._must_line_up(queue):
                self._serve_queue(queue, latest)
        self._set_timer()

    def _serve_queue(self, queue: AccountQueue, latest: float) -> None:
        if queue.pace.next_slot() > latest or self._start(queue):
            self.offer(queue)
        else:
            self._crowded[queue] = None

    def _must_line_up(self, queue: AccountQueue) -> bool:
        """Puts the queue into the line of its workspace, if that sends at the pace of its quota."""
        workspace = queue.pace.workspace
        if workspace is None:
            return False
        line = self._lines.get(workspace)
        if line is None:
            if workspace.next_slot() <= time.monotonic() + AHEAD_SECONDS:
                return False
            line = self._lines[workspace] = {}
            self._serve_line_later(workspace)
        line[queue] = None
        return True

    def _serve_line_later(self, workspace: WorkspacePace) -> None:
        delay = max(workspace.next_slot() - AHEAD_SECONDS - time.monotonic(), 0.0)
        asyncio.get_running_loop().call_later(delay, self._serve_line, workspace)

    def _serve_line(self, workspace: WorkspacePace) -> None:
        line, latest = self._lines.get(workspace), time.monotonic() + AHEAD_SECONDS
        if line is None:
            return  # stopped
        while line and workspace.next_slot() <= latest:
            queue = next(iter(line))
            del line[queue]
            if queue.may_start and queue.pace.next_slot() <= latest:
                self._serve_queue(queue, latest)
            elif queue.may_start:
                self._push(queue)
        if line:
            self._serve_line_later(workspace)
        else:
            del self._lines[workspace]
