"""What processing reads of a webhook, read while its body is still being stored.

Where little comes in, nobody waits for processing but the subscribers: here it gains the time that
MongoDB takes to make the body durable. Where much comes in, bodies are read together instead.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from webhooks.apply.processing import Prepared
from webhooks.store.events import StoredEvent

logger = logging.getLogger(__name__)


class Preparations:
    """One per process. `prepare` writes nothing where an event's items are known."""

    def __init__(
        self,
        prepare: Callable[[Sequence[StoredEvent]], Awaitable[Prepared]],
        *,
        fresh_seconds: float,
    ) -> None:
        self._prepare = prepare
        self._fresh_seconds = fresh_seconds
        self._under_way: dict[str, asyncio.Task[Prepared | None]] = {}

    def begin(self, event: StoredEvent) -> None:
        """Reads for an event that may yet turn out to be no new one."""
        if event.items is None or event.id in self._under_way:
            return
        task = asyncio.create_task(self._read(event), name="webhook preparation")
        self._under_way[event.id] = task
        asyncio.get_running_loop().call_later(self._fresh_seconds, self._forget, event.id, task)

    async def take(self, events: Sequence[StoredEvent]) -> Prepared:
        """What was read for an event that is alone, once; else it is read now.

        Raises:
            PyMongoError: MongoDB is away.
        """
        found = [self._under_way.pop(event.id, None) for event in events]
        task = found[0] if len(found) == 1 else None
        return (await task if task else None) or await self._prepare(events)

    def end(self) -> None:
        """Gives up what is under way."""
        for task in self._under_way.values():
            task.cancel()
        self._under_way.clear()

    async def _read(self, event: StoredEvent) -> Prepared | None:
        await asyncio.sleep(0)  # the write goes first: somebody waits for its acknowledgement
        try:
            return await self._prepare([event])
        except Exception as error:  # noqa: BLE001 - whoever reads anew meets it, if it is still so
            logger.debug("Event %s is not prepared: %s", event.id, type(error).__name__)
            return None

    def _forget(self, event_id: str, task: asyncio.Task[Prepared | None]) -> None:
        if self._under_way.get(event_id) is task:
            self._under_way.pop(event_id).cancel()
