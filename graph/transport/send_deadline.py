"""HTTP answers that nobody reads: given to the network piece by piece, each within a deadline."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph.fanout import transports

# What a slow reader must take within the deadline.
PIECE_BYTES = 256 * 1024
# A slow reader first empties the buffers of the kernel, which report room only when a third of
# them, up to 1.4 MB, is free. An event of a socket is small.
PIECE_DEADLINES = 3
# More than our response headers have.
HEAD_BYTES = 8 * 1024
_EVENT_STREAM = b"text/event-stream"


class PeerTooSlow(Exception):
    """The peer did not read in time; its connection was ended."""


class SendDeadline:
    """ASGI middleware that ends connections whose peers do not read. Event streams do it alone."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        """`seconds` is the deadline of one write to a socket."""
        self._app = app
        self._seconds = PIECE_DEADLINES * seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, _BoundedSend(send, seconds=self._seconds))
        except PeerTooSlow:
            return


class _BoundedSend:
    """The `send` of one answer. It must be made in the task that serves the request."""

    def __init__(self, send: Send, *, seconds: float) -> None:
        self._send = send
        self._seconds = seconds
        self._transport = transports.find_transport()
        self._is_event_stream = False
        self._room = _find_room(self._transport)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            content_type = dict(message.get("headers", ())).get(b"content-type", b"")
            self._is_event_stream = content_type.startswith(_EVENT_STREAM)
        body = message.get("body", b"")
        self._room -= len(body)
        if self._is_event_stream or self._room > 0:
            await self._send(message)
        elif len(body) <= PIECE_BYTES:
            await self._send_in_time(message)
        else:
            await self._send_pieces(message, body)

    async def _send_pieces(self, message: Message, body: bytes) -> None:
        view = memoryview(body)
        for start in range(0, len(body), PIECE_BYTES):
            goes_on = start + PIECE_BYTES < len(body) or message.get("more_body", False)
            piece = bytes(view[start : start + PIECE_BYTES])
            await self._send_in_time({**message, "body": piece, "more_body": goes_on})

    async def _send_in_time(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._seconds) as deadline:
                await self._send(message)
        except TimeoutError:
            if not deadline.expired():
                raise
            transports.cut_off(self._transport, "an answer that is not read")
            raise PeerTooSlow from None


def _find_room(transport: asyncio.WriteTransport | None) -> int:
    """Returns how many bytes may be written before a write waits for the peer; 0 if unknown."""
    if transport is None:
        return 0
    low, high = transport.get_write_buffer_limits()
    return high - HEAD_BYTES if transport.get_write_buffer_size() <= low else 0
