"""Liveness of a peer: pings notice a lost connection before TCP ends it."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from time import monotonic

# `tcpi_last_ack_recv` of Linux: milliseconds since the peer's last acknowledgement.
_LAST_ACK = struct.Struct("=56xI")


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


class StreamLiveness(PeerLiveness):
    """Liveness of an event stream's peer. It sends nothing, but its TCP acknowledges the pings.

    A proxy also acknowledges them while it keeps the connection.
    """

    def __init__(
        self,
        ping: Callable[[], Awaitable[None]],
        transport: asyncio.BaseTransport | None,
        *,
        ping_seconds: float,
        silence_seconds: float,
    ) -> None:
        super().__init__(ping, ping_seconds=ping_seconds, silence_seconds=silence_seconds)
        self._transport = transport

    def is_alive(self) -> bool:
        """Returns False if TCP has not acknowledged the last pings; True if that is unknown."""
        silence = None if self._transport is None else _read_silence(self._transport)
        return silence is None or silence < self._silence_seconds

    def close(self) -> None:
        super().close()
        self._transport = None


def _read_silence(transport: asyncio.BaseTransport) -> float | None:
    """Returns the seconds since the last acknowledgement; None except for TCP on Linux."""
    connection = transport.get_extra_info("socket")
    if connection is None or not hasattr(socket, "TCP_INFO"):
        return None
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_ACK.size)
        (milliseconds,) = _LAST_ACK.unpack(info)
    except (OSError, struct.error):
        return None
    return float(milliseconds) / 1000
