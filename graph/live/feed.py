"""The live feed: what a subscription reads, from any position, without gap or duplicate."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from graph.errors import ErrorCode, RequestError
from graph.live.broadcast import LiveBroadcast, QueueOverflowed
from graph.live.catch_up import read_events
from graph.live.change_stream import (
    EVERYTHING,
    ChangeStreamBackend,
    HistoryLost,
    open_stream,
    read_position,
)
from graph.live.credential_watch import CredentialWatch
from graph.live.cursors import CursorExpired, CursorInvalid, CursorSigner, Position
from graph.live.events import EventKind, LiveEvent
from graph.live.ring import EventRing
from whatsapp.access import Viewer
from whatsapp.crypto import KeyRing
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

CATCH_UP_STREAMS = 8
CHUNK = 200
RETRY_SECONDS = 0.5
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
        self._database = database
        self._signer = CursorSigner(keyring)
        self._ring = ring or EventRing()
        self._backend = ChangeStreamBackend(database, ring=self._ring, sign=self._signer.sign)
        self._broadcast = LiveBroadcast(self._backend, queue_limit=settings.socket_queue_events)
        self._catch_ups = asyncio.Semaphore(CATCH_UP_STREAMS)
        self._newest_known: Position | None = None

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
        return self._signer.sign(await self._read_present())

    async def subscribe(
        self,
        viewer: Viewer,
        *,
        kinds: Collection[EventKind],
        account_id: PydanticObjectId | None = None,
        conversation_id: PydanticObjectId | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[LiveEvent]:
        """Events of these kinds that the viewer may see, in order: first those after the cursor, if
        one is given, then new ones as they come. The cursor is checked before this returns.

        Raises:
            CursorInvalid, CursorExpired: here, or from the iterator when history is lost later.
            SubscriberTooSlow: from the iterator, when it fell behind all recent events.
        """
        position = None if after is None else await self._check_cursor(after)
        wanted = EventFilter(viewer, kinds, account_id, conversation_id)
        return self._stream(wanted, position)

    async def _check_cursor(self, cursor: str) -> Position:
        position = self._signer.verify(cursor)
        known = max(filter(None, [self._newest_known, self._backend.position]), default=None)
        # MongoDB would wait without an error for a position that this database has not reached,
        # such as one from before it was restored from a backup.
        if (known is None or position > known) and position > await self._read_present():
            raise CursorInvalid
        return position

    async def _read_present(self) -> Position:
        async with open_stream(self._database) as stream:
            position = await read_position(stream)
        if self._newest_known is None or position > self._newest_known:
            self._newest_known = position
        return position

    async def _stream(
        self, wanted: EventFilter, position: Position | None
    ) -> AsyncGenerator[LiveEvent]:
        is_new, generation = True, self._ring.generation
        while True:
            if position is not None:
                missed = self._replay(position, generation=generation, from_database=is_new)
                async with contextlib.aclosing(missed):
                    async for event in missed:
                        position = event.position
                        if wanted.matches(event):
                            yield event
            is_new = False
            # Nothing pauses between the replay's last look and this: no event falls in between.
            with contextlib.suppress(QueueOverflowed):
                async with self._broadcast.listen(wanted.channel) as live:
                    async for event in live:
                        if position is None or event.position > position:
                            position = event.position
                            if wanted.matches(event):
                                yield event

    async def _replay(
        self, position: Position, *, generation: int, from_database: bool
    ) -> AsyncGenerator[LiveEvent]:
        """All events after the position until there are none left in the ring."""
        await self._backend.started.wait()
        while True:
            floor = self._ring.floor
            if floor is None or self._ring.generation != generation:
                raise CursorExpired
            if position >= floor:
                events = self._ring.list_after(position, CHUNK)
                if not events:
                    return
                position = events[-1].position
            elif from_database:
                events, position = await self._read_missed(position, floor=floor)
            else:
                raise SubscriberTooSlow
            for event in events:
                yield event

    async def _read_missed(
        self, position: Position, *, floor: Position
    ) -> tuple[list[LiveEvent], Position]:
        """Some of the events between the position and the ring, and how far they reach.

        It reads a limited number and yields none, so that a slow subscriber never keeps one of the
        few catch-up streams to itself.
        """
        while True:
            try:
                async with self._catch_ups:
                    return await read_events(
                        self._database, position, floor=floor, sign=self._signer.sign
                    )
            except HistoryLost:
                raise CursorExpired from None
            except OperationFailure as error:
                if error.code in BAD_TOKEN_CODES:
                    raise CursorInvalid from None
                logger.warning("A catch-up stream failed with code %s", error.code)
            except PyMongoError as error:
                logger.warning("A catch-up stream is away: %s", type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
