"""The sending side of a WebSocket: bounded, so that a peer that does not read harms nobody.

Whoever sends only puts text into a queue; one writer task per socket feeds the network. A peer that
falls too far behind, or takes too long for one message, is closed with 4508 and cut off.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived

from graph.live import transports

if TYPE_CHECKING:
    from strawberry.http.async_base_view import AsyncBaseHTTPView

    from whatsapp.settings import Settings

GONE = (1006, "")
TOO_SLOW = (4508, "Too slow: resume from cursor")
# How long a peer may take to accept the close frame.
CLOSE_SEND_SECONDS = 1.0
# WebSocket allows this many bytes of close reason.
MAX_REASON_BYTES = 123


class BoundedSocket(ASGIWebSocketAdapter):
    """Strawberry's view of one WebSocket. `opened` must surround its use."""

    def __init__(
        self,
        view: "AsyncBaseHTTPView[Any, Any, Any, Any, Any, Any, Any]",
        request: WebSocket,
        response: WebSocket,
    ) -> None:
        super().__init__(view, request, response)
        settings: Settings = request.state.services.settings
        self._max_events = settings.socket_queue_events
        self._max_bytes = settings.socket_queue_bytes
        self._send_seconds = settings.socket_send_seconds
        self._queue: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._closing: tuple[int, str] | None = None
        self._closed = asyncio.Event()
        self._reading = asyncio.timeout(None)
        self._sending: asyncio.Timeout | None = None
        self._has_writer = False
        self._transport = transports.find_transport()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Runs the writer; leaves as soon as the socket is closed by either side."""
        writer = asyncio.create_task(self._write(), name="socket-writer")
        self._has_writer = True
        try:
            async with self._reading:
                yield
        except TimeoutError:
            if not self._closed.is_set():
                raise
        finally:
            if self._closing is None:
                writer.cancel()
            await asyncio.wait([writer])
            # A peer that does not read never takes what is left, nor answers a close frame, and
            # uvicorn would keep the connection and its buffers for ever.
            asyncio.get_running_loop().call_later(transports.CLOSE_ANSWER_SECONDS, self._cut_off)

    async def iter_json(
        self,
        *,
        ignore_parsing_errors: bool = False,  # noqa: ARG002 - Strawberry's signature
    ) -> AsyncGenerator[object, None]:
        """What the peer sends, until it goes or is closed.

        Raises:
            NonTextMessageReceived, NonJsonMessageReceived
        """
        while self._closing is None:
            message = await self.ws.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                raise NonTextMessageReceived
            try:
                yield orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise NonJsonMessageReceived from error

    async def send_json(self, message: Mapping[str, object]) -> None:
        encoded = self.view.encode_json(message)
        self.send_encoded(encoded if isinstance(encoded, bytes) else encoded.encode())

    def send_encoded(self, message: bytes) -> None:
        """Queues one message and never waits; without room for it the socket is closed."""
        if self._closing is not None:
            return
        # A single message may be larger than the bound: a big result to a peer that reads.
        is_full = len(self._queue) >= self._max_events or (
            bool(self._queue) and self._waiting_bytes + len(message) > self._max_bytes
        )
        if is_full:
            self.close_soon(*TOO_SLOW)
            return
        self._queue.append(message)
        self._waiting_bytes += len(message)
        if self._is_pressed():
            self._drained.clear()
        self._wake.set()

    async def wait_for_room(self) -> None:
        """Returns when little waits to be sent: a long replay goes at the speed of its reader."""
        await asyncio.sleep(0)
        await self._drained.wait()

    def close_soon(self, code: int, reason: str) -> None:
        """Closes from anywhere. What still waits is dropped: it may not be the peer's any more."""
        if self._closing is not None:
            return
        self._closing = (code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))
        self._queue.clear()
        self._waiting_bytes = 0
        self._drained.set()
        self._wake.set()
        if self._sending is not None:
            self._sending.reschedule(asyncio.get_running_loop().time())

    async def close(self, code: int, reason: str) -> None:
        self.close_soon(code, reason)
        if self._has_writer:
            await self._closed.wait()
        else:
            await self._send_close(code, reason)

    def _is_pressed(self) -> bool:
        return (
            len(self._queue) > self._max_events // 4 or self._waiting_bytes > self._max_bytes // 4
        )

    async def _write(self) -> None:
        try:
            while self._closing is None:
                await self._wake.wait()
                self._wake.clear()
                await self._send_waiting()
            await self._send_close(*self._closing)
        finally:
            self._finish()

    async def _send_waiting(self) -> None:
        while self._queue and self._closing is None:
            message = self._queue.popleft()
            try:
                async with asyncio.timeout(self._send_seconds) as self._sending:
                    await self._send({"type": "websocket.send", "text": message.decode()})
            except TimeoutError:
                # Either it took too long, or `close_soon` put an end to it.
                self._sending = None
                self.close_soon(*TOO_SLOW)
                return
            self._sending = None
            self._waiting_bytes -= len(message)
            if not self._is_pressed():
                self._drained.set()

    async def _send_close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(CLOSE_SEND_SECONDS):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            self._cut_off()

    async def _send(self, message: dict[str, object]) -> None:
        try:
            await self.ws.send(message)
        except (WebSocketDisconnect, RuntimeError):
            # The peer is gone, or the server has closed: uvicorn raises RuntimeError for that.
            self.close_soon(*GONE)

    def _finish(self) -> None:
        self._closed.set()
        self._drained.set()
        if not self._reading.expired() and self._closing is not None:
            with contextlib.suppress(RuntimeError):  # it has already been left
                self._reading.reschedule(asyncio.get_running_loop().time())

    def _cut_off(self) -> None:
        code, _ = self._closing or GONE
        transports.cut_off(self._transport, code)
