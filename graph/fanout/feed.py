"""The live feed: what a subscription reads, from any position, without gap or duplicate."""

import asyncio
import logging
from collections.abc import Collection, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from graph.core.errors import ErrorCode, RequestError
from graph.events.broadcast import LiveBroadcast, Take
from graph.events.catch_up import read_events
from graph.events.change_stream import (
    EVERYTHING,
    ChangeStreamBackend,
    HistoryLost,
    open_stream,
    read_position,
)
from graph.events.cursors import CursorExpired, CursorInvalid, CursorSigner, Position
from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from graph.events.existence import Existence
from graph.events.history import History
from graph.events.present import PresentPosition
from graph.events.ring import EventRing
from graph.events.summary_watch import SummaryWatch
from graph.fanout.budgets import LiveBudgets
from graph.fanout.credential_watch import CredentialWatch
from graph.fanout.groups import Groups
from models.database.outage_log import log_failure
from whatsapp.auth.access import Viewer
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

CHUNK = 200
RETRY_SECONDS = 0.5
NO_PROGRESS_SECONDS = 0.05
# MongoDB's answers to resume tokens that it can't read.
BAD_TOKEN_CODES = frozenset({9, 15, 40647, 40649, 50811, 50872})


class SubscriberTooSlow(RequestError):
    """A subscriber fell behind all recent events; its socket is closed with 4508."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.RATE_LIMITED, "Too slow: resume from the last cursor.")


@dataclass(frozen=True)
class EventFilter:
    """What one subscription wants, and what its viewer may see."""

    viewer: Viewer
    kinds: Collection[EventKind]
    account_id: PydanticObjectId | None = None
    conversation_id: PydanticObjectId | None = None

    @property
    def channel(self) -> str:
        """The narrowest channel that has all of it."""
        if self.conversation_id is not None:
            return f"conversation:{self.conversation_id}"
        if self.account_id is not None:
            return f"account:{self.account_id}"
        if self.viewer.account_ids is not None and len(self.viewer.account_ids) == 1:
            return f"account:{next(iter(self.viewer.account_ids))}"
        return EVERYTHING

    def matches(self, event: LiveEvent) -> bool:
        return (
            event.kind in self.kinds
            and self.viewer.can_see(event.account_id)
            and self.account_id in (None, event.account_id)
            and self.conversation_id in (None, event.conversation_id)
        )


@dataclass(frozen=True)
class Opened:
    """A subscription whose arguments were checked: what it wants, and from where on."""

    wanted: EventFilter
    position: Position | None


class LiveFeed:
    """One per process. `run` must be running for subscriptions to get anything."""

    def __init__(
        self,
        *,
        database: AsyncDatabase[dict[str, Any]],
        settings: Settings,
        keyring: KeyRing,
        ring: EventRing | None = None,
    ) -> None:
        self.credentials = CredentialWatch(check_seconds=settings.credential_check_seconds)
        """Closes the sockets of revoked API keys."""
        self.ring = ring or EventRing()
        self.summaries = SummaryWatch()
        self.groups = Groups(self)
        """Those who subscribed."""
        self.budgets = LiveBudgets(settings)
        self.queue_limit = settings.socket_queue_events
        self._database = database
        self._signer = CursorSigner(keyring)
        self._existence = Existence()
        self._backend = ChangeStreamBackend(
            database,
            ring=self.ring,
            summaries=self.summaries,
            sign=self._signer.sign,
            on_deletion=self._existence.forget,
        )
        self._broadcast = LiveBroadcast(self._backend)
        self._history = History(self._read_history)
        self._history_generation = self.ring.generation
        self._present = PresentPosition(self._read_present)

    @property
    def is_healthy(self) -> bool:
        """False while the change stream is away: subscribers get nothing new."""
        return self._backend.is_connected

    async def run(self) -> None:
        """Watches the database and the credentials of open sockets until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.credentials.run(), name="credential-watch")
            group.create_task(self._broadcast.run(), name="broadcast")

    async def get_cursor(self) -> str:
        """The present position: what is committed now lies before it, all later events after it.

        It comes from the database, because this process may not have seen the newest changes yet.

        Raises:
            PyMongoError: MongoDB is away.
        """
        return self._signer.sign(await self._present.read())

    async def subscribe(
        self,
        viewer: Viewer,
        *,
        kinds: Collection[EventKind],
        account_id: PydanticObjectId | None = None,
        conversation_id: PydanticObjectId | None = None,
        after: str | None = None,
    ) -> Opened:
        """What `groups.join` needs for events of these kinds that the viewer may see: first those
        after the cursor, if one is given, then new ones as they come.

        Raises:
            CursorInvalid, CursorExpired: the cursor does not belong here.
            PyMongoError: MongoDB is away.
        """
        position = None if after is None else await self._check_cursor(after)
        return Opened(EventFilter(viewer, kinds, account_id, conversation_id), position)

    def listen(self, channel: str, take: Take) -> AbstractContextManager[None]:
        """Calls `take` with each new event of a channel, with None when some were lost."""
        return self._broadcast.listen(channel, take)

    async def read_after(
        self, position: Position, *, generation: int, from_history: bool, holder: Hashable
    ) -> tuple[list[LiveEvent], Position]:
        """Some of the events after the position and how far they reach; it itself means: to here.

        In that case nothing was waited for since the last look. `holder` is the credential that
        asks.

        Raises:
            CursorInvalid, CursorExpired
            SubscriberTooSlow: they are older than the ring, and history was not asked for.
        """
        if self.ring.floor is None:
            await self._backend.started.wait()
        floor = self.ring.floor
        if floor is None or self.ring.generation != generation:
            raise CursorExpired
        if position >= floor:
            events = self.ring.list_after(position, CHUNK)
            return events, events[-1].position if events else position
        if not from_history:
            raise SubscriberTooSlow
        return await self._read_missed(position, holder)

    async def list_existing(self, events: Sequence[LiveEvent]) -> list[LiveEvent]:
        """Those of the events whose documents still exist; waits while MongoDB is away."""
        while True:
            try:
                return await self._existence.select(events)
            except OperationFailure as error:
                logger.warning("A look-up for a replay failed with code %s", error.code)
            except PyMongoError as error:
                logger.warning("A look-up for a replay failed: %s", type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _check_cursor(self, cursor: str) -> Position:
        position = self._signer.verify(cursor)
        positions = (self._present.newest_known, self._backend.position)
        known = max(filter(None, positions), default=None)
        # MongoDB would wait without an error for a position that this database has not reached,
        # such as one from before it was restored from a backup.
        if (known is None or position > known) and position > await self._present.read():
            raise CursorInvalid
        return position

    async def _read_present(self) -> Position:
        async with open_stream(self._database) as stream:
            return await read_position(stream)

    async def _read_missed(
        self, position: Position, holder: Hashable
    ) -> tuple[list[LiveEvent], Position]:
        """Some of the events between the position and the ring, and how far they reach."""
        if self._history_generation != self.ring.generation:
            self._history.forget()
            self._history_generation = self.ring.generation
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
        return await read_events(self._database, position, floor=floor, sign=self._signer.sign)
