"""The present position, read from the database once for all who ask at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context as ContextVariables

from graph.events.cursors import Position


class PresentPosition:
    """Shares reads of the present: each caller gets one that began after it had asked."""

    def __init__(self, read: Callable[[], Awaitable[Position]]) -> None:
        self.newest_known: Position | None = None
        """Surely reached; None until somebody asked."""
        self._read = read
        self._next: asyncio.Future[Position] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def read(self) -> Position:
        """Everything that is committed now lies before it.

        Raises:
            PyMongoError: MongoDB is away.
        """
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            # Where nobody waits for it any more, nobody must hear of its failure.
            self._next.add_done_callback(lambda future: future.exception())
        future = self._next
        if self._reading is None:
            # In a context of its own: it goes on for others when this caller's deadline has passed.
            self._reading = asyncio.create_task(
                self._read_on(), name="present-position", context=ContextVariables()
            )
        return await asyncio.shield(future)

    async def _read_on(self) -> None:
        try:
            while (future := self._next) is not None:
                self._next = None
                try:
                    future.set_result(self._note(await self._read()))
                except Exception as error:  # noqa: BLE001 - whoever asked hears of it
                    future.set_exception(error)
        finally:
            self._reading = None

    def _note(self, position: Position) -> Position:
        self.newest_known = max(filter(None, [self.newest_known, position]))
        return position
