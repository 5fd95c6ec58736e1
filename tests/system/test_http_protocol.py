"""Clients that send too much, too slowly, or open too many connections, on real sockets."""

import asyncio
import hashlib
import inspect
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from serving.http_protocol import BoundedConfig, BoundedHttp
from tests.fixtures.servers import ServerProcess
from tests.fixtures.waiting import eventually
from tests.fixtures.workers import list_workers
from tests.graph.socket_kit import open_socket, serve_with
from whatsapp.common.timeouts import Timeouts

GET = b"GET /healthz HTTP/1.1\r\n"
HOST = b"Host: wagraph.test\r\n"
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
)
SECONDS = 60


@pytest.fixture
async def port(app: Any) -> AsyncIterator[int]:
    async with serve_with(app) as (number, _):
        yield number


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def read_answer(self) -> bytes:
        async with asyncio.timeout(SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            return head + await self.reader.readexactly(length)

    async def read_to_end(self) -> bytes:
        """Returns the bytes received until the server closes the connection."""
        received = b""
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionResetError):
                while piece := await self.reader.read(65_536):
                    received += piece
        return received


@asynccontextmanager
async def connect(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def ask(port: int, request: bytes) -> bytes:
    """The status line of the answer, after which the connection is closed."""
    async with connect(port) as connection:
        await connection.send(request)
        return (await connection.read_to_end()).partition(b"\r\n")[0]


async def is_alive(port: int) -> bool:
    return b" 200 " in await ask(port, GET + HOST + b"Connection: close\r\n\r\n")


def make_headers(number: int, size: int = 10) -> bytes:
    return b"".join(b"x-%d: %s\r\n" % (one, b"v" * size) for one in range(number))


TOO_LARGE = [
    GET + HOST + make_headers(100) + b"\r\n",
    GET + HOST + make_headers(1, 70_000) + b"\r\n",
    GET + HOST + make_headers(7, 10_000) + b"\r\n",
    GET + HOST + make_headers(90, 800) + b"\r\n",
    b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    GET + HOST + b"x: " + b"v" * 100_000,
    UPGRADE + HOST + make_headers(100) + b"\r\n",
    UPGRADE + HOST + make_headers(1, 9000) + b"\r\n",
    UPGRADE + HOST + make_headers(1, 70_000) + b"\r\n",
]
MALFORMED = [
    GET + b"\r\n",
    GET + b"Host:\r\n\r\n",
    GET + HOST + HOST + b"\r\n",
    GET + HOST + b"Host: other.test\r\n\r\n",
    GET + b"Host: wagraph.test/path\r\n\r\n",
    GET + b"Host: a b\r\n\r\n",
    GET + b"Host: user@wagraph.test\r\n\r\n",
    GET + b"Host: wagraph.test:port\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
    UPGRADE + b"\r\n",
    UPGRADE + HOST + HOST + b"\r\n",
    UPGRADE + b"Host: wagraph.test/path\r\n\r\n",
    b"no http\r\n\r\n",
]
FINE = [
    GET + HOST + b"Connection: close\r\n\r\n",
    GET + HOST + b"Connection: close\r\n" + make_headers(98) + b"\r\n",
    GET + HOST + b"Connection: close\r\n" + make_headers(6, 10_000) + b"\r\n",
    GET + b"Host: [::1]:8000\r\nConnection: close\r\n\r\n",
    GET + b"Host: 127.0.0.1:8000\r\nConnection: close\r\n\r\n",
    b"GET /healthz HTTP/1.0\r\n\r\n",
]


async def test_head_is_limited(port: int, subtests: pytest.Subtests) -> None:
    for request in TOO_LARGE:
        with subtests.test(request=request[:60]):
            assert b" 431 " in await ask(port, request), request[:80]
    for request in FINE:
        assert b" 200 " in await ask(port, request), request[:80]


async def test_host_must_be_one_host(port: int, subtests: pytest.Subtests) -> None:
    for request in MALFORMED:
        with subtests.test(request=request):
            assert b" 400 " in await ask(port, request)


async def test_pipelined_head_is_limited(port: int) -> None:
    first = GET + HOST + b"\r\n"
    async with connect(port) as connection:
        await connection.send(first + GET + HOST + make_headers(7, 10_000) + b"\r\n")
        answers = await connection.read_to_end()
    async with connect(port) as connection:
        await connection.send(first * 5000)
        flooded = await connection.read_to_end()

    assert [b" 200 " in answers, b" 431 " in answers] == [True, True]
    assert flooded.count(b" 200 ") < 100


async def test_endless_head_takes_no_memory(port: int) -> None:
    sent = 0
    async with connect(port) as connection:
        await connection.send(GET + HOST + b"x: ")
        try:
            for _ in range(960):
                await connection.send(b"v" * 65_536)
                sent += 65_536
        except ConnectionError:
            pass

    # The kernel buffers a part of the unread bytes.
    assert sent < 30 * 1024 * 1024
    assert await is_alive(port)


async def test_trailers_are_limited(port: int, subtests: pytest.Subtests) -> None:
    head = b"POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\n" + HOST
    start = head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    async with connect(port) as connection:
        await connection.send(start + b"x: y\r\n\r\n")
        assert b" 400 " in await connection.read_answer()  # the GraphQL request has no query
    for trailer in (b"x: " + b"v" * 400_000, b"x: y\r\n" * 60_000):
        with subtests.test(trailer=trailer[:8]):
            async with connect(port) as connection:
                await connection.send(start)
                await asyncio.sleep(0.1)
                await connection.send(trailer)
                assert b" 431 " in await connection.read_to_end()


async def test_slow_clients_are_ended(app: Any) -> None:
    timeouts = Timeouts(
        http_first_byte_seconds=1.0,
        http_header_seconds=1.0,
        http_rest_seconds=1.0,
        http_body_margin_seconds=1.0,
        http_idle_seconds=1,
        upload_deadline_seconds=0.0,
    )
    post = b"POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"

    async def drip(port: int, start: bytes, drops: bytes) -> bytes:
        async with connect(port) as connection:
            await connection.send(start)
            reading = asyncio.create_task(connection.read_to_end())
            # The next drop may meet a connection that the server has just closed.
            with suppress(ConnectionError):
                while not reading.done():
                    await connection.send(drops)
                    await asyncio.sleep(0.02)
            return await reading

    async with serve_with(app, timeouts=timeouts) as (port, server):
        answers = await asyncio.gather(
            drip(port, b"", b""),  # sends nothing at all
            drip(port, b"\r\n", b"\r\n"),
            drip(port, GET + HOST, b"x: y\r\n"),
            drip(port, UPGRADE + HOST, b"x: y\r\n"),
            drip(port, post + HOST + b"\r\n", b" "),
            drip(port, b"PUT /healthz HTTP/1.1\r\n" + HOST + b"Content-Length: 99\r\n\r\n", b" "),
            drip(port, GET + HOST + b"\r\n", b""),  # idle after its answer
        )
        statuses = [answer[9:12] for answer in answers]
        await eventually(lambda: _is_empty(server))

    assert statuses == [b"", b"408", b"408", b"408", b"408", b"405", b"200"]


async def _is_empty(server: uvicorn.Server) -> bool:
    return not server.server_state.connections


async def test_kept_connection_is_used_again(port: int) -> None:
    async with connect(port) as connection:
        for _ in range(3):
            await connection.send(GET + HOST + b"\r\n")
            assert b" 200 " in await connection.read_answer()


async def test_unread_answer_is_cut_off(app: Any) -> None:
    async def flood(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(64 * 1024 * 1024)})

    async with (
        serve_with(flood, timeouts=Timeouts(http_read_seconds=0.3)) as (port, server),
        connect(port) as connection,
    ):
        connection.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await connection.send(GET + HOST + b"\r\n")
        await eventually(lambda: _is_open(server))
        await eventually(lambda: _is_empty(server))


