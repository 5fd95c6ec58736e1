"""The present position of the change stream, read once for concurrent callers."""

from collections.abc import Awaitable, Callable, Sequence

from graph.events.cursors import Position
from models.database.coalescing import Call, Coalescer


class PresentPosition(Coalescer[None, Position]):
    """Shares reads of the present position; each caller gets one that began after its call."""

    def __init__(self, read: Callable[[], Awaitable[Position]]) -> None:
        super().__init__("present-position")
        self.newest_known: Position | None = None
        """The newest position that was read, or None before the first read."""
        self._read = read

    async def read(self) -> Position:
        """Returns a position after everything that is committed now.

        Raises:
            PyMongoError: MongoDB is unavailable.
        """
        return await self.submit(None)

    def _weigh(self, item: None) -> float:  # noqa: ARG002 - one read serves any number of calls
        return 0

    async def _process(self, calls: Sequence[Call[None, Position]]) -> None:
        position = await self._read()
        self.newest_known = max(filter(None, [self.newest_known, position]))
        for call in calls:
            if not call.result.done():
                call.result.set_result(position)
