"""The cost of metrics: one server, whose metrics are switched off and on in short turns."""

import itertools
import statistics
import sys
import time
from collections.abc import Iterator
from signal import Signals

from bench.case import Case, Figures, Run
from bench.cases.loading import require_good
from bench.cases.reads import make_small
from bench.load.http_load import run_closed_loop
from bench.load.processes import read_cpu_time
from bench.load.requests import check_graphql
from bench.servers.metrics_switch import OFF, ON

# Few, because each turn opens them anew.
CONNECTIONS = 8
# Some 100 ms: other programs on the machine disturb both turns of a pair alike.
REQUESTS_PER_TURN = 80


async def measure_cost(run: Run) -> Figures:
    """Compares the CPU time of the server's process in many pairs of short turns."""
    requests = itertools.cycle(make_small(run.world, has_graphql=True))
    await _measure_pairs(run, requests, seconds=run.pick(quick=3.0, full=5.0))
    pairs = await _measure_pairs(run, requests, seconds=run.pick(quick=20.0, full=240.0))
    costs = [(on / off - 1) * 100 for on, off in pairs]
    low, median, high = statistics.quantiles(costs, n=4)
    return {
        "cost_percent": median,
        # The standard error of a median of normally distributed values with these quartiles.
        "error_percent": 0.93 * (high - low) / len(pairs) ** 0.5,
        "pairs": float(len(pairs)),
        "on_us": statistics.median(on for on, _ in pairs) * 1e6,
        "off_us": statistics.median(off for _, off in pairs) * 1e6,
    }


async def _measure_pairs(
    run: Run, requests: Iterator[bytes], *, seconds: float
) -> list[tuple[float, float]]:
    """Returns the CPU seconds per request with metrics on and off, at least three pairs."""
    pairs: list[tuple[float, float]] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(pairs) < 3:
        order = (ON, OFF) if len(pairs) % 2 else (OFF, ON)
        turns = {signal: await _measure_turn(run, signal, requests) for signal in order}
        pairs.append((turns[ON], turns[OFF]))
    run.server.child.send_signal(ON)
    return pairs


async def _measure_turn(run: Run, signal: Signals, requests: Iterator[bytes]) -> float:
    """Returns the CPU seconds per request with metrics off or on."""
    pid = run.server.child.pid
    run.server.child.send_signal(signal)
    before = read_cpu_time(pid)
    result = await run_closed_loop(
        run.server.port,
        itertools.islice(requests, REQUESTS_PER_TURN),
        connections=CONNECTIONS,
        check=check_graphql,
    )
    require_good(result)
    return (read_cpu_time(pid) - before) / result.count


CASES = [
    Case(
        "metrics",
        "metrics on instead of off, of a small query",
        measure_cost,
        main="cost_percent",
        unit="% of CPU time",
        less_is_better=True,
        shown=("error_percent", "pairs", "on_us", "off_us"),
        messages=10_000,
        only_wagraph=True,
        rounds=1,
        command=(sys.executable, "-m", "bench.servers.metrics_switch", "serve"),
    )
]
