"""Subscribers by the thousand: raw sockets that frame what they must and count the rest.

A counting subscriber looks for the bytes of a `next` message in whatever arrives. Only a watching
one takes frames apart, and its cost is that of JSON.
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable
from typing import Any, cast

import orjson

HOST = "127.0.0.1"
NEXT = b'"type":"next"'
ERROR = b'"type":"error"'
# Both orders of keys occur, and no server puts spaces into its JSON.
READY_SECONDS = 120.0


def make_frame(message: dict[str, Any], opcode: int = 1) -> bytes:
    return _frame(orjson.dumps(message), opcode)


def _frame(payload: bytes, opcode: int) -> bytes:
    """Masked, as a client's must be, with zeros: that leaves the payload as it is."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    else:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


class Subscriber(asyncio.Protocol):
    """One socket with one subscription.

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
        self._state = "opening"
        self.events = 0
        self.problem: str | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are none of asyncio's classes.
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
        if self._state == "counting":
            self._count(data)
            return
        self._buffer += data
        if self._state == "opening":
            if b"\r\n\r\n" not in self._buffer:
                return
            head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            if b" 101 " not in head[:20]:
                self._fail(f"no WebSocket: {head[:100]!r}")
                return
            self._state = "framing"
            self._transport.write(self._init)
        self._read_frames()

    def _count(self, data: bytes) -> None:
        # The end of the last piece may be the beginning of a mark.
        joined = self._buffer + data
        found = joined.count(NEXT)
        self._buffer = joined[-(len(NEXT) - 1) :]
        if ERROR in data or data[:1] == b"\x88":
            self._fail(f"ended: {data[:200]!r}")
        if data[:1] == b"\x89" and len(data) < 128:
            self._transport.write(_frame(data[2:], 10))
        if found:
            self._add(found)

    def _add(self, found: int) -> None:
        self.events += found
        if self._received is not None:
            self._received(found)

    def _read_frames(self) -> None:
        while len(self._buffer) >= 2:
            size, at = self._buffer[1] & 0x7F, 2
            if size == 126:
                size, at = int.from_bytes(self._buffer[2:4], "big"), 4
            elif size == 127:
                size, at = int.from_bytes(self._buffer[2:10], "big"), 10
            if len(self._buffer) < at + size:
                return
            opcode, payload = self._buffer[0] & 15, self._buffer[at : at + size]
            self._buffer = self._buffer[at + size :]
            self._handle(opcode, payload)

    def _handle(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:
            self._transport.write(_frame(payload, 10))
        elif opcode == 8:
            self._fail(f"closed: {payload!r}")
        elif opcode == 1:
            self._take(orjson.loads(payload))

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "connection_ack":
            if self._subscribe:
                self._transport.write(self._subscribe)
            if self._watch is None:
                self._state = "counting"
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
        if self._state == "closed":
            return
        self.problem = self.problem or problem[:300]
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(self.problem))
            self.ready.exception()

    def close(self) -> None:
        self._state = "closed"
        self._transport.abort()


async def open_subscriber(port: int, subscriber: Subscriber) -> Subscriber:
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: subscriber, HOST, port)
    await subscriber.ready
    return subscriber


async def open_all(
    port: int, subscribers: list[Subscriber], *, at_once: int = 100
) -> list[Subscriber]:
    """So many at a time: a full accept queue makes the kernel wait for a second."""
    async with asyncio.timeout(READY_SECONDS):
        for start in range(0, len(subscribers), at_once):
            part = subscribers[start : start + at_once]
            await asyncio.gather(*(open_subscriber(port, one) for one in part))
    return subscribers


class Counter:
    """Counts events of many subscribers, and wakes when the expected number is there."""

    def __init__(self, expected: int) -> None:
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
