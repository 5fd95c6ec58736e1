"""Marks of events that are applied: many in one write, which need not be durable.

An event without its mark is applied again when its lease has passed, which changes nothing. So a
mark may come a little late, or be lost with a primary that falls, and its write costs neither a
journal commit nor a round trip of the worker's.
"""

import asyncio
import logging
from collections.abc import Callable, Collection

from pymongo.errors import PyMongoError

from models.database.outage_log import log_failure
from webhooks.store.events import mark_processed

logger = logging.getLogger(__name__)

# For so long marks gather: at 1,000 webhooks a second some twenty in each write.
PAUSE_SECONDS = 0.02


class Marks:
    """One per process; `on_done` hears of each event that is marked, or was to be in an outage."""

    def __init__(self, *, on_done: Callable[[Collection[str]], None]) -> None:
        self._on_done = on_done
        self._waiting: list[str] = []
        self._some = asyncio.Event()

    def add(self, event_ids: Collection[str]) -> None:
        self._waiting.extend(event_ids)
        self._some.set()

    async def run(self) -> None:
        """Until cancelled; `flush` writes what waits then."""
        while True:
            await self._some.wait()
            await asyncio.sleep(PAUSE_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Writes all that waits. In an outage they stay unmarked, and are taken over later."""
        event_ids = list(self._waiting)
        self._some.clear()
        try:
            await mark_processed(event_ids)
        except PyMongoError as error:
            log_failure(logger, error, "%d events can't be marked as processed", len(event_ids))
        # Only now: who is cancelled meanwhile leaves them to the next flush.
        del self._waiting[: len(event_ids)]
        self._on_done(event_ids)
