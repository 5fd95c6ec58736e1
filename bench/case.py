"""What a case is, and what it gets to measure with."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from bench.load.processes import Usage, read_usage
from bench.servers.contenders import Server
from bench.world import World

Figures = dict[str, float | str]


class CaseFailedError(Exception):
    """The answers were wrong or incomplete: there is no figure then, however fast they came."""


class NotSupportedError(Exception):
    """The contender has nothing like it: a dash in the table."""


@dataclass
class Run:
    """One case against one contender, freshly started."""

    server: Server
    world: World
    database: AsyncDatabase[dict[str, Any]]
    mongod_pid: int
    is_quick: bool
    scale: float
    """Of the rates that a case offers: 1 is a machine of production."""
    number: int
    """Differs between runs, so that each has names of its own."""
    notes: list[str] = field(default_factory=list)

    def pick(self, *, quick: float, full: float) -> float:
        return quick if self.is_quick else full

    @asynccontextmanager
    async def measured(self, figures: Figures) -> AsyncIterator[None]:
        """Puts CPU seconds and memory of server and MongoDB into the figures."""
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


# Of cases that write: a world of their own, which is quickly made.
CHANGED_WORLD: dict[str, Any] = {"messages": 10_000, "changes_data": True}


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    measure: Callable[[Run], Awaitable[Figures]]
    main: str = "rate"
    """The figure by which contenders are compared."""
    unit: str = "/s"
    less_is_better: bool = False
    shown: tuple[str, ...] = ()
    """Further figures in the table."""
    messages: int = 100_000
    """Size of the world."""
    changes_data: bool = False
    """Whether the world has to be made anew for each run."""
    needs_graphql: bool = True
    needs_processing: bool = False
    """Not for a server that only stores webhooks."""
    only_main: bool = False
    """Not for those that only show where the others stand."""
    rounds: int = 100
    """At most so many."""
    settings: dict[str, str] = field(default_factory=dict)
    note: str = ""
