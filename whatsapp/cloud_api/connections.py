"""The connections of the HTTP client: a transport whose cost does not grow with their number.

httpcore's pool examines all its connections twice per request, the idle ones with a system call.
Here each pool of httpcore has one connection, and a request takes an idle one from a stack
(decision 58). Errors, deadlines and detection of closed connections are httpcore's.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import cast

import httpx

# Of httpx, which closes connections that were idle for longer.
IDLE_SECONDS = 5.0

_Origin = tuple[bytes, bytes, int | None]


@dataclass(eq=False)
class _Connection:
    pool: httpx.AsyncHTTPTransport
    """A pool of at most one connection, used by one request at a time."""
    idle_since: float = 0.0


class ConnectionTransport(httpx.AsyncBaseTransport):
    """An HTTP/1.1 transport with at most `max_connections` connections, idle ones included.

    Ignores the environment's proxies and certificates.

    Raises:
        httpx.PoolTimeout: no connection was free within the `pool` timeout; nothing was written.
        httpx.TransportError: see `httpx.AsyncHTTPTransport`.
    """

    def __init__(self, *, max_connections: int, idle_seconds: float = IDLE_SECONDS) -> None:
        self._max_connections = max_connections
        self._idle_seconds = idle_seconds
        self._ssl_context = httpx.create_ssl_context(trust_env=False)
        self._slots = asyncio.Semaphore(max_connections)
        self._busy: set[_Connection] = set()
        # Per origin, the longest idle first.
        self._idle: defaultdict[_Origin, deque[_Connection]] = defaultdict(deque)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._wait_for_slot(request)
        origin = (request.url.raw_scheme, request.url.raw_host, request.url.port)
        connection = self._take_connection(origin)
        release = partial(self._release, connection, origin)
        try:
            response = await connection.pool.handle_async_request(request)
        except BaseException:
            await release(is_reusable=False)
            raise
        response.stream = _ResponseBody(cast(httpx.AsyncByteStream, response.stream), release)
        return response

    async def aclose(self) -> None:
        """Closes all connections; requests under way fail."""
        connections = [*self._busy, *chain.from_iterable(self._idle.values())]
        self._busy.clear()
        self._idle.clear()
        for connection in connections:
            await connection.pool.aclose()

    async def _wait_for_slot(self, request: httpx.Request) -> None:
        seconds = request.extensions.get("timeout", {}).get("pool")
        try:
            async with asyncio.timeout(seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("no free connection", request=request) from None

    def _take_connection(self, origin: _Origin) -> _Connection:
        """Returns the idle connection used last, so that surplus ones expire."""
        if self._idle[origin]:
            connection = self._idle[origin].pop()
        elif len(self._busy) + sum(map(len, self._idle.values())) >= self._max_connections:
            # httpcore closes its idle connection to the other origin.
            connection = self._pop_longest_idle()
        else:
            connection = _Connection(self._create_pool())
        self._busy.add(connection)
        return connection

    def _pop_longest_idle(self) -> _Connection:
        connections = min(filter(None, self._idle.values()), key=lambda idle: idle[0].idle_since)
        return connections.popleft()

    def _create_pool(self) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(
            max_connections=1, max_keepalive_connections=1, keepalive_expiry=self._idle_seconds
        )
        return httpx.AsyncHTTPTransport(verify=self._ssl_context, trust_env=False, limits=limits)

    async def _release(
        self, connection: _Connection, origin: _Origin, *, is_reusable: bool
    ) -> None:
        self._slots.release()
        connection.idle_since = time.monotonic()
        # Otherwise the transport has closed it.
        if connection in self._busy:
            self._busy.remove(connection)
            if is_reusable:
                self._idle[origin].append(connection)
            else:
                await connection.pool.aclose()
        while expired := self._pop_expired():
            await expired.pool.aclose()

    def _pop_expired(self) -> _Connection | None:
        idle_since = time.monotonic() - self._idle_seconds
        for connections in self._idle.values():
            if connections and connections[0].idle_since < idle_since:
                return connections.popleft()
        return None


class _ResponseBody(httpx.AsyncByteStream):
    """Releases the connection when the body is closed; a partly read body closes it."""

    def __init__(
        self, stream: httpx.AsyncByteStream, release: Callable[..., Awaitable[None]]
    ) -> None:
        self._stream = stream
        self._release = release
        self._is_complete = False
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk
        self._is_complete = True

    async def aclose(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        is_reusable = False
        try:
            await self._stream.aclose()
            is_reusable = self._is_complete
        finally:
            await self._release(is_reusable=is_reusable)
