"""The fake Cloud API on a real socket, with a transport that can reset connections."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.application import get_fake_meta
from sandbox.cloud_api.fault_answers import TRANSPORT_KEY

LOOPBACK = "127.0.0.1"


class FaultyProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which gives the application access to the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[TRANSPORT_KEY] = self.transport  # type: ignore[literal-required]  # a key of ours


class _QuietServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the surrounding process handles signals


class FakeCloudServer:
    """Runs an app of `create_fake_cloud_api` in this event loop, on loopback.

    Port 0 takes a free port. A restart keeps address and state, so tests can stop Meta for a while
    (connections are refused).
    """

    def __init__(self, app: Starlette, *, port: int = 0, host: str = LOOPBACK) -> None:
        self.app = app
        self.meta = get_fake_meta(app)
        self.host = host
        self.port = port
        self._server: _QuietServer | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        listener = socket.create_server((self.host, self.port), backlog=2048)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            http=FaultyProtocol,
            log_config=None,
            access_log=False,
            # The app outlives a stop; FakeCloudServer closes it at the end.
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = self._server = _QuietServer(config)
        self._task = asyncio.create_task(server.serve(sockets=[listener]))
        # uvicorn sets a flag, not an event.
        while not server.started and not self._task.done():  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Refuses connections; the app and its webhooks stay alive."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        await self._task
        self._server = self._task = None

    async def close(self) -> None:
        """Stops the server and closes the app."""
        await self.meta.close()
        await self.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
