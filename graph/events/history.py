"""History: events older than the ring, read from MongoDB once for all who wait for them.

After a restart every client comes back at once, each with a cursor of its own. A stream for each of
them would keep MongoDB busy for minutes; here those that stand close together share one.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property, partial

from graph.events.cursors import Position
from graph.events.events import LiveEvent
from whatsapp.common.admission import FairShares

# Half of them for one credential, whatever cursors it shows.
STREAMS = 6
# What was read is kept for those who come a little later.
KEEP_SECONDS = 10.0
KEPT_SEGMENTS = 20
KEPT_BYTES = 32 * 1024 * 1024

ReadEvents = Callable[[Position], Awaitable[tuple[list[LiveEvent], Position]]]


@dataclass(frozen=True)
class Segment:
    """All events after `start`, up to and with `reached`."""

    start: Position
    reached: Position
    events: list[LiveEvent]

    @cached_property
    def size(self) -> int:
        """Bytes in memory, estimated."""
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
    found: "asyncio.Future[Segment]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    needs_own: bool = False
    """A read that began before it did not reach it."""


class History:
    """`read` gives the first events after a position, and how far they reach."""

    def __init__(self, read: ReadEvents) -> None:
        self._read = read
        self._segments: list[Segment] = []
        self._waiting: list[_Waiter] = []
        self._reads: dict[asyncio.Task[None], Position] = {}
        self._shares = FairShares(STREAMS)

    async def read_after(
        self, position: Position, *, holder: Hashable
    ) -> tuple[list[LiveEvent], Position]:
        """Some of the events after the position, and how far they reach: beyond it or, where there
        are none, it itself. `holder` is the credential that asks.

        Raises:
            HistoryLost: MongoDB no longer has what came next.
            PyMongoError: MongoDB is away, or refuses the token.
        """
        segment = self._find(position) or await self._wait(position, holder)
        return segment.list_after(position), max(position, segment.reached)

    def clear(self) -> None:
        """Drops the cached segments, which may belong to an earlier state of the database."""
        self._segments.clear()

    def _find(self, position: Position) -> Segment | None:
        return next((one for one in self._segments if one.covers(position)), None)

    async def _wait(self, position: Position, holder: Hashable) -> Segment:
        waiter = _Waiter(position, holder)
        self._waiting.append(waiter)
        # Not at once: those that come in the same moment may be further back.
        asyncio.get_running_loop().call_soon(self._start_reads)
        try:
            return await waiter.found
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _start_reads(self) -> None:
        for waiter in sorted(self._waiting, key=lambda one: one.position):
            if len(self._reads) >= STREAMS:
                return
            if self._shares.has_room(waiter.holder) and not self._is_under_way(waiter):
                release_place = self._shares.take(waiter.holder)
                task = asyncio.create_task(self._read_from(waiter.position), name="catch-up")
                self._reads[task] = waiter.position
                task.add_done_callback(partial(self._end_read, release_place))

    def _end_read(self, release_place: Callable[[], None], task: asyncio.Task[None]) -> None:
        release_place()
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
        except Exception as error:  # noqa: BLE001 - whoever asked for it hears of it
            self._settle(start, error)
            return
        segment = Segment(start, reached, events)
        self._keep(segment)
        self._settle(start, segment)

    def _settle(self, start: Position, outcome: Segment | Exception) -> None:
        left = []
        for waiter in self._waiting:
            is_its_own = waiter.position == start
            if waiter.found.done():
                continue
            if isinstance(outcome, Segment) and (is_its_own or outcome.covers(waiter.position)):
                waiter.found.set_result(outcome)
            elif isinstance(outcome, Exception) and is_its_own:
                waiter.found.set_exception(outcome)
            else:
                waiter.needs_own = waiter.needs_own or waiter.position > start
                left.append(waiter)
        self._waiting = left

    def _keep(self, segment: Segment) -> None:
        self._segments.append(segment)
        del self._segments[:-KEPT_SEGMENTS]
        while len(self._segments) > 1 and sum(kept.size for kept in self._segments) > KEPT_BYTES:
            del self._segments[0]
        asyncio.get_running_loop().call_later(KEEP_SECONDS, self._drop, segment)

    def _drop(self, segment: Segment) -> None:
        self._segments = [one for one in self._segments if one is not segment]
