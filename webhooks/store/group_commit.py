"""Group commit: webhooks that come at the same time are made durable by one write.

Whoever comes while a write is under way joins the next one, so that nobody waits where nothing is
being written, and the cost of majority and journal is shared where much is. Each learns its own
outcome, and nobody's deadline or cancellation is anybody else's.
"""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pymongo
from pymongo.errors import PyMongoError

from webhooks.store.events import StoredEvent, insert_events

logger = logging.getLogger(__name__)

MAX_EVENTS = 256
# A body has at most 4 MB: one alone may be more than what is written together.
MAX_BYTES = 2 * 1024 * 1024
WRITE_SECONDS = 3.0

Outcome = bool | PyMongoError
"""Stored now, stored before, or why nobody knows."""


class GroupCommit:
    """Stores events in groups, one write at a time; `on_stored` gets each that is new."""

    def __init__(self, *, lease: timedelta, on_stored: Callable[[StoredEvent], None]) -> None:
        self._lease = lease
        self._on_stored = on_stored
        self._waiting: dict[str, StoredEvent] = {}
        self._outcomes: dict[str, asyncio.Future[Outcome]] = {}
        self._writer: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether the next event is written at once, and alone."""
        return self._writer is None

    async def store(self, event: StoredEvent) -> bool:
        """Returns when the event is durable; False if it was so before.

        Raises:
            PyMongoError: it may or may not be stored.
        """
        is_repetition = event.id in self._waiting
        if not is_repetition:
            self._waiting[event.id] = event
            self._outcomes[event.id] = asyncio.get_running_loop().create_future()
        future = self._outcomes[event.id]
        if self._writer is None:
            # With a context of its own: in that of a request it would have the request's deadline.
            self._writer = asyncio.create_task(
                self._write_all(), name="webhook commits", context=contextvars.Context()
            )
        # Whoever gives up takes only themselves away.
        outcome = await asyncio.shield(future)
        if isinstance(outcome, PyMongoError):
            raise outcome
        return outcome and not is_repetition

    async def finish(self) -> None:
        """Waits until nothing is being written; each write ends within WRITE_SECONDS."""
        while self._writer is not None:
            await asyncio.wait([self._writer])

    async def _write_all(self) -> None:
        outcomes: dict[str, asyncio.Future[Outcome]] = {}
        try:
            while self._waiting:
                group = list(self._take_group())
                outcomes = {event.id: self._outcomes.pop(event.id) for event in group}
                self._settle(group, outcomes, await self._write(group))
        finally:
            self._writer = None
            # Where the process ends in the middle: nobody is left waiting.
            for future in (*outcomes.values(), *self._outcomes.values()):
                if not future.done():
                    future.set_result(PyMongoError("the write was given up"))
            self._waiting, self._outcomes = {}, {}

    def _take_group(self) -> Iterator[StoredEvent]:
        size = 0
        for count, event in enumerate(list(self._waiting.values())):
            size += len(event.body)
            if count and (count >= MAX_EVENTS or size > MAX_BYTES):
                return
            yield self._waiting.pop(event.id)

    async def _write(self, group: Sequence[StoredEvent]) -> Sequence[Outcome]:
        try:
            with pymongo.timeout(WRITE_SECONDS):
                return await insert_events(group, lease=self._lease)
        except PyMongoError as error:
            return [error] * len(group)
        except Exception as error:
            # The edge of a task: a bug must neither end it nor leave anybody waiting.
            logger.exception("A group of webhooks was not stored")
            return [PyMongoError(type(error).__name__)] * len(group)

    def _settle(
        self,
        group: Sequence[StoredEvent],
        futures: dict[str, asyncio.Future[Outcome]],
        outcomes: Sequence[Outcome],
    ) -> None:
        for event, outcome in zip(group, outcomes, strict=True):
            futures[event.id].set_result(outcome)
        # Also for those whose senders have gone away meanwhile.
        for event, outcome in zip(group, outcomes, strict=True):
            if outcome is True:
                self._on_stored(event)
