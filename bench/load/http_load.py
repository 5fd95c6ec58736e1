"""HTTP load over keep-alive connections with prepared bytes, at about 15 µs a request.

A client library would cost more than the servers under test.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

HOST = "127.0.0.1"
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_FULL_CHECK_EVERY = 50
# Interval of the schedule of an open loop.
_TICK_SECONDS = 0.001
ANSWER_SECONDS = 60.0

Check = Callable[[int, bytes, bool], str | None]
"""Takes status, body and whether to check all of it; returns the problem or None."""


@dataclass
class LoadResult:
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    failure: str | None = None
    """Problem of the first bad response."""

    @property
    def count(self) -> int:
        return len(self.latencies)

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    def note_failure(self, problem: str) -> None:
        self.failed += 1
        self.failure = self.failure or problem

    def percentile_ms(self, percent: float) -> float:
        return find_percentile(self.latencies, percent) * 1000


def find_percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class _Connection(asyncio.Protocol):
    """A serial connection; `answered` gets each response, or None if the server closed."""

    def __init__(self, answered: Callable[["_Connection", int, bytes], None]) -> None:
        self._answered = answered
        self._buffer = b""
        self._body_at = 0
        self._end: int | None = None
        self._transport: asyncio.Transport | None = None
        self.is_busy = False
        self.since = 0.0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, request: bytes, since: float) -> None:
        assert self._transport is not None
        self.is_busy, self.since = True, since
        self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        if self.is_busy:
            self._finish(0, b"")

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._body_at and not self._read_head():
            return
        if self._end is None:
            if self._buffer.endswith(_LAST_CHUNK):
                self._finish(int(self._buffer[9:12]), _join_chunks(self._buffer[self._body_at :]))
        elif len(self._buffer) >= self._end:
            self._finish(int(self._buffer[9:12]), self._buffer[self._body_at : self._end])

    def _read_head(self) -> bool:
        at = self._buffer.find(_HEAD_END)
        if at < 0:
            return False
        self._body_at = at + len(_HEAD_END)
        length = CONTENT_LENGTH.search(self._buffer, 0, self._body_at)
        self._end = self._body_at + int(length[1]) if length else None
        return True

    def _finish(self, status: int, body: bytes) -> None:
        self._buffer, self._body_at, self._end, self.is_busy = b"", 0, None, False
        self._answered(self, status, body)


def _join_chunks(text: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    while True:
        line_end = text.index(b"\r\n", at)
        size = int(text[at:line_end].split(b";")[0], 16)
        if not size:
            return b"".join(parts)
        parts.append(text[line_end + 2 : line_end + 2 + size])
        at = line_end + 2 + size + 2


async def _connect(port: int, answered: Callable[[_Connection, int, bytes], None]) -> _Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: _Connection(answered), HOST, port)
    return connection


async def run_closed_loop(
    port: int,
    requests: Iterator[bytes],
    *,
    connections: int,
    check: Check,
    seconds: float | None = None,
) -> LoadResult:
    """Sends each connection's next request after its response.

    Ends after `seconds`, or when all requests are answered.
    """
    result, done = LoadResult(), asyncio.Event()
    started = time.perf_counter()
    deadline = float("inf") if seconds is None else started + seconds
    active = 0

    def answered(connection: _Connection, status: int, body: bytes) -> None:
        now = time.perf_counter()
        _record(result, connection, now, check, status, body)
        send_next(connection, now)

    def send_next(connection: _Connection, now: float) -> None:
        nonlocal active
        request = next(requests, None) if now < deadline and connection.is_open else None
        if request is not None:
            connection.send(request, now)
            return
        active -= 1
        if not active:
            done.set()

    opened = [await _connect(port, answered) for _ in range(connections)]
    started = time.perf_counter()
    deadline = float("inf") if seconds is None else started + seconds
    active = len(opened)
    for connection in opened:
        send_next(connection, started)
    async with asyncio.timeout((seconds or 600.0) + ANSWER_SECONDS):
        await done.wait()
    result.seconds = time.perf_counter() - started
    for connection in opened:
        connection.close()
    return result


def _record(
    result: LoadResult, connection: _Connection, now: float, check: Check, status: int, body: bytes
) -> None:
    problem = check(status, body, result.count % _FULL_CHECK_EVERY == 0)
    if problem is None:
        result.latencies.append(now - connection.since)
    else:
        result.note_failure(problem)


class OpenLoop:
    """Sends each request at its scheduled time, whether or not earlier requests are answered.

    A request without an idle connection waits; its latency counts from the scheduled time.
    """

    def __init__(self, port: int, *, connections: int, check: Check) -> None:
        self.result = LoadResult()
        self._port = port
        self._size = connections
        self._check = check
        self._idle: deque[_Connection] = deque()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._open = 0
        self._pending = 0

    async def run(self, requests: Iterable[bytes], *, rate: float) -> LoadResult:
        for _ in range(self._size):
            self._idle.append(await _connect(self._port, self._answered))
        started = time.perf_counter()
        sent = 0
        iterator = iter(requests)
        is_over = False
        while not is_over:
            due = int((time.perf_counter() - started) * rate) + 1
            while sent < due and not is_over:
                request = next(iterator, None)
                is_over = request is None
                if request is not None:
                    self._waiting.append((started + sent / rate, request))
                    sent += 1
            self._dispatch()
            await asyncio.sleep(_TICK_SECONDS)
        self.sent_until = time.perf_counter()
        async with asyncio.timeout(ANSWER_SECONDS):
            while self._pending or self._waiting:
                await self._replace_lost()
                self._dispatch()
                await asyncio.sleep(_TICK_SECONDS)
        self.result.seconds = time.perf_counter() - started
        while self._idle:
            self._idle.pop().close()
        return self.result

    def _dispatch(self) -> None:
        while self._waiting and self._idle:
            connection = self._idle.pop()
            if not connection.is_open:
                continue  # the server closed an idle connection
            since, request = self._waiting.popleft()
            self._pending += 1
            connection.send(request, since)

    async def _replace_lost(self) -> None:
        if self._waiting and not self._idle and self._pending < self._size:
            self._idle.append(await _connect(self._port, self._answered))

    def _answered(self, connection: _Connection, status: int, body: bytes) -> None:
        _record(self.result, connection, time.perf_counter(), self._check, status, body)
        self._pending -= 1
        if connection.is_open:
            self._idle.append(connection)
        self._dispatch()
