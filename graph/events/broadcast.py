"""broadcaster without its queues, which are unbounded: listeners are called for each event.

Subscribers have bounded queues of their own. This module alone uses broadcaster's private
API; `tests/graph/events/test_broadcaster.py` fails when it changes.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator

from broadcaster import Broadcast, Event

from graph.events.events import LiveEvent
from graph.events.live_source import LiveSource

logger = logging.getLogger(__name__)

OnEvent = Callable[[LiveEvent | None], None]


class Listener(asyncio.Queue[Event | None]):
    """Calls a function instead of queueing; broadcaster uses it as a subscriber's queue."""

    def __init__(self, on_event: OnEvent) -> None:
        super().__init__()
        self._on_event = on_event

    async def put(self, item: Event | None) -> None:
        # Our backend publishes a LiveEvent as message, or None after a loss.
        message: object = item.message if item else None
        self._on_event(message if isinstance(message, LiveEvent) else None)


class LiveBroadcast(Broadcast):
    """Delivers each LiveEvent to the listeners of its channels."""

    def __init__(self, backend: LiveSource) -> None:
        super().__init__(backend=backend)
        self._source = backend

    async def run(self) -> None:
        """Delivers events until cancelled."""
        await self._source.connect()
        try:
            while True:
                try:
                    await self._listener()
                except Exception:
                    # A bug must not end the task, or subscribers would receive no more events.
                    logger.exception("The broadcast listener failed; restarting it")
        finally:
            await self._source.disconnect()

    @contextlib.contextmanager
    def listen(self, channel: str, on_event: OnEvent) -> Iterator[None]:
        """Calls `on_event` with each new event, and with None after a loss.

        `on_event` must not raise or block.
        """
        listener = Listener(on_event)
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
