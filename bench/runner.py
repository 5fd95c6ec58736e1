"""Runs cases in rounds: in a round each contender in turn, alone and newly started."""

import asyncio
import itertools
import os
import sys
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from bench.case import Case, CaseFailedError, NotSupportedError, Run
from bench.equality import fetch_answers, find_difference, find_problem
from bench.results import Results
from bench.servers.contenders import Contender, ContenderFailedError, Server, run_server
from bench.servers.fake_graph_api import FakeGraphAPI
from bench.world import World, open_client, seed_world
from sandbox.mongod import EmbeddedMongod
from sandbox.server import FakeCloudServer

SERVER_CORE, OTHERS_CORE = 0, 1


@dataclass
class Bench:
    """The environment shared by all contenders."""

    mongod: EmbeddedMongod
    client: AsyncMongoClient[dict[str, Any]]
    graph_api: FakeGraphAPI
    folder: Path
    is_quick: bool
    is_pinned: bool
    scale: float
    profile: Path | None = None
    settings: dict[str, str] = field(default_factory=dict)
    _worlds: dict[int, World] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def provide_world(self, case: Case) -> World:
        """Returns a common database for read-only cases, and a new database for other runs."""
        if case.changes_data:
            return await seed_world(self.client, "bench_changed", case.messages)
        if case.counts:
            return await seed_world(
                self.client, f"bench_{case.name}", sum(case.counts), counts=case.counts
            )
        if case.messages not in self._worlds:
            name = f"bench_{case.messages}"
            self._worlds[case.messages] = await seed_world(self.client, name, case.messages)
        return self._worlds[case.messages]

    @asynccontextmanager
    async def serve(
        self,
        contender: Contender,
        world: World,
        case: Case | None = None,
        meta: FakeCloudServer | None = None,
    ) -> AsyncIterator[Server]:
        wanted = case.settings if case else {}
        if case and case.command:
            contender = replace(contender, command=case.command)
        async with run_server(
            contender,
            world,
            mongodb_uri=self.mongod.uri,
            graph_api_url=meta.url if meta else self.graph_api.url,
            log=self.folder / f"{contender.name}.log",
            core=SERVER_CORE if self.is_pinned else None,
            settings=wanted | (self.settings if contender.name == "wagraph" else {}),
            profile=self.profile if contender.name == "wagraph" and case else None,
        ) as server:
            yield server

    async def run_case(self, case: Case, contender: Contender, results: Results) -> None:
        """Runs a case; its figures or failure go into the results."""
        if (case.needs_graphql and not contender.has_graphql) or (
            case.needs_processing and not contender.processes_webhooks
        ):
            return
        if case.only_wagraph and contender.name != "wagraph":
            return
        print(f"{case.name} · {contender.name}", flush=True)
        try:
            world = await self.provide_world(case)
            async with (
                _open_meta(case, world) as meta,
                self.serve(contender, world, case, meta) as server,
                asyncio.timeout(case.seconds),
            ):
                run = Run(
                    server=server,
                    world=world,
                    database=self.client[world.database],
                    mongod_pid=self.mongod.pid,
                    is_quick=self.is_quick,
                    scale=self.scale,
                    number=next(self._numbers),
                    meta=meta,
                )
                figures = await case.measure(run)
        except NotSupportedError:
            return
        except (CaseFailedError, ContenderFailedError, TimeoutError) as error:
            print(f"  FAILED: {error!r}", flush=True)
            results.add_failure(case, contender.name, f"{type(error).__name__}: {error}"[:500])
            return
        except Exception as error:  # noqa: BLE001 - the other cases are worth running
            traceback.print_exc()
            results.add_failure(case, contender.name, f"{type(error).__name__}: {error}"[:500])
            return
        shown = (f"{key} {_show(value)}" for key, value in figures.items())
        print("  " + " · ".join(shown), flush=True)
        results.add(case, contender.name, figures)

    async def compare_answers(
        self, contenders: list[Contender], case: Case, results: Results
    ) -> None:
        """Warns of the first difference between a contender's responses and the first contender's.

        JSON values are compared, so key order and spaces do not count.
        """
        first: dict[str, list[Any]] | None = None
        world = await self.provide_world(case)
        print("comparing answers", flush=True)
        for contender in contenders:
            try:
                async with self.serve(contender, world) as server:
                    answers = await fetch_answers(
                        server.port, world, has_graphql=contender.has_graphql
                    )
            except ContenderFailedError as error:
                results.warn(str(error))
                continue
            results.note_compared(contender.name)
            if first is None:
                first = answers
            for name, theirs in answers.items():
                difference = find_problem(theirs) or find_difference(first[name], theirs, name)
                if difference:
                    results.warn(f"{contender.name} answers otherwise: {difference}")


def _open_meta(case: Case, world: World) -> AbstractAsyncContextManager[FakeCloudServer | None]:
    return case.open_meta(world) if case.open_meta else nullcontext()


def _show(value: float | str) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


@asynccontextmanager
async def open_bench(
    folder: Path,
    *,
    is_quick: bool,
    is_pinned: bool,
    scale: float,
    profile: Path | None,
    settings: dict[str, str],
) -> AsyncIterator[Bench]:
    if is_pinned:
        # This process and MongoDB; servers get the other core.
        os.sched_setaffinity(0, {OTHERS_CORE})
    async with AsyncExitStack() as stack:
        mongod = await stack.enter_async_context(EmbeddedMongod(folder / "mongodb"))
        client = await stack.enter_async_context(open_client(mongod))
        graph_api = await stack.enter_async_context(FakeGraphAPI())
        yield Bench(
            mongod,
            client,
            graph_api,
            folder,
            is_quick,
            is_pinned,
            scale,
            profile=profile,
            settings=settings,
        )


async def run_rounds(
    bench: Bench, cases: list[Case], contenders: list[Contender], rounds: int, results: Results
) -> None:
    reading = next((case for case in cases if case.name in ("inbox", "messages", "small")), None)
    if reading and len(contenders) > 1:
        await bench.compare_answers(contenders, reading, results)
    started = time.monotonic()
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for case in [one for one in cases if number < one.rounds]:
            # Rotates the first contender, so that none always profits from a warm MongoDB.
            turn = number % len(contenders)
            for contender in contenders[turn:] + contenders[:turn]:
                if (number or case.only_main) and not contender.is_main:
                    continue
                await bench.run_case(case, contender, results)
    print(f"{time.monotonic() - started:.0f} s", flush=True)
