"""Group commit: webhooks that arrive at the same time are made durable by a single write.

A webhook that arrives during a write joins the next group; otherwise it is written at once. Under
load, webhooks share the cost of majority and journal.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

import pymongo
from pymongo.errors import PyMongoError

from models.database.coalescing import Call, Coalescer
from webhooks.store.events import StoredEvent, insert_events
from whatsapp.logs import describe_bug

logger = logging.getLogger(__name__)

MAX_EVENTS = 256
# A body has up to 4 MB, so a body alone may exceed the size of a group.
MAX_BYTES = 2 * 1024 * 1024
WRITE_SECONDS = 3.0

Outcome = bool | PyMongoError
"""True if the event was stored now, False if earlier, or the error that leaves this unknown."""


class GroupCommit(Coalescer[StoredEvent, Outcome]):
    """Stores events in groups, a write at a time; `on_stored` gets each new event."""

    def __init__(self, *, lease: timedelta, on_stored: Callable[[StoredEvent], None]) -> None:
        super().__init__("webhook group commit")
        self._lease = lease
        self._on_stored = on_stored

    async def store(self, event: StoredEvent) -> None:
        """Returns when the event is durable.

        Raises:
            PyMongoError: the event may or may not be stored.
        """
        outcome = await self.submit(event)
        if isinstance(outcome, PyMongoError):
            raise outcome

    def _weigh(self, item: StoredEvent) -> float:
        return max(1 / MAX_EVENTS, len(item.body) / MAX_BYTES)

    async def _process(self, calls: Sequence[Call[StoredEvent, Outcome]]) -> None:
        events = {call.item.id: call.item for call in calls}
        outcomes = dict(zip(events, await self._write(list(events.values())), strict=True))
        for call in calls:
            if not call.result.done():
                call.result.set_result(outcomes[call.item.id])
        # Events of callers that have disconnected are processed too.
        for event_id, outcome in outcomes.items():
            if outcome is True:
                self._on_stored(events[event_id])

    async def _write(self, events: Sequence[StoredEvent]) -> Sequence[Outcome]:
        try:
            with pymongo.timeout(WRITE_SECONDS):
                return await insert_events(events, lease=self._lease)
        except PyMongoError as error:
            return [error] * len(events)
        except Exception as error:  # noqa: BLE001 - the callers answer 503, so that Meta retries
            logger.error("A group of webhooks could not be stored: %s", describe_bug(error))
            return [PyMongoError(type(error).__name__)] * len(events)
