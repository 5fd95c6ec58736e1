"""Liveness of a socket's peer: pings notice a lost connection before TCP does."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from time import monotonic


class PeerLiveness:
    """Sends pings while a subscription depends on the answers."""

    def __init__(
        self, ping: Callable[[], Awaitable[None]], *, ping_seconds: float, silence_seconds: float
    ) -> None:
        self._ping: Callable[[], Awaitable[None]] | None = ping
        self._ping_seconds = ping_seconds
        self._silence_seconds = silence_seconds
        self._heard_at = monotonic()
        self._watchers = 0
        self._task: asyncio.Task[None] | None = None

    def record_message(self) -> None:
        """Notes that the peer has sent something."""
        self._heard_at = monotonic()

    def is_alive(self) -> bool:
        """Returns False if the peer has not answered the last pings."""
        return monotonic() - self._heard_at < self._silence_seconds

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Keeps `is_alive` true to the facts inside the block."""
        self._watchers += 1
        if self._task is None:
            self.record_message()
            self._task = asyncio.create_task(self._keep_pinging(), name="ping peer")
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._task.cancel()
                self._task = None

    def close(self) -> None:
        """Frees the socket, to which the ping refers; without it, they would refer in a circle."""
        self._ping = None

    async def _keep_pinging(self) -> None:
        while self._ping is not None:
            await self._ping()
            await asyncio.sleep(self._ping_seconds)
