"""Connections that have ended are freed at once: Python collects cycles of old objects rarely."""

import gc
import socket
import struct
from collections import Counter
from contextlib import suppress
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from websockets.server import ServerProtocol

from serving.http_protocol import BoundedHttp, BoundedWebSocket
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.graph.socket_kit import open_socket, serve_with
from tests.system.test_http_protocol import GET, HOST, UPGRADE, connect

CONNECTIONS = 5
KEPT = (
    BoundedHttp,
    BoundedWebSocket,
    RequestResponseCycle,
    ServerProtocol,
    httptools.HttpRequestParser,
)
RESET = struct.pack("ii", 1, 0)


def count_kept() -> Counter[str]:
    return Counter(type(kept).__name__ for kept in gc.get_objects() if type(kept) in KEPT)


async def request(port: int, data: bytes, *, resets: bool = False) -> None:
    async with connect(port) as connection:
        await connection.send(data)
        await connection.read_answer()
        if resets:
            peer = connection.writer.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.writer.transport.abort()


async def upgrade(port: int, *, aborts: bool = False) -> None:
    async with open_socket(port) as client:
        if aborts:
            client.connection.transport.abort()


@with_timeouts(close_answer_seconds=0.1)
async def test_ended_connections_are_freed_without_collector(app: Any, no_collector: None) -> None:
    async with serve_with(app) as (port, _):
        before = count_kept()
        for _ in range(CONNECTIONS):
            await request(port, GET + HOST + b"\r\n")
            await request(port, GET + HOST + b"\r\n", resets=True)
            await request(port, GET + b"\r\n")
            await request(port, UPGRADE + b"\r\n")
            await upgrade(port)
            await upgrade(port, aborts=True)

        async def are_freed() -> bool:
            return not count_kept() - before

        with suppress(AssertionError):  # the next line says what is kept
            await eventually(are_freed)
        assert count_kept() - before == Counter()
