"""Whether reading gets slower as data grows, from a thousand messages to a million."""

import itertools

from bench.case import Case, Figures, Run
from bench.cases.loading import require_good
from bench.cases.reads import READS
from bench.http_load import run_closed_loop
from bench.requests import choose_check
from bench.world import SIZES

# One caller alone: what it waits for is the work, not a queue.
CONNECTIONS = 1


async def measure_growth(run: Run) -> Figures:
    figures: Figures = {}
    contender = run.server.contender
    check = choose_check(contender.has_graphql)
    async with run.measured(figures):
        for name in ("inbox", "messages"):
            requests = itertools.cycle(READS[name](run.world, contender.has_graphql))
            for seconds in (run.pick(quick=1.5, full=2), run.pick(quick=1.5, full=3)):
                result = await run_closed_loop(
                    run.server.port, requests, connections=CONNECTIONS, check=check, seconds=seconds
                )
            require_good(result)
            figures[f"{name}_p50_ms"] = result.percentile_ms(50)
    return figures


CASES = [
    Case(
        f"growth_{size}",
        f"inbox page with {size:,} messages, one caller, p50",
        measure_growth,
        main="inbox_p50_ms",
        unit="ms",
        less_is_better=True,
        shown=("messages_p50_ms",),
        messages=size,
        needs_graphql=False,
        rounds=1,
        only_main=True,
    )
    for size in SIZES
]
