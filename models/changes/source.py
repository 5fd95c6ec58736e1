"""The changes of the database for this process: one stream that outlives every outage."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from models.changes.position import Position
from models.changes.stream import (
    OPEN_SECONDS,
    SILENCE_SECONDS,
    Change,
    HistoryLost,
    next_change,
    open_stream,
    read_position,
)
from models.database.base import utc_now
from models.database.outage_log import log_failure
from telemetry.metrics import live as metrics

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
CHANGES_PER_TURN = 50


class ChangeListener(Protocol):
    """Receives each change once, in order. An exception interrupts the stream at that change."""

    def begin(self, position: Position) -> None:
        """Called when the stream is first open, and open again after a loss."""

    async def take(self, change: Change) -> None:
        """Called with each change after that position."""

    async def lose_history(self) -> None:
        """Called when MongoDB no longer has the next change: changes were missed."""


class ChangeSource:
    """Watches the database while `run` is running, and reopens its stream where it broke off."""

    def __init__(
        self,
        database: AsyncDatabase[dict[str, Any]],
        listeners: Sequence[ChangeListener],
        *,
        open_seconds: float = OPEN_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        """Each change is given to the listeners one after another, in their order."""
        self.position: Position | None = None
        """Position of the last change given to all; None until the first stream is open."""
        self.is_connected = False
        self.started = asyncio.Event()
        """Set while there is a position."""
        self._database = database
        self._listeners = listeners
        self._open_seconds = open_seconds
        self._silence_seconds = silence_seconds

    async def run(self) -> None:
        """Watches until cancelled."""
        try:
            await self._keep_watching()
        finally:
            self._set_connected(False)

    async def _keep_watching(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async for _ in self._watch_once():
                    pause = FIRST_PAUSE_SECONDS
            except HistoryLost:
                logger.warning("Change history lost; subscribers must reload their lists")
                metrics.STREAM_FAILURES["history_lost"].inc()
                await self._lose_history()
            except PyMongoError as error:
                if self.is_connected or pause == FIRST_PAUSE_SECONDS:
                    log_failure(logger, error, "The change stream failed")
            except Exception:
                # A bug must not end the task: the stream recovers from any error.
                logger.exception("The change stream failed")
            if self.is_connected:
                metrics.STREAM_FAILURES["interrupted"].inc()
            self._set_connected(False)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _watch_once(self) -> AsyncIterator[None]:
        """Yields after each response of MongoDB, until an error."""
        async with open_stream(
            self._database, after=self.position, seconds=self._open_seconds
        ) as stream:
            if self.position is None:
                self._begin(await read_position(stream))
            if not self.is_connected:
                logger.info("The change stream is open")
            self._set_connected(True)
            changes = 0
            while True:
                change = await next_change(stream, seconds=self._silence_seconds)
                if change is not None:
                    await self._give(change)
                elif stream.resume_token is not None:
                    self.position = Position(stream.resume_token["_data"])
                yield
                changes += 1
                if changes % CHANGES_PER_TURN == 0:
                    await asyncio.sleep(0)  # reading a full batch does not yield to other tasks

    def _begin(self, position: Position) -> None:
        self.position = position
        for listener in self._listeners:
            listener.begin(position)
        self.started.set()

    async def _give(self, change: Change) -> None:
        for listener in self._listeners:
            await listener.take(change)
        self.position = Position(change["_id"]["_data"])
        if (changed_at := change.get("wallTime")) is not None:  # since MongoDB 6.0
            metrics.STREAM_LAG.observe(max((utc_now() - changed_at).total_seconds(), 0.0))

    async def _lose_history(self) -> None:
        self.started.clear()
        self.position = None
        for listener in self._listeners:
            await listener.lose_history()

    def _set_connected(self, is_connected: bool) -> None:
        self.is_connected = is_connected
        metrics.STREAMS_CONNECTED.set(is_connected)
