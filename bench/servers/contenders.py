"""The compared servers, each a command with its settings in the environment."""

import asyncio
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM

import httpx

from bench.load.http_load import HOST
from bench.load.processes import Usage, read_usage
from bench.world import APP_SECRET, ENCRYPTION_KEYS, World
from sandbox.child_process import GuardedChild

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 15.0


class ContenderFailedError(Exception):
    """A server did not start or ended early; the message has the end of its log."""


@dataclass(frozen=True)
class Contender:
    name: str
    title: str
    command: tuple[str, ...]
    source: str
    """File that must exist for the contender to run."""
    has_graphql: bool = True
    processes_webhooks: bool = True
    """False: it only stores webhooks."""
    can_resume: bool = True
    """Subscriptions resume after a cursor."""
    is_main: bool = True
    """False: a reference server that runs in the first round only."""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def is_present(self) -> bool:
        program = self.command[0]
        modules_are_there = program != "node" or (ROOT / "bench/peer/node_modules").is_dir()
        return (ROOT / self.source).exists() and bool(shutil.which(program)) and modules_are_there


WAGRAPH = Contender(
    "wagraph",
    "wagraph",
    (sys.executable, "manage.py", "serve"),
    "manage.py",
    environment={
        # All load uses the same key and address.
        "RATE_LIMIT_PER_MINUTE": "0",
        "SOCKETS_PER_CREDENTIAL": "0",
        "LOG_LEVEL": "WARNING",
    },
)
YOGA = Contender("yoga", "graphql-yoga", ("node", "bench/peer/server.mjs"), "bench/peer/server.mjs")
YOGA_JIT = replace(
    YOGA,
    name="yoga-jit",
    title="graphql-yoga, compiled and batching",
    environment={"PEER_JIT": "1", "PEER_BATCH": "64"},
)
STOCK = Contender(
    "stock",
    "stock Strawberry",
    (sys.executable, "-m", "bench.servers.stock"),
    "bench/servers/stock.py",
    can_resume=False,
    is_main=False,
)
FLOOR = Contender(
    "floor",
    "bare Starlette",
    (sys.executable, "-m", "bench.servers.floor"),
    "bench/servers/floor.py",
    has_graphql=False,
    processes_webhooks=False,
    is_main=False,
)
CONTENDERS = {one.name: one for one in (WAGRAPH, YOGA, YOGA_JIT, STOCK, FLOOR)}


@dataclass
class Server:
    """A running contender."""

    contender: Contender
    port: int
    child: GuardedChild
    log: Path
    ready_seconds: float = 0.0
    """The time from its start until it was ready."""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def read_usage(self) -> Usage:
        if self.child.exit_code is not None:
            raise ContenderFailedError(f"{self.contender.name} ended: {self.read_log()}")
        return read_usage(self.child.pid)

    def read_log(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""


@asynccontextmanager
async def run_server(
    contender: Contender,
    world: World,
    *,
    mongodb_uri: str,
    graph_api_url: str,
    log: Path,
    core: int | None,
    settings: dict[str, str] | None = None,
    profile: Path | None = None,
) -> AsyncIterator[Server]:
    """Runs a contender on the database; yields once it is ready.

    Raises:
        ContenderFailedError: it did not become ready in time.
    """
    port = find_free_port()
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": world.database,
        "HOST": HOST,
        "PORT": str(port),
        "ENCRYPTION_KEYS": ENCRYPTION_KEYS,
        "META_APP_SECRET": APP_SECRET,
        "GRAPH_API_URL": graph_api_url,
        "PUBLIC_URL": f"http://{HOST}:{port}",
        "NODE_ENV": "production",
        **contender.environment,
        **(settings or {}),
    }
    pinned = () if core is None else ("taskset", "-c", str(core))
    log.unlink(missing_ok=True)  # noqa: ASYNC240 - nothing is measured yet
    child = GuardedChild([*pinned, *contender.command], output=log, environment=environment)
    started = time.monotonic()
    child.start()
    server = Server(contender, port, child, log)
    try:
        await _wait_until_ready(server)
        server.ready_seconds = time.monotonic() - started
        with _Profiler(child.pid, profile):
            yield server
    finally:
        await asyncio.to_thread(_stop, child)


class _Profiler:
    """Runs py-spy beside the server if a file for its flame graph is given."""

    def __init__(self, pid: int, file: Path | None) -> None:
        self._command = ["py-spy", "record", "--pid", str(pid), "--subprocesses", "--rate", "200"]
        self._command += ["--output", str(file)]
        self._child = GuardedChild(self._command) if file else None

    def __enter__(self) -> None:
        if self._child is not None:
            self._child.start()

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            self._child.send_signal(SIGINT)
            self._child.wait(30)


async def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        while time.monotonic() < deadline and server.child.exit_code is None:
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    raise ContenderFailedError(f"{server.contender.name} is not ready: {server.read_log()}")


def _stop(child: GuardedChild) -> None:
    child.send_signal(SIGTERM)
    if not child.wait(STOP_SECONDS):
        child.send_signal(SIGKILL)
        child.wait()


def find_free_port() -> int:
    """Returns a port below the range that the kernel uses for outgoing connections."""
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with suppress(OSError), closing(socket.create_server((HOST, port))):
            return port
