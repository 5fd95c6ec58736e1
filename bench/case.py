"""Definition of a case, and the environment it measures in."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from bench.load.processes import Usage, read_usage
from bench.servers.contenders import Server
from bench.world import World
from sandbox.server import FakeCloudServer

Figures = dict[str, float | str]


class CaseFailedError(Exception):
    """The responses were wrong or incomplete, so there is no figure."""


class NotSupportedError(Exception):
    """The contender lacks the feature: shown as a dash."""


@dataclass
class Run:
    """Runs a case against a freshly started contender."""

    server: Server
    world: World
    database: AsyncDatabase[dict[str, Any]]
    mongod_pid: int
    is_quick: bool
    scale: float
    """Factor for the rates of a case; 1 is a production machine."""
    number: int
    """Number of the run, for unique names."""
    meta: FakeCloudServer | None = None
    """The fake of Meta from the case's `open_meta`."""
    notes: list[str] = field(default_factory=list)

    def pick(self, *, quick: float, full: float) -> float:
        return quick if self.is_quick else full

    @asynccontextmanager
    async def measured(self, figures: Figures) -> AsyncIterator[None]:
        """Adds CPU seconds and memory of server and MongoDB to the figures."""
        gc.collect()
        gc.disable()
        before = self._read()
        try:
            yield
        finally:
            gc.enable()
        server, mongod = self._read()
        figures["server_cpu_s"] = server.cpu_seconds - before[0].cpu_seconds
        figures["mongod_cpu_s"] = mongod.cpu_seconds - before[1].cpu_seconds
        figures["peak_rss_mb"] = server.peak_rss_kb / 1024

    def _read(self) -> tuple[Usage, Usage]:
        return self.server.read_usage(), read_usage(self.mongod_pid)


# Cases that write get a small database of their own.
CHANGED_WORLD: dict[str, Any] = {"messages": 10_000, "changes_data": True}


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    measure: Callable[[Run], Awaitable[Figures]]
    main: str = "rate"
    """The figure that is compared."""
    unit: str = "/s"
    less_is_better: bool = False
    shown: tuple[str, ...] = ()
    """Additional figures in the table."""
    messages: int = 100_000
    """Number of messages in the database."""
    counts: tuple[int, ...] = ()
    """Number of messages of each customer, if not those of a support team."""
    changes_data: bool = False
    """Seed a new database for each run."""
    needs_graphql: bool = True
    needs_processing: bool = False
    """Skip servers that only store webhooks."""
    only_main: bool = False
    """Skip reference servers."""
    only_wagraph: bool = False
    """Skip all other servers, which lack the feature."""
    command: tuple[str, ...] | None = None
    """Starts another program instead of the contender's own."""
    open_meta: Callable[[World], AbstractAsyncContextManager[FakeCloudServer | None]] | None = None
    """Prepares the database and a fake of Meta before the server starts; by default, and for
    None, the minimal fake that all cases share."""
    seconds: float = 400.0
    """Maximum time of a run."""
    rounds: int = 100
    """Maximum number of rounds."""
    settings: dict[str, str] = field(default_factory=dict)
    note: str = ""
