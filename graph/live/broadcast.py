"""broadcaster with bounded queues: a subscriber that falls behind costs no more memory."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from broadcaster import Broadcast, Event
from broadcaster._backends.base import BroadcastBackend

from graph.live.cursors import CursorExpired
from graph.live.events import LiveEvent

logger = logging.getLogger(__name__)


class QueueOverflowed(Exception):
    """Events were left out because too many waited; they follow the last one that came."""


class SubscriberQueue(asyncio.Queue[Event | None]):
    """Never makes broadcaster's listener wait, and never holds more than `limit` events."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.has_overflowed = False
        self._limit = limit

    async def put(self, item: Event | None) -> None:
        if self.qsize() >= self._limit:
            self.has_overflowed = True
        if not self.has_overflowed:
            self.put_nowait(item)


class LiveBroadcast(Broadcast):
    """One listener that hands each LiveEvent to the queues of its channel's subscribers."""

    def __init__(self, backend: BroadcastBackend, *, queue_limit: int) -> None:
        super().__init__(backend=backend)
        self._queue_limit = queue_limit

    async def run(self) -> None:
        """Hands on events until cancelled."""
        await self._backend.connect()
        try:
            while True:
                try:
                    await self._listener()
                except Exception:
                    # The task's edge: subscribers must not stay deaf for ever.
                    logger.exception("The broadcast listener failed: it is started again")
        finally:
            await self._backend.disconnect()

    @contextlib.asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[LiveEvent]]:
        """Events published from now on. Nothing here suspends before the first event.

        The iterator raises QueueOverflowed or CursorExpired.
        """
        queue = SubscriberQueue(self._queue_limit)
        queues = self._subscribers.setdefault(channel, set())
        queues.add(queue)
        await self._backend.subscribe(channel)
        try:
            yield _iterate(queue)
        finally:
            queues.discard(queue)
            if not queues and self._subscribers.get(channel) is queues:
                del self._subscribers[channel]
                await self._backend.unsubscribe(channel)


async def _iterate(queue: SubscriberQueue) -> AsyncIterator[LiveEvent]:
    while not (queue.has_overflowed and queue.empty()):
        item = await queue.get()
        # broadcaster passes on whatever a backend gives as the message of an event; ours gives None
        # for events that were lost on the way.
        message: object = item.message if item else None
        if not isinstance(message, LiveEvent):
            raise CursorExpired
        yield message
    raise QueueOverflowed
