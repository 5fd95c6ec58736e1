"""A worker process, forked by the supervisor."""

import logging
import mmap
import os
import signal
import socket
import threading
import time
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from serving.server import STARTUP_FAILURE, Server, make_config
from telemetry.metrics.shared_values import shared_memory
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)


class Heartbeats:
    """Times of the workers' last loop iterations, in shared memory."""

    def __init__(self, count: int) -> None:
        self._times = memoryview(mmap.mmap(-1, 8 * count)).cast("d")

    def beat(self, slot: int) -> None:
        """Records a heartbeat; the start is one, to detect a worker that hangs before it serves."""
        self._times[slot] = time.monotonic()

    def silent_seconds(self, slot: int) -> float:
        return time.monotonic() - self._times[slot]


class Lifeline:
    """A pipe that closes when the supervisor, the only holder of its writing end, has ended."""

    def __init__(self, *, stop_seconds: float) -> None:
        self._stop_seconds = stop_seconds
        self._reading, self._writing = os.pipe()

    def hold(self) -> None:
        """Makes the calling worker stop when the supervisor has ended, even if it was killed."""
        os.close(self._writing)
        threading.Thread(target=self._wait, name="lifeline", daemon=True).start()

    def _wait(self) -> None:
        # Signals must reach the main thread, which handles them.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        os.read(self._reading, 1)
        logger.error("The supervisor has ended; stopping")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(self._stop_seconds)
        os._exit(1)


class WorkerServer(Server):
    def __init__(self, config: uvicorn.Config, *, slot: int, heartbeats: Heartbeats) -> None:
        super().__init__(config)
        self._slot = slot
        self._heartbeats = heartbeats

    async def on_tick(self, counter: int) -> bool:
        self._heartbeats.beat(self._slot)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Ctrl-C reaches every process of the terminal; the supervisor decides.
        if sig != signal.SIGINT:
            super().handle_exit(sig, frame)


def run_worker(
    settings: Settings,
    timeouts: Timeouts,
    app: Starlette,
    *,
    listeners: list[socket.socket],
    slot: int,
    heartbeats: Heartbeats,
) -> int:
    """Serves until SIGTERM; returns the exit code."""
    shared_memory.use_slot(slot)
    server = WorkerServer(make_config(settings, timeouts, app), slot=slot, heartbeats=heartbeats)
    try:
        server.run(sockets=listeners)
    except SystemExit as error:  # the application did not start, and logged why
        return error.code if isinstance(error.code, int) else STARTUP_FAILURE
    return 0 if server.started else STARTUP_FAILURE
