"""The request id of every request, and a log line for each request, webhook and WebSocket."""

import logging
import time
from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.log_context import add_log_fields, drop_log_fields
from telemetry.logs import logs_access, write_access
from telemetry.request_ids import REQUEST_ID, choose_request_id

# Logged at DEBUG: probes and scrapes come every few seconds.
_QUIET_ROUTES = {"/healthz", "/readyz", "/metrics"}
_NOTES = "wagraph.access_log"


def add_access_fields(scope: Scope, **fields: object) -> None:
    """Adds fields to the request's line; `kind` replaces its text."""
    notes = scope.get(_NOTES)
    if notes is not None:
        notes.update(fields)


def count_operation(scope: Scope) -> None:
    """Counts an operation of a WebSocket."""
    notes = scope.get(_NOTES)
    if notes is not None:
        notes["operations"] += 1


def log_processed(started_at: float, event_ids: Sequence[str], *, items: int) -> None:
    """Logs that stored webhooks were applied; `started_at` is a time of `perf_counter`."""
    fields: dict[str, Any] = {
        "events": len(event_ids),
        "items": items,
        "duration_ms": _measure(started_at),
    }
    if len(event_ids) == 1:
        fields |= {"event_id": event_ids[0]}
    write_access(logging.INFO, "webhooks processed", fields)


def log_refused_request(status: int, reason: str) -> None:
    """Logs a request that was refused before it reached the application.

    It has no route and no id. `reason` must not quote the request.
    """
    write_access(
        logging.INFO, "http", {"route": "-", "status": int(status), "bytes": 0, "refused": reason}
    )


class AccessLog:
    """ASGI middleware. It must surround all others, which log with the request's id."""

    def __init__(self, app: ASGIApp, *, shows_clients: bool) -> None:
        self._app = app
        self._shows_clients = shows_clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = scope[REQUEST_ID] = choose_request_id(scope)
        if scope["type"] == "websocket":
            # uvicorn gives only HTTP requests a context of their own.
            drop_log_fields()
        add_log_fields(request_id=request_id)
        if not logs_access():
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._log_request(scope, receive, send)
        else:
            await self._log_socket(scope, receive, send)

    async def _log_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_at = time.perf_counter()
        scope[_NOTES] = notes = self._begin(scope, method=scope["method"])
        response = _Response(send)
        try:
            await self._app(scope, receive, response)
        except Exception:
            response.status = response.status or 500  # answered by the server
            raise
        finally:
            route = getattr(scope.get("route"), "path", "-")
            level = logging.DEBUG if route in _QUIET_ROUTES else logging.INFO
            fields = {
                "route": route,
                "status": response.status or "-",
                "bytes": response.bytes,
                "duration_ms": _measure(started_at),
            }
            write_access(level, notes.pop("kind", "http"), {**fields, **notes})

    async def _log_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_at = time.perf_counter()
        scope[_NOTES] = notes = self._begin(scope, operations=0)
        socket = _Socket(receive, send, opened=dict(notes))
        try:
            await self._app(scope, socket.receive, socket.send)
        finally:
            ended = {"code": socket.code, "duration_ms": _measure(started_at)}
            write_access(logging.INFO, socket.outcome, notes | ended)

    def _begin(self, scope: Scope, **fields: object) -> dict[str, Any]:
        if self._shows_clients and scope["client"]:
            fields["client"] = scope["client"][0]
        return fields


class _Response:
    """The `send` of a request."""

    __slots__ = ("_send", "bytes", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.bytes += len(message.get("body", b""))
        await self._send(message)


class _Socket:
    """`receive` and `send` of a WebSocket."""

    def __init__(self, receive: Receive, send: Send, *, opened: dict[str, Any]) -> None:
        self._receive = receive
        self._send = send
        self._opened = opened
        self.is_open = False
        self.code: int | str = "-"

    @property
    def outcome(self) -> str:
        return "socket closed" if self.is_open else "socket refused"

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.disconnect" and self.code == "-":
            self.code = message["code"]
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "websocket.accept":
            self.is_open = True
            self._opened.pop("operations")
            write_access(logging.INFO, "socket opened", self._opened)
        elif message["type"] == "websocket.close":
            # Servers answer the upgrade of a socket that is closed before it opens with 403.
            self.code = message.get("code", 1000) if self.is_open else 403
        elif message["type"] == "websocket.http.response.start":
            self.code = message["status"]
        await self._send(message)


def _measure(started_at: float) -> float:
    return round(1000 * (time.perf_counter() - started_at), 2)
