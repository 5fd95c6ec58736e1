"""broadcaster without queues of its own: each event is handed on the moment it comes.

Its own queues are unbounded. Here nothing waits between the change stream and the subscribers: they
keep what they can't take at once themselves, and bounded.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator

from broadcaster import Broadcast, Event

from graph.events.change_stream import ChangeStreamBackend
from graph.events.events import LiveEvent

logger = logging.getLogger(__name__)

Take = Callable[[LiveEvent | None], None]


class Listener(asyncio.Queue[Event | None]):
    """What broadcaster takes for the queue of a subscriber."""

    def __init__(self, take: Take) -> None:
        super().__init__()
        self._take = take

    async def put(self, item: Event | None) -> None:
        # broadcaster passes on whatever a backend gives as the message of an event; ours gives None
        # for events that were lost on the way.
        message: object = item.message if item else None
        self._take(message if isinstance(message, LiveEvent) else None)


class LiveBroadcast(Broadcast):
    """One listener that hands each LiveEvent to those who listen to its channel."""

    def __init__(self, backend: ChangeStreamBackend) -> None:
        super().__init__(backend=backend)
        self._source = backend

    async def run(self) -> None:
        """Hands on events until cancelled."""
        await self._source.connect()
        try:
            while True:
                try:
                    await self._listener()
                except Exception:
                    # The task's edge: subscribers must not stay deaf for ever.
                    logger.exception("The broadcast listener failed: it is started again")
        finally:
            await self._source.disconnect()

    @contextlib.contextmanager
    def listen(self, channel: str, take: Take) -> Iterator[None]:
        """Calls `take` with each event published from now on, with None when some were lost.

        It must neither raise nor wait.
        """
        listener = Listener(take)
        listeners = self._subscribers.setdefault(channel, set())
        listeners.add(listener)
        self._source.add_channel(channel)
        try:
            yield
        finally:
            listeners.discard(listener)
            if not listeners and self._subscribers.get(channel) is listeners:
                del self._subscribers[channel]
                self._source.drop_channel(channel)
