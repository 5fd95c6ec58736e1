"""uvicorn's protocol classes with limits for header size, time and connections.

uvicorn 0.54 has none of these limits. This module and `serving.connections` are the only users of
its private API; `tests/system/test_http_protocol.py` fails when that changes.
"""

import asyncio
import logging
import math
import re
from collections.abc import Callable, Collection
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, cast

import uvicorn
from starlette.responses import PlainTextResponse
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request

from graph.fanout.connection import EXTENSION
from serving.connections import (
    Addresses,
    HttpConnection,
    SocketConnection,
    do_nothing,
    make_response,
)
from telemetry.access_log import log_refused_request
from telemetry.request_ids import TRUSTED_PEER
from whatsapp.common.timeouts import Timeouts

MAX_HEADER_BYTES = 64 * 1024
MAX_HEADERS = 100
# websockets parses the upgrade request again, and fails on lines of more than 8,192 bytes.
MAX_UPGRADE_LINE_BYTES = 8000
# Requests that a client may send before the first response is complete.
MAX_PIPELINED = 16
# TCP discards the response if a connection with unread bytes is closed.
DRAIN_SECONDS = 1.0
MAX_DRAINED_BYTES = 1024 * 1024
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)(:[0-9]{0,5})?")


class _Phase(Enum):
    CONNECTED = auto()
    HEAD = auto()
    BODY = auto()
    WAITING = auto()
    """The request is complete; the response may also be complete."""
    ENDING = auto()


