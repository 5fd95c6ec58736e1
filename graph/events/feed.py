"""The live feed: all events from any position, without gaps or duplicates."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from beanie import PydanticObjectId
from bson import Timestamp
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from graph.core.errors import ErrorCode, RequestError
from graph.events.broadcast import LiveBroadcast, OnEvent
from graph.events.catch_up import read_events
from graph.events.cursors import CursorCipher, CursorExpired, CursorInvalid
from graph.events.events import LiveEvent
from graph.events.existence import Existence
from graph.events.history import History
from graph.events.live_source import LiveSource, OnRemoval
from graph.events.ring import EventRing
from graph.events.summary_watch import SummaryWatch
from models.changes.position import Position
from models.changes.source import ChangeListener
from models.changes.stream import HistoryLost, open_stream, read_position
from models.database.coalescing import Call, Coalescer
from models.database.outage_log import log_failure
from telemetry.metrics.live import RESUMES
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts

logger = logging.getLogger(__name__)

CHUNK = 200
RETRY_SECONDS = 0.5
NO_PROGRESS_SECONDS = 0.05
# MongoDB's errors for resume tokens it can't read.
BAD_TOKEN_CODES = frozenset({9, 15, 40647, 40649, 50811, 50872})


class SubscriberTooSlow(RequestError):
    """A subscriber fell behind the ring; its socket is closed with 4508."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.RATE_LIMITED, "Too slow: resume from the last cursor.")


class PresentPosition(Coalescer[None, Position]):
    """Shares reads of the current position; each caller gets one that began after its call."""

    def __init__(self, read: Callable[[], Awaitable[Position]]) -> None:
        super().__init__("present-position")
        self.newest_known: Position | None = None
        """The newest position that was read, or None before the first read."""
        self._read = read

    async def read(self) -> Position:
        """Returns a position after everything that is committed now.

        Raises:
            PyMongoError: MongoDB is unavailable.
        """
        return await self.submit(None)

    def _weigh(self, item: None) -> float:  # noqa: ARG002 - one read serves any number of calls
        return 0

    async def _process(self, calls: Sequence[Call[None, Position]]) -> None:
        position = await self._read()
        self.newest_known = max(filter(None, [self.newest_known, position]))
        for call in calls:
            if not call.result.done():
                call.result.set_result(position)


