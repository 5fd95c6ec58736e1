"""Broken answers: resets, silence, half bodies, floods.

On a socket of `server.py` the faults are real. An in-process transport has no connection to break,
so the caller gets the httpx error that a real fault would cause.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Iterator

import httpx
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.settings import SandboxSettings
from sandbox.validation.meta_errors import MetaError
from sandbox.world.faults import FaultKind, FaultRule

TRANSPORT_KEY = "sandbox.transport"  # put into the scope by sandbox.server
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with no time left sends RST
CHUNK = b" " * 65_536
HTML_PAGE = (
    "<!DOCTYPE html><html><body><h1>{status}</h1><p>Sorry, something went wrong.</p></body></html>"
)
THROUGHPUT_HIT = 130429


def break_answer(
    rule: FaultRule, answer: Response | None, *, settings: SandboxSettings, closing: asyncio.Event
) -> Response:
    """Returns the response of a rule; `answer` is the correct response, or None."""
    payload = bytes(answer.body) if answer is not None else b'{"messaging_product":"whatsapp"}'
    match rule.kind:
        case FaultKind.ERROR | FaultKind.THROTTLE:
            return make_error_answer(rule)
        case FaultKind.HTML:
            status = rule.http_status or 502
            return HTMLResponse(HTML_PAGE.format(status=status), status)
        case FaultKind.REDIRECT:
            return RedirectResponse(rule.location or "/sandbox/redirected", 302)
        case FaultKind.TRUNCATED:
            half = payload[: len(payload) // 2]
            return Response(half, rule.http_status or 200, media_type="application/json")
        case FaultKind.TIMEOUT:
            wait = settings.hang_time if rule.seconds is None else rule.seconds
            return SilentAnswer(wait, closing)
        case FaultKind.SLOW_DRIP:
            interval = settings.drip_interval if rule.seconds is None else rule.seconds
            return DripAnswer(payload, interval, closing)
        case FaultKind.HUGE:
            return FloodAnswer(payload, int(rule.megabytes * 1024 * 1024))
        case FaultKind.CUT:
            return CutAnswer(payload)
        case _:
            return ResetAnswer()


def make_error_answer(rule: FaultRule) -> Response:
    default_code = THROUGHPUT_HIT if rule.kind is FaultKind.THROTTLE else 131000
    error = MetaError(
        default_code if rule.code is None else rule.code,
        message=rule.message,
        details=rule.details,
        subcode=rule.subcode,
        http_status=rule.http_status,
    )
    return error_answer(error, retry_after=rule.retry_after)


class ResetAnswer(Response):
    """A TCP reset instead of an answer."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        transport = scope.get(TRANSPORT_KEY)
        if transport is None:
            raise httpx.ReadError("Connection reset by the sandbox.")
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        transport.abort()
        await _wait_until_gone(receive)


class SilentAnswer(Response):
    """Sends nothing until the client leaves or the time is over, then closes the connection."""

    def __init__(self, seconds: float, closing: asyncio.Event) -> None:
        super().__init__()
        self.seconds = seconds
        self.closing = closing

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        await _wait_for_end(receive, self.closing, timeout=self.seconds)
        transport = scope.get(TRANSPORT_KEY)
        if transport is None:
            raise httpx.ReadTimeout("The sandbox never answered.")
        transport.abort()
        await _wait_until_gone(receive)


class CutAnswer(Response):
    """A 200 that announces its full length and closes after half of it."""

    def __init__(self, payload: bytes) -> None:
        super().__init__()
        self.payload = payload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _send_head(send, length=len(self.payload))
        half = self.payload[: len(self.payload) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        transport = scope.get(TRANSPORT_KEY)
        if transport is None:
            raise httpx.RemoteProtocolError("The sandbox closed the connection in the body.")
        transport.close()
        await _wait_until_gone(receive)


class DripAnswer(Response):
    """The correct answer, byte by byte."""

    def __init__(self, payload: bytes, interval: float, closing: asyncio.Event) -> None:
        super().__init__()
        self.payload = payload
        self.interval = interval
        self.closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _send_head(send, length=len(self.payload))
        for index in range(len(self.payload)):
            if await _wait_for_end(receive, self.closing, timeout=self.interval):
                break
            byte = self.payload[index : index + 1]
            await send({"type": "http.response.body", "body": byte, "more_body": True})
        else:
            await send({"type": "http.response.body", "body": b""})
            return
        transport = scope.get(TRANSPORT_KEY)
        if transport is not None:
            transport.abort()
            await _wait_until_gone(receive)


class FloodAnswer(Response):
    """The correct answer after a flood of spaces, which JSON allows."""

    def __init__(self, payload: bytes, size: int) -> None:
        super().__init__()
        self.payload = payload
        self.size = size

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await _send_head(send, length=None)
        for chunk in self._make_chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": self.payload})

    def _make_chunks(self) -> Iterator[bytes]:
        for start in range(0, self.size, len(CHUNK)):
            yield CHUNK[: self.size - start]


def error_answer(error: MetaError, *, retry_after: float | None = None) -> Response:
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    text = json.dumps(error.body)
    return Response(text, error.http_status, headers, media_type="application/json")


async def _send_head(send: Send, *, length: int | None) -> None:
    headers = [(b"content-type", b"application/json")]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _wait_until_gone(receive: Receive) -> None:
    # Returning earlier makes the HTTP server log a missing answer.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _wait_for_end(receive: Receive, closing: asyncio.Event, *, timeout: float) -> bool:
    """Returns True if the client left or the sandbox closes, False if the time is over."""
    waits = [
        asyncio.ensure_future(_wait_until_gone(receive)),
        asyncio.ensure_future(closing.wait()),
    ]
    try:
        done, _ = await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
