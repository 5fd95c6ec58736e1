"""`python -m bench`: runs cases against contenders and writes the figures as JSON."""

import argparse
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import uvloop

from bench.cases import CASES
from bench.results import FOLDER, Results
from bench.runner import open_bench, run_rounds
from bench.servers.contenders import CONTENDERS


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--cases", help=f"comma-separated; of {', '.join(CASES)}")
    parser.add_argument("--contenders", help=f"comma-separated; of {', '.join(CONTENDERS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="short runs, to try something out")
    parser.add_argument(
        "--scale",
        type=float,
        default=0.1,
        help="of the rates offered (webhook_1000, end_to_end) or tried first (top_tier)",
    )
    parser.add_argument("--no-affinity", action="store_true", help="let the system place processes")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="flame graph of wagraph")
    parser.add_argument("--output", type=Path, help="where the figures go")
    return parser.parse_args()


async def main() -> None:
    arguments = parse_arguments()
    cases = [CASES[name] for name in _split(arguments.cases) or CASES]
    wanted = _split(arguments.contenders) or CONTENDERS
    contenders = [CONTENDERS[name] for name in wanted if CONTENDERS[name].is_present]
    for missing in set(wanted) - {one.name for one in contenders}:
        print(f"{missing} is not here: a dash", file=sys.stderr)
    output = arguments.output or FOLDER / f"{datetime.now():%Y%m%d-%H%M%S}.json"  # noqa: DTZ005
    results = Results(
        output, is_quick=arguments.quick, rounds=arguments.rounds, scale=arguments.scale
    )
    with tempfile.TemporaryDirectory(prefix="wagraph-bench-") as folder:
        async with open_bench(
            Path(folder),
            is_quick=arguments.quick,
            is_pinned=not arguments.no_affinity,
            scale=arguments.scale,
            profile=arguments.profile,
            settings=dict(one.split("=", 1) for one in arguments.settings),
        ) as bench:
            await run_rounds(bench, cases, contenders, arguments.rounds, results)
    print(f"written to {output}")


def _split(text: str | None) -> list[str]:
    return text.split(",") if text else []


if __name__ == "__main__":
    uvloop.run(main())
