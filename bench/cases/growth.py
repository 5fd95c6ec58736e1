"""Read latency as data grows from a thousand messages to a million."""

import itertools
import statistics

from bench.case import Case, Figures, Run
from bench.cases.loading import require_good
from bench.cases.reads import READS
from bench.load.http_load import run_closed_loop
from bench.load.requests import choose_check
from bench.world import SIZES

# A single caller, so that latency has no queueing.
CONNECTIONS = 1
# Number of turns for the median, because single pages of a few milliseconds are noisy.
TURNS = 5


async def measure_growth(run: Run) -> Figures:
    figures: Figures = {}
    contender = run.server.contender
    check = choose_check(contender.has_graphql)
    requests = {
        name: itertools.cycle(READS[name](run.world, contender.has_graphql))
        for name in ("inbox", "messages")
    }
    found: dict[str, list[float]] = {name: [] for name in requests}
    async with run.measured(figures):
        # The first turn is the warm-up.
        for turn in range(TURNS + 1):
            for name, own in requests.items():
                result = await run_closed_loop(
                    run.server.port,
                    own,
                    connections=CONNECTIONS,
                    check=check,
                    seconds=run.pick(quick=0.5, full=1.5),
                )
                require_good(result)
                found[name] += [result.percentile_ms(50)] if turn else []
    return figures | {f"{name}_p50_ms": statistics.median(own) for name, own in found.items()}


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