async def _is_open(server: uvicorn.Server) -> bool:
    return bool(server.server_state.connections)


async def test_connections_of_address_are_limited(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "192.0.2.1")
    async with serve_with(app, connections_per_address=3) as (port, server):
        async with open_socket(port) as first, connect(port), connect(port):
            await eventually(lambda: _has_open(server, 3))
            async with connect(port) as fourth:
                assert await fourth.read_to_end() == b""
            # The socket still counts though it is no HTTP connection any more.
            await first.connection.close()

            async def may_connect() -> bool:
                return await is_alive(port)

            await eventually(may_connect)
        await eventually(lambda: _is_empty(server))
        addresses = server.config.addresses  # type: ignore[attr-defined]
        await eventually(lambda: _is_released(addresses))


async def _has_open(server: uvicorn.Server, number: int) -> bool:
    return len(server.server_state.connections) == number


async def _is_released(addresses: Any) -> bool:
    return not addresses._counts


async def test_trusted_proxy_has_no_limit(app: Any) -> None:
    served = serve_with(app, connections_per_address=2)
    async with served as (port, server), connect(port), connect(port), connect(port):
        await eventually(lambda: _has_open(server, 3))
        assert await is_alive(port)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_server_processes_have_limits(
    make_server: Callable[..., ServerProcess], workers: str
) -> None:
    server = make_server({"http_header_seconds": 0.5}, WORKERS=workers)
    server.start()
    before = max(map(_read_memory, [server.pid, *list_workers(server)]))
    with socket.create_connection(("127.0.0.1", server.port), SECONDS) as large:
        large.sendall(GET + HOST + b"x: ")
        with pytest.raises(OSError):  # noqa: PT011 - reset or broken, whichever comes first
            large.sendall(b"v" * (60 * 1024 * 1024))
    with socket.create_connection(("127.0.0.1", server.port), SECONDS) as slow:
        slow.sendall(UPGRADE)
        answer = slow.recv(1000)
    after = max(map(_read_memory, [server.pid, *list_workers(server)]))

    assert b" 408 " in answer
    assert after - before < 40 * 1024
    assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200


def _read_memory(pid: int) -> int:
    """Resident kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_http_library_has_reviewed_version() -> None:
    """A new uvicorn version must be reviewed: `BoundedHttp` uses its private API."""
    classes = (HttpToolsProtocol, RequestResponseCycle, FlowControl, WebSocketsSansIOProtocol)
    sources = "".join(map(inspect.getsource, classes))

    assert issubclass(BoundedHttp, HttpToolsProtocol)
    assert BoundedConfig.__mro__[1] is uvicorn.Config
    assert uvicorn.__version__ == "0.54.0"
    assert hashlib.sha256(sources.encode()).hexdigest() == (
        "17326c54ab3471a6ef41a304ec21372e470ea24c724e949e9e7081d07411322a"
    )
