"""Peers that do not read are disconnected in time, at a bounded cost."""

import asyncio
import base64
import contextlib
import itertools
import os
import socket
import struct
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import uvicorn
from starlette.websockets import WebSocket, WebSocketState

from graph.fanout.bounded_socket import BoundedSocket
from graph.fanout.groups import Groups
from graph.transport.endpoint import GraphQLEndpoint
from models import Role
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.global_ids import encode_id
from tests.fixtures.timeouts import make_timeouts
from tests.graph.live_kit import create_message, wait_for_listeners
from tests.graph.socket_kit import open_socket, serve_with
from whatsapp.auth.api_keys import create_api_key, revoke_api_key
from whatsapp.common.capacity import Capacity
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

ADDED = "subscription { messageAdded { message { text } } }"
LONG = "x" * 4000


@pytest.fixture
def capacity() -> Capacity:
    """Small queues, which 100 operations fill with a few events."""
    return Capacity(socket_queue_events=200, socket_queue_bytes=300_000, socket_operations=100)


@pytest.fixture
def timeouts() -> Timeouts:
    """Peers that do not read, or not answer a close, are cut off soon."""
    return make_timeouts(socket_send_seconds=0.5, close_answer_seconds=0.2)


@pytest.fixture
async def served(app: Any) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    async with serve_with(app) as served:
        yield served


class DeafPeer:
    """A WebSocket client by hand that sends and never reads."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    async def send(self, message: object) -> None:
        body = orjson.dumps(message)
        # FIN + text, masked with zeros, which leave the body as it is.
        head = struct.pack("!BBH", 0x81, 0x80 | 126, len(body)) + bytes(4)
        await asyncio.get_running_loop().sock_sendall(self._connection, head + body)

    async def send_close(self) -> None:
        await asyncio.get_running_loop().sock_sendall(self._connection, b"\x88\x80" + bytes(4))


@contextlib.asynccontextmanager
async def open_deaf(port: int, token: str) -> AsyncIterator[DeafPeer]:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", port))
        handshake = (
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )
        await loop.sock_sendall(connection, handshake.encode())
        assert b"101" in await loop.sock_recv(connection, 1024)
        peer = DeafPeer(connection)
        await peer.send({"type": "connection_init", "payload": {"Authorization": token}})
        yield peer


async def wait_for_connections(server: uvicorn.Server, number: int) -> None:
    async with asyncio.timeout(60):
        while len(server.server_state.connections) != number:  # noqa: ASYNC110 - uvicorn tells not
            await asyncio.sleep(0.02)


def find_buffered(server: uvicorn.Server) -> int:
    """Bytes that uvicorn holds for its peers."""
    buffers = [one.transport.get_write_buffer_size() for one in server.server_state.connections]
    return sum(buffers)


async def test_deaf_subscriber_is_aborted_alone(
    served: tuple[int, uvicorn.Server],
    token: str,
    live_groups: Groups,
) -> None:
    port, server = served
    async with open_socket(port, token=token) as normal, open_deaf(port, token) as deaf:
        await normal.subscribe(ADDED)
        for number in range(100):
            payload = {"query": ADDED}
            await deaf.send({"id": str(number), "type": "subscribe", "payload": payload})
        await wait_for_listeners(live_groups, 101)

        for number in range(20):
            await create_message(text=f"{number} {LONG}")

        received = [data["messageAdded"]["message"]["text"] for data in await normal.take(20)]
        assert [text.split()[0] for text in received] == [str(number) for number in range(20)]
        assert find_buffered(server) < 500_000
        await wait_for_connections(server, 1)
        await normal.send({"type": "ping"})
        assert await normal.receive() == {"type": "pong"}


async def test_requesting_peer_that_never_reads_is_aborted(
    served: tuple[int, uvicorn.Server],
    token: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    port, server = served
    query = await make_large_query()
    async with open_deaf(port, token) as deaf:
        with contextlib.suppress(ConnectionError):
            for number in range(100):
                payload = {"query": query}
                await deaf.send({"id": str(number), "type": "subscribe", "payload": payload})
        await wait_for_connections(server, 0)
    assert "does not read (4508)" in caplog.text


async def test_closing_peer_that_never_reads_is_aborted(
    served: tuple[int, uvicorn.Server], token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_open(monkeypatch)
    port, server = served
    query = await make_large_query()
    async with open_deaf(port, token) as deaf:
        ids = map(str, itertools.count())
        while not find_buffered(server):
            await deaf.send({"id": next(ids), "type": "subscribe", "payload": {"query": query}})
            await asyncio.sleep(0.02)
        await deaf.send_close()

        await wait_for_connections(server, 0)


def keep_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket is cut off for being slow."""
    make = BoundedSocket.__init__

    def make_patient(self: BoundedSocket, *args: Any) -> None:
        make(self, *args)
        self._timeouts = replace(self._timeouts, socket_send_seconds=600.0)
        self._max_events, self._max_bytes = 10**6, 10**9

    monkeypatch.setattr(BoundedSocket, "__init__", make_patient)


