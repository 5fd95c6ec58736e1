"""What cases do alike: requests sent and waited for, and the figures that come of it."""

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
    """All of them, as fast as they are answered."""
    return await run_closed_loop(
        run.server.port, iter(requests), connections=CONNECTIONS, check=check
    )


async def offer(run: Run, requests: Iterable[bytes], *, rate: float) -> LoadResult:
    """All of them, so many a second, whether or not they are answered."""
    loop = OpenLoop(run.server.port, connections=CONNECTIONS_AT_A_RATE, check=check_status)
    return await loop.run(requests, rate=rate)


def require_good(result: LoadResult) -> None:
    """Raises CaseFailedError where an answer was bad or none came."""
    if result.failed or not result.count:
        raise CaseFailedError(f"{result.failed} bad answers, the first: {result.failure}")


async def wait_for_effects(find_missing: Callable[[], Awaitable[str | None]]) -> float:
    """When nothing was missing any more; `find_missing` says what still is.

    Raises:
        CaseFailedError: something is lost, or the server does not keep up at all.
    """
    deadline = time.perf_counter() + PROCESS_SECONDS
    while missing := await find_missing():
        if time.perf_counter() >= deadline:
            raise CaseFailedError(f"{missing} after {PROCESS_SECONDS:.0f} s")
        await asyncio.sleep(POLL_SECONDS)
    return time.perf_counter()


def describe(result: LoadResult, figures: Figures) -> Figures:
    """Of a load that was measured into `figures`."""
    return {
        "rate": result.rate,
        "p50_ms": result.percentile_ms(50),
        "p99_ms": result.percentile_ms(99),
        **share_cpu(figures, result.count),
    }


def share_cpu(figures: Figures, count: int) -> Figures:
    """What each of so many cost, of what was measured into `figures`."""
    return {
        "server_cpu_ms_each": float(figures["server_cpu_s"]) * 1000 / count,
        "mongod_cpu_ms_each": float(figures["mongod_cpu_s"]) * 1000 / count,
    }
