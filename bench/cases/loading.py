"""Shared parts of cases: sending requests, waiting, computing figures."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

from bench.case import CaseFailedError, Figures, Run
from bench.load.http_load import Check, LoadResult, OpenLoop, run_closed_loop
from bench.load.requests import check_status

CONNECTIONS = 32
CONNECTIONS_AT_A_RATE = 64
PROCESS_SECONDS = 120.0
POLL_SECONDS = 0.05


async def send_all(
    run: Run, requests: Iterable[bytes], *, check: Check = check_status
) -> LoadResult:
    """Sends all requests as fast as they are answered."""
    return await run_closed_loop(
        run.server.port, iter(requests), connections=CONNECTIONS, check=check
    )


async def offer(run: Run, requests: Iterable[bytes], *, rate: float) -> LoadResult:
    """Sends all requests at a fixed rate, whether or not they are answered."""
    loop = OpenLoop(run.server.port, connections=CONNECTIONS_AT_A_RATE, check=check_status)
    return await loop.run(requests, rate=rate)


def require_good(result: LoadResult) -> None:
    """Raises CaseFailedError if a response was wrong or missing."""
    if result.failed or not result.count:
        raise CaseFailedError(f"{result.failed} bad answers, the first: {result.failure}")


async def wait_for_effects(find_missing: Callable[[], Awaitable[str | None]]) -> float:
    """Waits until `find_missing` finds nothing.

    Raises:
        CaseFailedError: effects are lost, or the server does not keep up.
    """
    deadline = time.perf_counter() + PROCESS_SECONDS
    while missing := await find_missing():
        if time.perf_counter() >= deadline:
            raise CaseFailedError(f"{missing} after {PROCESS_SECONDS:.0f} s")
        await asyncio.sleep(POLL_SECONDS)
    return time.perf_counter()


def describe(result: LoadResult, figures: Figures) -> Figures:
    """Returns the figures of a load measured into `figures`."""
    return {
        "rate": result.rate,
        "p50_ms": result.percentile_ms(50),
        "p99_ms": result.percentile_ms(99),
        **share_cpu(figures, result.count),
    }


def share_cpu(figures: Figures, count: int) -> Figures:
    """Returns the CPU time per request from the CPU seconds in `figures`."""
    return {
        "server_cpu_ms_each": float(figures["server_cpu_s"]) * 1000 / count,
        "mongod_cpu_ms_each": float(figures["mongod_cpu_s"]) * 1000 / count,
    }