class BoundedConfig(uvicorn.Config):
    """uvicorn's configuration with the protocol classes of this module."""

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
            # A request on a used connection must not log with the ids of an earlier one.
            reset_contextvars=True,
            **options,
        )
        self.timeouts = timeouts
        self.addresses = Addresses(limit=connections_per_address, trusted=self.forwarded_allow_ips)


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
        self._release: Callable[[], None] = do_nothing
        self._phase = _Phase.CONNECTED
        self._deadline = self.loop.time() + self._timeouts.http_first_byte_seconds
        self._head_bytes = 0
        self._trailer_bytes = 0
        """Bytes received since the last part of a body."""
        self._is_pipelined = False
        self._drained_bytes = 0
        self._unread_bytes = 0
        self._unread_since = 0.0
        self._refusal: tuple[int, str] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._connection = HttpConnection(transport, self.flow)
        address = self.client[0] if self.client else None
        self._is_trusted = self._addresses.is_trusted(address)
        release = self._addresses.add(address)
        if release is None:
            self._phase = _Phase.ENDING
            transport.abort()
        else:
            self._release = release

    def connection_lost(self, exc: Exception | None) -> None:
        self._release()
        super().connection_lost(exc)
        # After an error uvicorn keeps the timer, which holds the connection in memory.
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

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
            # The parser buffers trailers until they are complete, as it does headers.
            self._trailer_bytes += len(data)
        super().data_received(data)
        if self._trailer_bytes > MAX_HEADER_BYTES and self._phase is _Phase.BODY:
            self._end_with(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _feed_to_limit(self, data: bytes, room: int) -> None:
        self._head_bytes += room
        super().data_received(data[:room])
        is_ours = self.transport.get_protocol() is self  # not upgraded to a WebSocket
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
        if self._phase is not _Phase.HEAD:  # follows another request in the same bytes
            self._begin_head(is_pipelined=True)
        super().on_message_begin()
        extensions = {EXTENSION: self._connection, TRUSTED_PEER: self._is_trusted}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]  # ours

    def on_headers_complete(self) -> None:
        self._phase = _Phase.BODY
        self._trailer_bytes = 0
        # Routes have shorter deadlines of their own.
        times = self._timeouts
        seconds = times.upload_deadline_seconds + times.http_body_margin_seconds
        self._deadline = self.loop.time() + seconds
        self._refusal = self._find_error()
        if self._refusal is None:
            super().on_headers_complete()
        else:
            status, reason = self._refusal
            log_refused_request(status, reason)
            headers = {"Connection": "close"}
            app, self.app = self.app, PlainTextResponse(f"{reason}\n", status, headers=headers)
            super().on_headers_complete()
            self.app = app
        if len(self.pipeline) > MAX_PIPELINED:
            # Makes the parser stop.
            raise ValueError("too many pipelined requests")

    def on_body(self, body: bytes) -> None:
        self._trailer_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._phase = _Phase.WAITING
        self._deadline = math.inf

    def handle_websocket_upgrade(self) -> None:
        """Called after `on_headers_complete`, which starts no task for an upgrade."""
        refusal = self._refusal or self._find_upgrade_error()
        if refusal is not None or self._is_responding():
            status, reason = refusal or (HTTPStatus.BAD_REQUEST, "An upgrade must come first")
            self._end_with(status, reason, is_logged=self._refusal is not None)
            return
        super().handle_websocket_upgrade()
        # Breaks a reference cycle: `connection_lost` is not called after an upgrade.
        self.parser = None  # type: ignore[assignment]
        protocol = self.transport.get_protocol()
        if isinstance(protocol, BoundedWebSocket):
            protocol.release, self._release = self._release, do_nothing
            protocol.is_trusted = self._is_trusted

    def send_400_response(self, msg: str) -> None:
        self._end_with(HTTPStatus.BAD_REQUEST, msg)

    def check_deadline(self, now: float) -> None:
        """Ends the connection if its client is too slow."""
        is_complete = self.cycle is not None and self.cycle.response_complete
        is_rest = is_complete and self._phase is _Phase.BODY
        if is_rest:
            self._deadline = min(self._deadline, now + self._timeouts.http_rest_seconds)
        if now < self._deadline:
            self._check_reader(now)
        elif is_rest or self._phase in (_Phase.CONNECTED, _Phase.ENDING):
            self.transport.abort()
        elif self.flow.read_paused:  # the client waits for us
            self._deadline = now + self._timeouts.http_header_seconds
        else:
            self._end_with(HTTPStatus.REQUEST_TIMEOUT)

    def _check_reader(self, now: float) -> None:
        """Ends the connection if its client has stopped reading the response."""
        unread = self.transport.get_write_buffer_size()
        if unread != self._unread_bytes or not unread:
            self._unread_bytes, self._unread_since = unread, now
        elif now - self._unread_since > self._timeouts.http_read_seconds:
            self.transport.abort()

    def _find_error(self) -> tuple[int, str] | None:
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

    def _find_upgrade_error(self) -> tuple[int, str] | None:
        lines = [len(self.url) + 20, *(len(name) + len(value) for name, value in self.headers)]
        if max(lines) > MAX_UPGRADE_LINE_BYTES:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "A header is too large"
        return None

    def _is_responding(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _end_with(self, status: int, reason: str | None = None, *, is_logged: bool = False) -> None:
        """Responds and ends the connection; aborts it if a response has started."""
        if self._is_responding():  # the access log has a line for this request
            if self.pipeline or self.cycle.response_started:
                self._phase = _Phase.ENDING
                self.transport.abort()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        elif not is_logged:
            log_refused_request(status, reason or HTTPStatus(status).phrase)
        self.transport.write(make_response(status, reason or HTTPStatus(status).phrase))
        self.flow.resume_reading()
        self._phase = _Phase.ENDING
        self._deadline = self.loop.time() + DRAIN_SECONDS
        self.transport.write_eof()

    def _drain(self, size: int) -> None:
        self._drained_bytes += size
        if self._drained_bytes > MAX_DRAINED_BYTES:
            self.transport.abort()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """One WebSocket, upgraded from a `BoundedHttp` connection."""

    release: Callable[[], None] = staticmethod(do_nothing)
    is_trusted = False

    def handle_connect(self, event: Request) -> None:
        # Below WARNING, its lines have the client's address and the URL, perhaps with a token.
        self.logger = self.conn.logger = logging.getLogger("uvicorn.websockets")
        super().handle_connect(event)
        if self.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            # The task of the request has not started yet.
            self.scope["extensions"][EXTENSION] = SocketConnection(self)  # type: ignore[assignment]  # ours
            self.scope["extensions"][TRUSTED_PEER] = self.is_trusted  # type: ignore[assignment]  # ours

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        # Breaks a reference cycle, which would delay the release of the connection.
        self.scope["extensions"].pop(EXTENSION, None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.release()
        super().connection_lost(exc)
        # Breaks a reference cycle: the parser is a generator that holds `conn`.
        self.conn.parser.close()

    def handle_parser_exception(self) -> None:
        if self.handshake_initiated:
            super().handle_parser_exception()
            return
        # websockets refused the upgrade request, which uvicorn does not expect.
        log_refused_request(HTTPStatus.BAD_REQUEST, "Malformed upgrade")
        self.transport.write(make_response(HTTPStatus.BAD_REQUEST, "Malformed upgrade"))
        self.transport.close()


def check_deadlines(connections: Collection[object], now: float) -> None:
    """Ends connections of clients that are too slow."""
    for connection in list(connections):
        if isinstance(connection, BoundedHttp):
            connection.check_deadline(now)
