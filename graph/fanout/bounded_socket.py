"""The bounded sending side of a WebSocket.

A message is written at once if the network accepts it. Otherwise it is queued, and a writer task
sends the queue. A peer that falls too far behind, or takes too long, is closed with 4508 and its
connection aborted.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import NonTextMessageReceived

from graph.fanout import connection
from graph.fanout.connection import Connection
from graph.fanout.payloads import Payload, make_frame
from telemetry.metrics.live import SLOW_PEERS, SOCKETS

if TYPE_CHECKING:
    from strawberry.http.async_base_view import AsyncBaseHTTPView

    from graph.core.context import Services

GONE = (1006, "")
TOO_SLOW = (4508, "Too slow: resume from cursor")
# Size up to which the writer joins messages.
WRITE_BYTES = 64 * 1024
# Maximum length of a close reason in the WebSocket protocol.
MAX_REASON_BYTES = 123


class LazyEvent:
    """Works as `asyncio.Event`, but creates one, 0.8 kB, only for a waiter."""

    __slots__ = ("_event", "_is_set")

    def __init__(self, *, is_set: bool = False) -> None:
        self._event: asyncio.Event | None = None
        self._is_set = is_set

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        if self._event is not None:
            self._event.set()

    def clear(self) -> None:
        self._is_set = False
        if self._event is not None:
            self._event.clear()

    async def wait(self) -> None:
        if self._is_set:
            return
        if self._event is None:
            self._event = asyncio.Event()
        await self._event.wait()


class BoundedSocket(ASGIWebSocketAdapter):
    """A WebSocket, as Strawberry uses it. `opened` must surround its use."""

    def __init__(
        self,
        view: "AsyncBaseHTTPView[Any, Any, Any, Any, Any, Any, Any]",
        request: WebSocket,
        response: WebSocket,
    ) -> None:
        super().__init__(view, request, response)
        services: Services = request.state.services
        self._timeouts = services.timeouts
        self._max_events = services.capacity.socket_queue_events
        self._max_bytes = services.capacity.socket_queue_bytes
        self._queue: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._drained = LazyEvent(is_set=True)
        self._closing: tuple[int, str] | None = None
        self._closed = LazyEvent()
        self._reading = asyncio.timeout(None)
        self._sending: asyncio.Timeout | None = None
        self._is_open = False
        self._writer: asyncio.Task[None] | None = None
        self._connection = connection.find_connection(request.scope)

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Exits when either side closes the socket, and stops the writer."""
        self._is_open = True
        SOCKETS["websocket"].inc()
        try:
            async with self._reading:
                yield
        except TimeoutError:
            if not self._closed.is_set():
                raise
        finally:
            SOCKETS["websocket"].dec()
            if self._closing is None:
                # The peer has closed: nothing more is sent.
                self._closing = GONE
                if self._writer is not None:
                    self._writer.cancel()
            if self._writer is not None:
                await asyncio.wait([self._writer])
            self._closed.set()
            # uvicorn keeps a connection and its buffers until the peer has read everything and
            # answered the close frame.
            asyncio.get_running_loop().call_later(self._timeouts.close_answer_seconds, self._abort)

    async def iter_texts(self) -> AsyncGenerator[str, None]:
        """Yields the peer's messages until either side closes.

        Raises:
            NonTextMessageReceived
        """
        while self._closing is None:
            message = await self.ws.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                raise NonTextMessageReceived
            yield text

    async def send_json(self, message: Mapping[str, object]) -> None:
        encoded = self.view.encode_json(message)
        self.send_encoded(encoded if isinstance(encoded, bytes) else encoded.encode())

    def send_encoded(self, message: bytes) -> None:
        """Sends or queues a message without waiting; closes the socket if the queue is full."""
        if self._closing is not None:
            return
        idle = self._find_idle_connection()
        if idle is not None:
            idle.write(make_frame(message))
            return
        # A single message may exceed the limit: a large result for a peer that reads.
        is_full = len(self._queue) >= self._max_events or (
            bool(self._queue) and self._waiting_bytes + len(message) > self._max_bytes
        )
        if is_full:
            self.close_soon(*TOO_SLOW)
        else:
            self._enqueue(message)

    def send_payloads(self, prefix: bytes, payloads: Sequence[Payload]) -> bool:
        """Sends or queues a `next` message for each payload.

        Returns False, sending none, if the queue is above the high-water mark.
        """
        if self._closing is not None:
            return True
        idle = self._find_idle_connection()
        if idle is not None:
            if len(payloads) == 1:
                idle.write(payloads[0].make_frame(prefix))
            else:
                idle.write(b"".join([payload.make_frame(prefix) for payload in payloads]))
            return True
        if self._above_high_water_mark():
            return False
        for payload in payloads:
            self._enqueue(payload.make_message(prefix))
        return True

    def _find_idle_connection(self) -> Connection | None:
        """Returns the connection if nothing is queued and the network accepts more."""
        candidate = self._connection
        is_idle = self._writer is None and candidate is not None and candidate.is_ready()
        return candidate if is_idle else None

    def _enqueue(self, message: bytes) -> None:
        self._queue.append(message)
        self._waiting_bytes += len(message)
        if self._above_high_water_mark():
            self._drained.clear()
        self._start_writer()

    def _start_writer(self) -> None:
        if self._writer is None and self._is_open:
            self._writer = asyncio.create_task(self._write(), name="socket-writer")

    async def wait_for_room(self) -> None:
        """Waits until the queue is below the high-water mark, so that replays follow the peer."""
        await asyncio.sleep(0)
        await self._drained.wait()

    def close_soon(self, code: int, reason: str) -> None:
        """Starts to close. Drops the queue: the peer may have lost access to its messages."""
        if self._closing is not None:
            return
        if code == TOO_SLOW[0]:
            SLOW_PEERS.inc()
        self._closing = (code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))
        self._queue.clear()
        self._waiting_bytes = 0
        self._drained.set()
        if self._sending is not None:
            self._sending.reschedule(asyncio.get_running_loop().time())
        self._start_writer()

    async def close(self, code: int, reason: str) -> None:
        self.close_soon(code, reason)
        if self._is_open:
            await self._closed.wait()
        else:
            await self._send_close(code, reason)

    def _above_high_water_mark(self) -> bool:
        return (
            len(self._queue) > self._max_events // 4 or self._waiting_bytes > self._max_bytes // 4
        )

    async def _write(self) -> None:
        """Sends the queue, then the close frame if the socket is closing."""
        try:
            while self._queue and self._closing is None:
                await self._send_waiting()
            if self._closing is not None:
                await self._send_close(*self._closing)
        finally:
            # No await since the last check of the queue.
            self._writer = None
            if self._closing is not None:
                self._finish()

    async def _send_waiting(self) -> None:
        try:
            await self._send_in_time()
        except TimeoutError:
            # The deadline has passed, or `close_soon` moved it forward.
            self.close_soon(*TOO_SLOW)
        if self._connection is not None and self._closing is None:
            self._write_waiting(self._connection)
        if not self._above_high_water_mark():
            self._drained.set()

    async def _send_in_time(self) -> None:
        try:
            async with asyncio.timeout(self._timeouts.socket_send_seconds) as self._sending:
                if self._connection is None:
                    await self._send_first()
                else:
                    await self._connection.wait_until_writable()
        finally:
            # A deadline that has passed can't be rescheduled.
            self._sending = None

    async def _send_first(self) -> None:
        message = self._queue.popleft()
        await self._send({"type": "websocket.send", "text": message.decode()})
        self._waiting_bytes = max(0, self._waiting_bytes - len(message))

    def _write_waiting(self, writable: Connection) -> None:
        """Writes up to `WRITE_BYTES` of the queue at once."""
        if not writable.is_open():
            self.close_soon(*GONE)
            return
        frames, size = [], 0
        while self._queue and size < WRITE_BYTES:
            message = self._queue.popleft()
            frames.append(make_frame(message))
            size += len(message)
        self._waiting_bytes -= size
        writable.write(b"".join(frames))

    async def _send_close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(self._timeouts.close_send_seconds):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            self._abort()

    async def _send(self, message: dict[str, object]) -> None:
        try:
            await self.ws.send(message)
        except (WebSocketDisconnect, RuntimeError):
            # The peer has disconnected; uvicorn raises RuntimeError if the server has closed.
            self.close_soon(*GONE)

    def _finish(self) -> None:
        self._closed.set()
        self._drained.set()
        if not self._reading.expired() and self._closing is not None:
            with contextlib.suppress(RuntimeError):  # `opened` has been exited
                self._reading.reschedule(asyncio.get_running_loop().time())

    def _abort(self) -> None:
        code, _ = self._closing or GONE
        connection.abort(self._connection, code)