async def make_large_query() -> str:
    """Its answer has 120,000 characters."""
    message = await create_message(text=LONG)
    fields = " ".join(f"f{number}: text" for number in range(30))
    return f'{{ message(id: "{encode_id("Message", message.id)}") {{ {fields} }} }}'


async def test_reading_peer_gets_more_than_queue_size(
    served: tuple[int, uvicorn.Server], token: str, live_groups: Groups
) -> None:
    async with open_socket(served[0], token=token) as client:
        for _ in range(100):
            await client.subscribe(ADDED)
        await wait_for_listeners(live_groups, 100)

        await create_message(text=LONG)

        # 400 kB for a queue of 300 kB: the rest waits in the feed, shared by all.
        heard = [await client.receive() for _ in range(100)]

    assert {frame["type"] for frame in heard} == {"next"}
    assert {frame["id"] for frame in heard} == {str(number) for number in range(1, 101)}


async def test_what_waits_at_revocation_is_not_sent(
    settings: Settings, timeouts: Timeouts, capacity: Capacity
) -> None:
    sent, is_reading = [], asyncio.Event()

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.send":
            await is_reading.wait()
        sent.append(message)

    state = {"services": SimpleNamespace(timeouts=timeouts, capacity=capacity)}
    websocket = WebSocket({"type": "websocket", "state": state}, receive, send)
    websocket.client_state = websocket.application_state = WebSocketState.CONNECTED
    bounded = BoundedSocket(GraphQLEndpoint(settings=settings), websocket, websocket)
    async with bounded.opened():
        for number in range(3):
            await bounded.send_json({"number": number})
        await asyncio.sleep(0.01)
        bounded.close_soon(4403, "Forbidden")
        is_reading.set()
        await asyncio.sleep(1)

    assert sent == [{"type": "websocket.close", "code": 4403, "reason": "Forbidden"}]


async def test_peer_that_never_answers_close_is_cut_off(
    served: tuple[int, uvicorn.Server],
) -> None:
    port, server = served
    key, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="x", role=Role.VIEWER)
    async with open_deaf(port, token):
        await wait_for_connections(server, 1)
        await asyncio.sleep(0.2)

        await revoke_api_key(key)

        await wait_for_connections(server, 0)


async def test_peers_that_vanish_leave_nothing_behind(
    served: tuple[int, uvicorn.Server], token: str
) -> None:
    port, server = served
    async with open_socket(port, token=token):
        await asyncio.sleep(0.1)
        before = count_own_tasks()
        sockets = [open_socket(port, token=token) for _ in range(20)]
        for client in [await one.__aenter__() for one in sockets]:
            for _ in range(5):
                await client.subscribe(ADDED)
            client.connection.transport.abort()
        await wait_for_connections(server, 1)

        async with asyncio.timeout(60):
            while count_own_tasks() > before:  # noqa: ASYNC110 - tasks end by themselves
                await asyncio.sleep(0.02)


def count_own_tasks() -> int:
    """Returns tasks that serve sockets: writers, operations and uvicorn's tasks."""
    served = ("bounded_socket", "websocket", "run_asgi", "handlers.py")
    return sum(any(name in repr(task) for name in served) for task in asyncio.all_tasks())
