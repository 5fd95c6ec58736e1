"""A graphql-transport-ws client as small as the tests like it, and a real server to talk to."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from serving.http_protocol import BoundedConfig, check_deadlines
from whatsapp.common.timeouts import Timeouts

SECONDS = 60


@contextlib.asynccontextmanager
async def serve(app: Any, *, frame_bytes: int = 256 * 1024) -> AsyncIterator[int]:
    """Runs an application that has already started under uvicorn, as production does: its port."""
    async with serve_with(app, frame_bytes=frame_bytes) as (port, _):
        yield port


class _Server(uvicorn.Server):
    async def on_tick(self, counter: int) -> bool:
        check_deadlines(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)


@contextlib.asynccontextmanager
async def serve_with(
    app: Any,
    *,
    frame_bytes: int = 256 * 1024,
    connections_per_address: int = 0,
    timeouts: Timeouts = Timeouts(),
) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    """As `serve`, with the server, which knows its connections."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = BoundedConfig(
        app,
        connections_per_address=connections_per_address,
        timeouts=timeouts,
        lifespan="off",
        ws_max_size=frame_bytes,
        log_config=None,
        timeout_graceful_shutdown=3,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        yield listener.getsockname()[1], server
    finally:
        server.should_exit = True
        await task


class SocketClient:
    """A socket. `receive` returns frames, `take` the payloads of an operation."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._ids = itertools.count(1)

    async def send(self, message: object) -> None:
        text = message if isinstance(message, str | bytes) else orjson.dumps(message).decode()
        await self.connection.send(text)

    async def receive(self) -> Any:
        async with asyncio.timeout(SECONDS):
            return orjson.loads(await self.connection.recv())

    async def sign_in(self, token: str | None) -> None:
        payload = {"Authorization": f"Bearer {token}"} if token else {}
        await self.send({"type": "connection_init", "payload": payload})
        assert (await self.receive()) == {"type": "connection_ack"}

    async def subscribe(self, query: str, **variables: Any) -> str:
        operation_id = str(next(self._ids))
        payload = {"query": query, "variables": variables}
        await self.send({"id": operation_id, "type": "subscribe", "payload": payload})
        return operation_id

    async def take(self, count: int) -> list[Any]:
        """The data of the next events of the only operation."""
        taken = []
        for _ in range(count):
            frame = await self.receive()
            assert frame["type"] == "next", frame
            assert "errors" not in frame["payload"], frame
            taken.append(frame["payload"]["data"])
        return taken

    async def find_error(self, query: str, **variables: Any) -> str:
        """The code of the error that answers an operation."""
        operation_id = await self.subscribe(query, **variables)
        frame = await self.receive()
        assert (frame["type"], frame["id"]) == ("error", operation_id), frame
        code: str = frame["payload"][0]["extensions"]["code"]
        return code

    async def find_close(self) -> tuple[int, str]:
        """Close code and reason, once the server has closed."""
        with pytest.raises(ConnectionClosed) as closed:
            await self._read_to_the_end()
        received = closed.value.rcvd
        assert received is not None, "cut off without a close frame"
        return received.code, received.reason

    async def _read_to_the_end(self) -> None:
        async with asyncio.timeout(SECONDS):
            while True:
                await self.connection.recv()


@contextlib.asynccontextmanager
async def open_socket(
    port: int, *, token: str | None = None, origin: str | None = None, **options: Any
) -> AsyncIterator[SocketClient]:
    """A socket; already signed in where a token is given."""
    async with connect(
        f"ws://127.0.0.1:{port}/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers={"Origin": origin} if origin else None,
        compression=None,
        **options,
    ) as connection:
        client = SocketClient(connection)
        if token is not None:
            await client.sign_in(token)
        yield client
