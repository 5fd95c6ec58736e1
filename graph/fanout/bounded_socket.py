"""The sending side of a WebSocket: bounded, so that a peer that does not read harms nobody.

What the network takes at once is written at once. Otherwise it waits in a queue that a writer task
feeds to the network, as long as there is something in it. A peer that falls too far behind, or
takes too long, is closed with 4508 and cut off.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived

from graph.fanout import transports
from graph.fanout.frames import make_frame
from graph.fanout.lazy_event import LazyEvent
from graph.fanout.payloads import Payload

if TYPE_CHECKING:
    from strawberry.http.async_base_view import AsyncBaseHTTPView

    from whatsapp.settings import Settings

GONE = (1006, "")
TOO_SLOW = (4508, "Too slow: resume from cursor")
# How long a peer may take to accept the close frame.
CLOSE_SEND_SECONDS = 1.0
# What the writer joins into one write.
WRITE_BYTES = 64 * 1024
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
        self._drained = LazyEvent(is_set=True)
        self._closing: tuple[int, str] | None = None
        self._closed = LazyEvent()
        self._reading = asyncio.timeout(None)
        self._sending: asyncio.Timeout | None = None
        self._is_open = False
        self._writer: asyncio.Task[None] | None = None
        self._transport = transports.find_transport()
        self._direct = transports.DirectFrames.find()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Leaves as soon as the socket is closed by either side, and ends what still waits."""
        self._is_open = True
        try:
            async with self._reading:
                yield
        except TimeoutError:
            if not self._closed.is_set():
                raise
        finally:
            if self._closing is None:
                # The peer has gone: nothing is sent any more.
                self._closing = GONE
                if self._writer is not None:
                    self._writer.cancel()
            if self._writer is not None:
                await asyncio.wait([self._writer])
            self._closed.set()
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
        """Sends one message and never waits; without room for it the socket is closed."""
        if self._closing is not None:
            return
        direct = self._find_direct()
        if direct is not None:
            direct.write(make_frame(message))
            return
        # A single message may be larger than the bound: a big result to a peer that reads.
        is_full = len(self._queue) >= self._max_events or (
            bool(self._queue) and self._waiting_bytes + len(message) > self._max_bytes
        )
        if is_full:
            self.close_soon(*TOO_SLOW)
        else:
            self._enqueue(message)

    def send_payloads(self, prefix: bytes, payloads: Sequence[Payload]) -> bool:
        """Sends a `next` message for each; or none and gives False, where too much waits."""
        if self._closing is not None:
            return True
        direct = self._find_direct()
        if direct is not None:
            if len(payloads) == 1:
                direct.write(payloads[0].frame(prefix))
            else:
                direct.write(b"".join([payload.frame(prefix) for payload in payloads]))
            return True
        if self._is_pressed():
            return False
        for payload in payloads:
            self._enqueue(payload.message(prefix))
        return True

    def _find_direct(self) -> transports.DirectFrames | None:
        """The way past the queue, where nothing waits in it and the network takes more."""
        direct = self._direct
        return direct if self._writer is None and direct is not None and direct.is_ready() else None

    def _enqueue(self, message: bytes) -> None:
        self._queue.append(message)
        self._waiting_bytes += len(message)
        if self._is_pressed():
            self._drained.clear()
        self._start_writer()

    def _start_writer(self) -> None:
        if self._writer is None and self._is_open:
            self._writer = asyncio.create_task(self._write(), name="socket-writer")

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
        if self._sending is not None:
            self._sending.reschedule(asyncio.get_running_loop().time())
        self._start_writer()

    async def close(self, code: int, reason: str) -> None:
        self.close_soon(code, reason)
        if self._is_open:
            await self._closed.wait()
        else:
            await self._send_close(code, reason)

    def _is_pressed(self) -> bool:
        return (
            len(self._queue) > self._max_events // 4 or self._waiting_bytes > self._max_bytes // 4
        )

    async def _write(self) -> None:
        """Sends what waits; then closes the socket, if that is wanted."""
        try:
            while self._queue and self._closing is None:
                await self._send_waiting()
            if self._closing is not None:
                await self._send_close(*self._closing)
        finally:
            # Nothing pauses between the last look and this.
            self._writer = None
            if self._closing is not None:
                self._finish()

    async def _send_waiting(self) -> None:
        try:
            await self._send_in_time()
        except TimeoutError:
            # Either it took too long, or `close_soon` put an end to it.
            self.close_soon(*TOO_SLOW)
        if self._direct is not None and self._closing is None:
            self._write_waiting(self._direct)
        if not self._is_pressed():
            self._drained.set()

    async def _send_in_time(self) -> None:
        try:
            async with asyncio.timeout(self._send_seconds) as self._sending:
                if self._direct is None:
                    await self._send_first()
                else:
                    await self._direct.wait_until_writable()
        finally:
            # One that has passed can't be put forward any more.
            self._sending = None

    async def _send_first(self) -> None:
        message = self._queue.popleft()
        await self._send({"type": "websocket.send", "text": message.decode()})
        self._waiting_bytes = max(0, self._waiting_bytes - len(message))

    def _write_waiting(self, direct: transports.DirectFrames) -> None:
        """Writes as much at once as there is room for in the buffers below."""
        if not direct.is_open():
            self.close_soon(*GONE)
            return
        frames, size = [], 0
        while self._queue and size < WRITE_BYTES:
            message = self._queue.popleft()
            frames.append(make_frame(message))
            size += len(message)
        self._waiting_bytes -= size
        direct.write(b"".join(frames))

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
