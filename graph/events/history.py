"""History: events older than the ring, read from MongoDB once for all subscribers that wait.

After a restart all clients resume at once, each at its own cursor. A change stream for each would
keep MongoDB busy for minutes; subscribers at nearby positions share a stream.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property, partial

from graph.events.events import LiveEvent
from models.changes.position import Position
from whatsapp.common.admission import FairShares
from whatsapp.common.timeouts import Timeouts

# Concurrent reads; a credential gets at most half of them.
STREAMS = 6
MAX_SEGMENTS = 20
MAX_BYTES = 32 * 1024 * 1024

ReadEvents = Callable[[Position], Awaitable[tuple[list[LiveEvent], Position]]]


@dataclass(frozen=True)
class Segment:
    """All events after `start` up to and including `reached`."""

    start: Position
    reached: Position
    events: list[LiveEvent]

    @cached_property
    def size(self) -> int:
        """Estimated bytes in memory."""
        return sum(event.size for event in self.events)

    def covers(self, position: Position) -> bool:
        return self.start <= position < self.reached

    def list_after(self, position: Position) -> list[LiveEvent]:
        begin = bisect_right(self.events, position, key=lambda event: event.position)
        return self.events[begin:]


@dataclass(eq=False)
class _Waiter:
    position: Position
    holder: Hashable
    segment: "asyncio.Future[Segment]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    needs_own: bool = False
    """A read from an earlier position did not reach this position."""


class History:
    """Shares reads of history; `read` returns events after a position and the position reached."""

    def __init__(
        self, read: ReadEvents, *, keep_seconds: float = Timeouts.history_keep_seconds
    ) -> None:
        self._read = read
        self._keep_seconds = keep_seconds
        self._segments: list[Segment] = []
        self._waiting: list[_Waiter] = []
        self._reads: dict[asyncio.Task[None], Position] = {}
        self._shares = FairShares(STREAMS)

    async def read_after(
        self, position: Position, *, holder: Hashable
    ) -> tuple[list[LiveEvent], Position]:
        """Returns the next events after the position, and the position they reach.

        Returns the same position if there are none. `holder` is the credential that reads.

        Raises:
            HistoryLost: MongoDB no longer has the next change.
            PyMongoError: MongoDB is unavailable or refuses the token.
        """
        segment = self._find(position) or await self._wait(position, holder)
        return segment.list_after(position), max(position, segment.reached)

    def clear(self) -> None:
        """Drops the cached segments, which may belong to an earlier state of the database."""
        self._segments.clear()

    def _find(self, position: Position) -> Segment | None:
        return next((segment for segment in self._segments if segment.covers(position)), None)

    async def _wait(self, position: Position, holder: Hashable) -> Segment:
        waiter = _Waiter(position, holder)
        self._waiting.append(waiter)
        # In the next loop iteration, when all subscribers of this one are known.
        asyncio.get_running_loop().call_soon(self._start_reads)
        try:
            return await waiter.segment
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _start_reads(self) -> None:
        for waiter in sorted(self._waiting, key=lambda waiter: waiter.position):
            if len(self._reads) >= STREAMS:
                return
            if self._shares.has_room(waiter.holder) and not self._is_under_way(waiter):
                release_slot = self._shares.take(waiter.holder)
                task = asyncio.create_task(self._read_from(waiter.position), name="catch-up")
                self._reads[task] = waiter.position
                task.add_done_callback(partial(self._end_read, release_slot))

    def _end_read(self, release_slot: Callable[[], None], task: asyncio.Task[None]) -> None:
        release_slot()
        del self._reads[task]
        self._start_reads()

    def _is_under_way(self, waiter: _Waiter) -> bool:
        starts = self._reads.values()
        if waiter.needs_own:
            return waiter.position in starts
        return any(start <= waiter.position for start in starts)

    async def _read_from(self, start: Position) -> None:
        try:
            events, reached = await self._read(start)
        except Exception as error:  # noqa: BLE001 - raised to the waiters
            self._settle(start, error)
            return
        segment = Segment(start, reached, events)
        self._cache(segment)
        self._settle(start, segment)

    def _settle(self, start: Position, outcome: Segment | Exception) -> None:
        left = []
        for waiter in self._waiting:
            is_start = waiter.position == start
            if waiter.segment.done():
                continue
            if isinstance(outcome, Segment) and (is_start or outcome.covers(waiter.position)):
                waiter.segment.set_result(outcome)
            elif isinstance(outcome, Exception) and is_start:
                waiter.segment.set_exception(outcome)
            else:
                waiter.needs_own = waiter.needs_own or waiter.position > start
                left.append(waiter)
        self._waiting = left

    def _cache(self, segment: Segment) -> None:
        self._segments.append(segment)
        del self._segments[:-MAX_SEGMENTS]
        while len(self._segments) > 1 and sum(cached.size for cached in self._segments) > MAX_BYTES:
            del self._segments[0]
        asyncio.get_running_loop().call_later(self._keep_seconds, self._drop, segment)

    def _drop(self, segment: Segment) -> None:
        self._segments = [cached for cached in self._segments if cached is not segment]