class LiveFeed:
    """The feed of one process; subscriptions receive events while `run` is running."""

    def __init__(
        self,
        *,
        database: AsyncDatabase[dict[str, Any]],
        keyring: KeyRing,
        timeouts: Timeouts = Timeouts(),
        ring: EventRing | None = None,
        listeners: Sequence[ChangeListener] = (),
        get_history_start: Callable[[], Timestamp | None] = lambda: None,
    ) -> None:
        """`listeners` receive each change before its events are published.

        `get_history_start` returns the time before which positions are of a restored past.
        """
        self.ring = ring or EventRing()
        self.summaries = SummaryWatch(wait_seconds=timeouts.summary_wait_seconds)
        self._get_history_start = get_history_start
        self._database = database
        self._cursors = CursorCipher(keyring)
        self._existence = Existence()
        self._removal_listeners: set[OnRemoval] = set()
        self._source = LiveSource(
            database,
            listeners=listeners,
            ring=self.ring,
            summaries=self.summaries,
            seal=self._cursors.seal,
            timeouts=timeouts,
            on_deletion=self._existence.forget,
            on_removal=self._report_removal,
        )
        self._broadcast = LiveBroadcast(self._source)
        self._history = History(self._read_history, keep_seconds=timeouts.history_keep_seconds)
        self._history_epoch = self.ring.epoch
        self._present = PresentPosition(self._read_present)

    @property
    def is_healthy(self) -> bool:
        """False while the change stream is disconnected: no new events arrive."""
        return self._source.changes.is_connected

    @property
    def has_started(self) -> bool:
        """True if each later change has an event."""
        return self._source.changes.started.is_set()

    async def wait_until_started(self) -> None:
        await self._source.changes.started.wait()

    async def run(self) -> None:
        """Publishes changes of the database until cancelled."""
        await self._broadcast.run()

    async def get_cursor(self, workspace_id: PydanticObjectId) -> str:
        """Returns a cursor of the workspace after all changes committed so far.

        It is read from the database, because this process may not have received the newest changes.

        Raises:
            PyMongoError: MongoDB is unavailable.
        """
        return self._cursors.seal(await self._present.read(), workspace_id)

    async def check_cursor(self, cursor: str, workspace_id: PydanticObjectId) -> Position:
        """Returns the position of a cursor.

        Raises:
            CursorInvalid: malformed, forged, of another workspace, or ahead of this database.
            CursorExpired: from before the database was restored.
            PyMongoError: MongoDB is unavailable.
        """
        try:
            return await self._check_cursor(cursor, workspace_id)
        except CursorInvalid:
            RESUMES["invalid"].inc()
            raise
        except CursorExpired:
            RESUMES["expired"].inc()
            raise

    async def _check_cursor(self, cursor: str, workspace_id: PydanticObjectId) -> Position:
        position = self._cursors.open(cursor, workspace_id)
        history_start = self._get_history_start()
        if history_start is not None and position.cluster_time < history_start:
            raise CursorExpired
        positions = (self._present.newest_known, self._source.changes.position)
        newest = max(filter(None, positions), default=None)
        # MongoDB waits without an error for a position ahead of it, such as one from before a
        # restore from a backup.
        if (newest is None or position > newest) and position > await self._present.read():
            raise CursorInvalid
        return position

    def listen(self, channel: str, on_event: OnEvent) -> AbstractContextManager[None]:
        """Calls `on_event` with each new event of a channel, and with None after a loss."""
        return self._broadcast.listen(channel, on_event)

    @contextmanager
    def listen_to_removals(self, on_removal: OnRemoval) -> Iterator[None]:
        """Calls `on_removal` for each removed conversation, which is not an event."""
        self._removal_listeners.add(on_removal)
        try:
            yield
        finally:
            self._removal_listeners.discard(on_removal)

    def _report_removal(self, image: Mapping[str, Any]) -> None:
        for on_removal in list(self._removal_listeners):
            on_removal(image)

    async def read_after(
        self, position: Position, *, epoch: int, from_history: bool, holder: Hashable
    ) -> tuple[list[LiveEvent], Position]:
        """Returns the next events after the position, and the position they reach.

        Returns the same position if there are no more; then nothing was awaited since the check.
        `holder` is the credential that reads.

        Raises:
            CursorInvalid, CursorExpired
            SubscriberTooSlow: the events are older than the ring and `from_history` is False.
        """
        if self.ring.floor is None:
            await self._source.changes.started.wait()
        floor = self.ring.floor
        if floor is None or self.ring.epoch != epoch:
            raise CursorExpired
        if position >= floor:
            events = self.ring.list_after(position, CHUNK)
            return events, events[-1].position if events else position
        if not from_history:
            raise SubscriberTooSlow
        return await self._read_missed(position, holder)

    async def list_existing(self, events: Sequence[LiveEvent]) -> list[LiveEvent]:
        """Returns the events whose documents still exist; waits while MongoDB is unavailable."""
        while True:
            try:
                return await self._existence.select(events)
            except OperationFailure as error:
                logger.warning("A look-up for a replay failed with code %s", error.code)
            except PyMongoError as error:
                logger.warning("A look-up for a replay failed: %s", type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _read_present(self) -> Position:
        async with open_stream(self._database) as stream:
            return await read_position(stream)

    async def _read_missed(
        self, position: Position, holder: Hashable
    ) -> tuple[list[LiveEvent], Position]:
        """Returns events between the position and the ring, and the position they reach."""
        if self._history_epoch != self.ring.epoch:
            self._history.clear()
            self._history_epoch = self.ring.epoch
        while True:
            pause = RETRY_SECONDS
            try:
                events, reached = await self._history.read_after(position, holder=holder)
            except HistoryLost:
                raise CursorExpired from None
            except OperationFailure as error:
                if error.code in BAD_TOKEN_CODES:
                    raise CursorInvalid from None
                log_failure(logger, error, "A catch-up stream failed with code %s", error.code)
            except PyMongoError as error:
                log_failure(logger, error, "A catch-up stream failed")
            else:
                if reached > position:
                    return events, reached
                pause = NO_PROGRESS_SECONDS
            await asyncio.sleep(pause)

    async def _read_history(self, position: Position) -> tuple[list[LiveEvent], Position]:
        floor = self.ring.floor
        if floor is None:
            raise HistoryLost
        return await read_events(self._database, position, floor=floor, seal=self._cursors.seal)
