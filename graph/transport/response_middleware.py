"""Middleware around responses: request id, security headers, deadline for peers that don't read."""

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph.fanout.connection import Connection, abort, find_connection
from telemetry.request_ids import REQUEST_ID

HSTS_SECONDS = 365 * 24 * 3600
_ALL_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # The URLs of files contain their signature.
    "Referrer-Policy": "no-referrer",
}
_PAGE_HEADERS = {"X-Frame-Options": "DENY", "Content-Security-Policy": "frame-ancestors 'none'"}


class SecurityHeaders:
    """ASGI middleware; keeps headers that a response already has."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self.app = app
        self._headers = dict(_ALL_HEADERS)
        if is_https:
            self._headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            # The second type is the response to a refused WebSocket.
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                self._add(MutableHeaders(scope=message), scope[REQUEST_ID])
            elif message["type"] == "websocket.accept":
                message.setdefault("headers", [])
                MutableHeaders(scope=message)["X-Request-Id"] = scope[REQUEST_ID]
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, request_id: str) -> None:
        headers["X-Request-Id"] = request_id
        added = dict(self._headers)
        if headers.get("content-type", "").startswith("text/html"):
            added |= _PAGE_HEADERS
        for name, value in added.items():
            headers.setdefault(name, value)


# Size that a slow reader must read within the deadline.
PIECE_BYTES = 256 * 1024
# A slow reader first empties the kernel's buffers, up to 1.4 MB, and the kernel reports room only
# when a third of them is free. A socket's events are smaller.
PIECE_DEADLINES = 3
# Upper bound for the size of our response headers.
HEAD_BYTES = 8 * 1024
_EVENT_STREAM = b"text/event-stream"


class PeerTooSlow(Exception):
    """The peer did not read in time; its connection was aborted."""


class SendDeadline:
    """ASGI middleware that aborts connections whose peers don't read; event streams do it alone."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        """`seconds` is the deadline for one write to a socket."""
        self._app = app
        self._seconds = PIECE_DEADLINES * seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bounded = _BoundedSend(send, connection=find_connection(scope), seconds=self._seconds)
        try:
            await self._app(scope, receive, bounded)
        except PeerTooSlow:
            return


class _BoundedSend:
    """The `send` of one response."""

    def __init__(self, send: Send, *, connection: Connection | None, seconds: float) -> None:
        self._send = send
        self._seconds = seconds
        self._connection = connection
        self._is_event_stream = False
        self._room = _find_room(connection)

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
            abort(self._connection, "HTTP response")
            raise PeerTooSlow from None


def _find_room(connection: Connection | None) -> int:
    """Returns the number of bytes that may be written before a write has to wait; 0 if unknown."""
    if connection is None:
        return 0
    transport = connection.transport
    low, high = transport.get_write_buffer_limits()
    return high - HEAD_BYTES if transport.get_write_buffer_size() <= low else 0
