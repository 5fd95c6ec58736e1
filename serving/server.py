"""A server process: uvicorn with our limits, which ends event streams when it stops."""

import asyncio
import signal
import sys
from contextlib import suppress
from socket import socket
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from serving.http_protocol import BoundedConfig, check_deadlines
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

# Exit code of uvicorn's own command if the application does not start.
STARTUP_FAILURE = 3
TICKS_PER_SECOND = 10
# Maximum size of a client's WebSocket message.
MAX_FRAME_BYTES = 256 * 1024


class Server(uvicorn.Server):
    """Ends event streams on shutdown, for which uvicorn would wait.

    A second signal ends the process at once, with the status of that signal.
    """

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self.config.app.state.end_streams()  # type: ignore[union-attr]  # uvicorn accepts other kinds of app
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_PER_SECOND == 0:
            check_deadlines(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        super().handle_exit(sig, frame)


def make_config(settings: Settings, timeouts: Timeouts, app: Starlette) -> uvicorn.Config:
    return BoundedConfig(
        app,
        connections_per_address=settings.connections_per_address,
        timeouts=timeouts,
        host=settings.host,
        port=settings.port,
        ws_max_size=MAX_FRAME_BYTES,
        # Then running requests are cancelled.
        timeout_graceful_shutdown=timeouts.server_shutdown_seconds,
        log_config=None,
        access_log=False,
        server_header=False,
    )


def run_server(
    settings: Settings, timeouts: Timeouts, app: Starlette, *, listeners: list[socket]
) -> None:
    """Serves in this process until SIGTERM or Ctrl-C."""
    server = Server(make_config(settings, timeouts, app))
    with suppress(KeyboardInterrupt):
        server.run(sockets=listeners)
    if not server.started:
        sys.exit(STARTUP_FAILURE)
