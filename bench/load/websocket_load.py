"""Thousands of subscribers on raw sockets that parse frame headers.

A counting subscriber searches each frame for the bytes of a `next` message (about 1 µs). Only a
watching subscriber decodes events; other messages are always decoded.
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

import orjson

from bench.load.http_load import HOST

# Both key orders occur; no server writes spaces.
NEXT = b'"type":"next"'
ERRORS = b'"errors":['
READY_SECONDS = 120.0
_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A
"""First bytes of complete messages; servers don't split events of this size."""


def make_frame(message: dict[str, Any], opcode: int = 1) -> bytes:
    return _frame(orjson.dumps(message), opcode)


def _frame(payload: bytes, opcode: int) -> bytes:
    """Returns a frame masked with zeros, which leaves the payload unchanged."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    else:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


class Subscriber(asyncio.Protocol):
    """A socket with a subscription.

    `received` is called with the number of events in each piece of data; `watch` with each
    message, if it is given.
    """

    def __init__(
        self,
        api_key: str,
        query: str | None,
        variables: dict[str, Any],
        *,
        received: Callable[[int], None] | None = None,
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._init = make_frame(
            {"type": "connection_init", "payload": {"Authorization": f"Bearer {api_key}"}}
        )
        subscribe = {"query": query, "variables": variables}
        self._subscribe = (
            make_frame({"id": "1", "type": "subscribe", "payload": subscribe}) if query else b""
        )
        self._received = received
        self._watch = watch
        self._buffer = b""
        self._is_opening = True
        self._is_closed = False
        self.events = 0
        self.problem: str | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            "GET /graphql HTTP/1.1",
            "Host: bench",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: graphql-transport-ws",
        )
        self._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._fail("the server hung up")

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        if self._is_opening:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            if b" 101 " not in head[:20]:
                self._fail(f"no WebSocket: {head[:100]!r}")
                return
            self._is_opening = False
            self._transport.write(self._init)
        self._buffer = data[self._read_frames(data) :]

    def _read_frames(self, data: bytes) -> int:
        """Reads all complete frames; returns the offset of the first incomplete frame."""
        at, end, counted, is_watching = 0, len(data), 0, self._watch is not None
        while end - at >= 2:
            # Inlined: this is the generator's hot loop.
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            stop = start + size
            if stop > end:
                break
            is_event = data[at] == _TEXT and data.find(NEXT, start, stop) >= 0
            if is_event and not is_watching and data.find(ERRORS, start, stop) < 0:
                counted += 1
            else:
                self._handle(data[at], data[start:stop])
            at = stop
        if counted:
            self._add(counted)
        return at

    def _handle(self, first_byte: int, payload: bytes) -> None:
        if first_byte == _TEXT:
            self._take(orjson.loads(payload))
        elif first_byte == _PING:
            self._transport.write(_frame(payload, _PONG & 15))
        elif first_byte == _CLOSE:
            self._fail(f"closed: {payload!r}")
        elif first_byte != _PONG:
            self._fail(f"unexpected frame {first_byte:#x}: {payload[:100]!r}")

    def _add(self, found: int) -> None:
        self.events += found
        if self._received is not None:
            self._received(found)

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "connection_ack":
            if self._subscribe:
                self._transport.write(self._subscribe)
            if not self.ready.done():
                self.ready.set_result(None)
        elif kind == "ping":
            self._transport.write(make_frame({"type": "pong"}))
        elif kind == "next" and "errors" not in message["payload"]:
            self._add(1)
            if self._watch is not None:
                self._watch(message["payload"]["data"])
        else:
            self._fail(f"unexpected: {message}")

    def _fail(self, problem: str) -> None:
        if self._is_closed:
            return
        self.problem = self.problem or problem[:300]
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(self.problem))
            self.ready.exception()

    def close(self) -> None:
        self._is_closed = True
        self._transport.abort()


async def open_subscriber(port: int, subscriber: Subscriber) -> Subscriber:
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: subscriber, HOST, port)
    await subscriber.ready
    return subscriber


async def open_all(
    port: int, subscribers: list[Subscriber], *, at_once: int = 100
) -> list[Subscriber]:
    """Opens sockets in groups, because a full accept queue delays connections by a second."""
    async with asyncio.timeout(READY_SECONDS):
        for start in range(0, len(subscribers), at_once):
            part = subscribers[start : start + at_once]
            await asyncio.gather(*(open_subscriber(port, one) for one in part))
    return subscribers


def close_all(subscribers: Iterable[Subscriber]) -> None:
    for one in subscribers:
        one.close()


class Counter:
    """Counts events of many subscribers and wakes at the expected number."""

    def __init__(self, expected: int = 0) -> None:
        self.expect(expected)

    def expect(self, expected: int) -> None:
        """Resets the count; subscribers keep this counter."""
        self.expected = expected
        self.count = 0
        self.last_at = 0.0
        self._done = asyncio.Event()

    def add(self, found: int) -> None:
        self.count += found
        if self.count >= self.expected:
            self.last_at = time.perf_counter()
            self._done.set()

    async def wait(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._done.wait()
        except TimeoutError:
            return False
        return True
