"""Limits of a connection: the head of a request, the time it may take, and their number.

uvicorn 0.54 limits none of these. This is the one module that knows the insides of its protocol
classes; `tests/system/test_http_protocol.py` fails when another version is installed.
"""

import asyncio
import math
import re
from collections import Counter
from collections.abc import Callable, Collection
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, cast

import uvicorn
from starlette.responses import PlainTextResponse
from uvicorn.middleware.proxy_headers import _TrustedHosts
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request

from graph.core.rate_limit import group_address
from graph.fanout.connection import EXTENSION
from whatsapp.common.timeouts import Timeouts

MAX_HEADER_BYTES = 64 * 1024
MAX_HEADERS = 100
# websockets reads the head of an upgrade once more, and fails at lines of more than 8,192 bytes.
MAX_UPGRADE_LINE_BYTES = 8000
# Requests that a client may send before it has the answer to the first.
MAX_PIPELINED = 16
# Closing a connection with unread bytes would take the answer away from the client.
DRAIN_SECONDS = 1.0
MAX_DRAINED_BYTES = 1024 * 1024
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)(:[0-9]{0,5})?")


class _Phase(Enum):
    CONNECTED = auto()
    HEAD = auto()
    BODY = auto()
    WAITING = auto()
    """The request is complete, and is being answered or has been."""
    ENDING = auto()


class Addresses:
    """Counts the connections of client addresses in one process."""

    def __init__(self, *, limit: int, trusted: list[str] | str) -> None:
        self._limit = limit
        # A proxy has the connections of everybody.
        self._trusted = _TrustedHosts(trusted)
        self._counts: Counter[str] = Counter()

    def admit(self, address: str | None) -> Callable[[], None] | None:
        """Counts a connection and returns what ends it, or None if there are too many already."""
        if not self._limit or address is None or address in self._trusted:
            return _do_nothing
        group = group_address(address)
        if self._counts[group] >= self._limit:
            return None
        self._counts[group] += 1
        return lambda: self._release(group)

    def _release(self, group: str) -> None:
        self._counts[group] -= 1
        if not self._counts[group]:
            del self._counts[group]


def _do_nothing() -> None:
    pass


class BoundedConfig(uvicorn.Config):
    """uvicorn's configuration with this module's protocol classes and their limits."""

    def __init__(
        self, app: Any, *, connections_per_address: int, timeouts: Timeouts, **options: Any
    ) -> None:
        super().__init__(
            app,
            http=BoundedHttp,
            ws=BoundedWebSocket,
            # Deflate costs CPU and memory per socket; `BoundedWebSocket.write` needs plain frames.
            ws_per_message_deflate=False,
            timeout_keep_alive=timeouts.http_idle_seconds,
            **options,
        )
        self.timeouts = timeouts
        self.addresses = Addresses(limit=connections_per_address, trusted=self.forwarded_allow_ips)


class HttpConnection:
    """The `graph.fanout.connection.Connection` of an HTTP connection.

    It has no reference to the request, whose scope it is in: a cycle would delay its release.
    """

    __slots__ = ("_flow", "transport")

    def __init__(self, transport: asyncio.Transport, flow: FlowControl) -> None:
        self.transport = transport
        self._flow = flow

    def is_open(self) -> bool:
        return not self.transport.is_closing()

    def is_ready(self) -> bool:
        return not (self._flow.write_paused or self.transport.is_closing())

    def write(self, data: bytes, /) -> None:
        """Writes a chunk of a response without Content-Length, which uvicorn sends chunked."""
        if data:  # an empty chunk would end the response
            self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    async def wait_until_writable(self) -> None:
        await self._flow.drain()


class BoundedHttp(HttpToolsProtocol):
    """One HTTP connection. `check_deadline` must be called every second."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        bounded = cast(BoundedConfig, config)
        self._timeouts = bounded.timeouts
        self._addresses = bounded.addresses
        self._release: Callable[[], None] = _do_nothing
        self._phase = _Phase.CONNECTED
        self._deadline = self.loop.time() + self._timeouts.http_first_byte_seconds
        self._head_bytes = 0
        self._trailer_bytes = 0
        """Since the last bytes of a body."""
        self._is_pipelined = False
        self._drained_bytes = 0
        self._unread_bytes = 0
        self._unread_since = 0.0
        self._refusal: tuple[int, str] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._connection = HttpConnection(transport, self.flow)
        release = self._addresses.admit(self.client[0] if self.client else None)
        if release is None:
            self._phase = _Phase.ENDING
            transport.abort()
        else:
            self._release = release

    def connection_lost(self, exc: Exception | None) -> None:
        self._release()
        super().connection_lost(exc)
        # uvicorn keeps the timer, which refers to the connection, where one ends by an error.
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        if self._phase is _Phase.ENDING:
            self._drain(len(data))
            return
        if self._phase in (_Phase.WAITING, _Phase.CONNECTED):
            self._begin_head()
        if self._phase is _Phase.HEAD:
            room = MAX_HEADER_BYTES - self._head_bytes
            if len(data) > room:
                self._feed_to_limit(data, room)
                return
            self._head_bytes += len(data)
        elif self._phase is _Phase.BODY:
            # The parser keeps trailers until they are complete, as it does headers.
            self._trailer_bytes += len(data)
        super().data_received(data)
        if self._trailer_bytes > MAX_HEADER_BYTES and self._phase is _Phase.BODY:
            self._end_with(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _feed_to_limit(self, data: bytes, room: int) -> None:
        self._head_bytes += room
        super().data_received(data[:room])
        is_ours = self.transport.get_protocol() is self  # no WebSocket by now
        if not is_ours or self._phase is _Phase.ENDING or self.transport.is_closing():
            return
        if self._phase is _Phase.HEAD and self._head_bytes == MAX_HEADER_BYTES:
            self._end_with(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            self.data_received(data[room:])

    def _begin_head(self, *, is_pipelined: bool = False) -> None:
        self._phase = _Phase.HEAD
        self._head_bytes = 0
        self._is_pipelined = is_pipelined
        self._deadline = self.loop.time() + self._timeouts.http_header_seconds

    def on_message_begin(self) -> None:
        if self._phase is not _Phase.HEAD:  # behind another request in the same bytes
            self._begin_head(is_pipelined=True)
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: self._connection}  # type: ignore[dict-item]  # ours

    def on_headers_complete(self) -> None:
        self._phase = _Phase.BODY
        self._trailer_bytes = 0
        # Routes have shorter deadlines for the bodies that they read.
        times = self._timeouts
        seconds = times.upload_deadline_seconds + times.http_body_margin_seconds
        self._deadline = self.loop.time() + seconds
        self._refusal = self._find_fault()
        if self._refusal is None:
            super().on_headers_complete()
        else:
            status, reason = self._refusal
            headers = {"Connection": "close"}
            app, self.app = self.app, PlainTextResponse(f"{reason}\n", status, headers=headers)
            super().on_headers_complete()
            self.app = app
        if len(self.pipeline) > MAX_PIPELINED:
            # Ends the parsing of these bytes.
            raise ValueError("too many pipelined requests")

    def on_body(self, body: bytes) -> None:
        self._trailer_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._phase = _Phase.WAITING
        self._deadline = math.inf

    def handle_websocket_upgrade(self) -> None:
        """Called after `on_headers_complete`, which has started nothing for an upgrade."""
        refusal = self._refusal or self._find_upgrade_fault()
        if refusal is not None or self._is_answering():
            status, reason = refusal or (HTTPStatus.BAD_REQUEST, "An upgrade must come first")
            self._end_with(status, reason)
            return
        super().handle_websocket_upgrade()
        # It refers to this connection, which ends here without `connection_lost`.
        self.parser = None  # type: ignore[assignment]
        protocol = self.transport.get_protocol()
        if isinstance(protocol, BoundedWebSocket):
            protocol.release, self._release = self._release, _do_nothing

    def send_400_response(self, msg: str) -> None:
        self._end_with(HTTPStatus.BAD_REQUEST, msg)

    def check_deadline(self, now: float) -> None:
        """Ends the connection if its client is too slow."""
        is_answered = self.cycle is not None and self.cycle.response_complete
        is_rest = is_answered and self._phase is _Phase.BODY
        if is_rest:
            self._deadline = min(self._deadline, now + self._timeouts.http_rest_seconds)
        if now < self._deadline:
            self._check_reader(now)
        elif is_rest or self._phase in (_Phase.CONNECTED, _Phase.ENDING):
            self.transport.abort()
        elif self.flow.read_paused:  # the client has to wait for us
            self._deadline = now + self._timeouts.http_header_seconds
        else:
            self._end_with(HTTPStatus.REQUEST_TIMEOUT)

    def _check_reader(self, now: float) -> None:
        """Ends the connection if its client has read nothing of an answer for too long."""
        unread = self.transport.get_write_buffer_size()
        if unread != self._unread_bytes or not unread:
            self._unread_bytes, self._unread_since = unread, now
        elif now - self._unread_since > self._timeouts.http_read_seconds:
            self.transport.abort()

    def _find_fault(self) -> tuple[int, str] | None:
        is_large = self._is_pipelined and self._measure_head() > MAX_HEADER_BYTES
        if is_large or len(self.headers) > MAX_HEADERS:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large"
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) == 1:
            is_valid = _HOST.fullmatch(hosts[0]) is not None
        else:
            is_valid = not hosts and self.parser.get_http_version() == "1.0"
        return None if is_valid else (HTTPStatus.BAD_REQUEST, "Exactly one valid Host is required")

    def _measure_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _find_upgrade_fault(self) -> tuple[int, str] | None:
        lines = [len(self.url) + 20, *(len(name) + len(value) for name, value in self.headers)]
        if max(lines) > MAX_UPGRADE_LINE_BYTES:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "A header is too large"
        return None

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _end_with(self, status: int, reason: str | None = None) -> None:
        """Answers and ends the connection. Where an answer is under way, it just ends."""
        if self._is_answering():
            if self.pipeline or self.cycle.response_started:
                self._phase = _Phase.ENDING
                self.transport.abort()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_make_answer(status, reason or HTTPStatus(status).phrase))
        self.flow.resume_reading()
        self._phase = _Phase.ENDING
        self._deadline = self.loop.time() + DRAIN_SECONDS
        self.transport.write_eof()

    def _drain(self, size: int) -> None:
        self._drained_bytes += size
        if self._drained_bytes > MAX_DRAINED_BYTES:
            self.transport.abort()


class SocketConnection:
    """The `graph.fanout.connection.Connection` of a WebSocket.

    Its whole frames go between those that uvicorn writes, so uvicorn's protocol sees no difference.
    """

    __slots__ = (
        "_is_closing",
        "_is_writable",
        "_protocol",
        "transport",
        "wait_until_writable",
        "write",
    )

    def __init__(self, protocol: WebSocketsSansIOProtocol) -> None:
        self.transport = protocol.transport
        # Bound once: they are called for each event and socket.
        self.write = protocol.transport.write
        self.wait_until_writable = protocol.writable.wait
        self._is_closing = protocol.transport.is_closing
        self._is_writable = protocol.writable.is_set
        self._protocol = protocol

    def is_open(self) -> bool:
        protocol = self._protocol
        return protocol.handshake_complete and not (
            protocol.close_sent or protocol.disconnected or self._is_closing()
        )

    def is_ready(self) -> bool:
        return self._is_writable() and self.is_open()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """One WebSocket, which was a `BoundedHttp` connection before."""

    release: Callable[[], None] = staticmethod(_do_nothing)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            # The task of the request has not started yet.
            self.scope["extensions"][EXTENSION] = SocketConnection(self)  # type: ignore[assignment]  # ours

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        # Breaks a reference cycle, which would delay the release of the connection.
        self.scope["extensions"].pop(EXTENSION, None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.release()
        super().connection_lost(exc)
        # It runs in a generator that refers to `conn`.
        self.conn.parser.close()

    def handle_parser_exception(self) -> None:
        if self.handshake_initiated:
            super().handle_parser_exception()
            return
        # websockets refuses the head of the upgrade, of which uvicorn thinks that it never happens.
        self.transport.write(_make_answer(HTTPStatus.BAD_REQUEST, "Malformed upgrade"))
        self.transport.close()


def check_deadlines(connections: Collection[object], now: float) -> None:
    """Ends the connections whose clients are too slow."""
    for connection in list(connections):
        if isinstance(connection, BoundedHttp):
            connection.check_deadline(now)


def _make_answer(status: int, reason: str) -> bytes:
    body = f"{reason}\n".encode()
    head = (
        f"HTTP/1.1 {int(status)} {HTTPStatus(status).phrase}\r\n"
        "content-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body
