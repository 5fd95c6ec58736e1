"""`python -m bench.report RESULTS`: the tables of docs/benchmarks.md, and its chart.

Replaces the text between markers and keeps the prose around it.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.case import Case, Figures
from bench.cases import CASES
from bench.chart import draw_chart
from bench.results import PUBLISHED, find_medians
from bench.servers.contenders import CONTENDERS, ROOT

DOCUMENT = ROOT / "docs/benchmarks.md"
CHART = ROOT / "docs/benchmarks.svg"
YOGAS = ("yoga", "yoga-jit")
FAILED, ABSENT = "failed", "–"
# Columns of the detail tables, by their heading.
DETAILS = {
    "CPU ms each": ("server_cpu_ms_each", "server_cpu_us_each"),
    "MongoDB CPU ms each": ("mongod_cpu_ms_each",),
    "p50 ms": ("p50_ms", "ack_p50_ms", "lag_p50_ms"),
    "p99 ms": ("p99_ms", "ack_p99_ms", "lag_p99_ms"),
    "peak RSS MB": ("peak_rss_mb",),
}


class Comparison:
    """The medians of a case."""

    def __init__(self, case: Case, runs: Mapping[str, list[Figures]]) -> None:
        self.case = case
        self._runs = runs
        self.medians = {name: find_medians(runs.get(name, [])) for name in CONTENDERS}

    def is_failed(self, contender: str) -> bool:
        """True if a run has no figures or lost acknowledged items."""
        runs = self._runs.get(contender, [])
        return any("failed" in run or float(run.get("lost", 0)) > 0 for run in runs)

    def find_main(self, contender: str) -> float | None:
        figures = self.medians[contender]
        if figures is None or self.is_failed(contender):
            return None
        return float(figures[self.case.main])

    def show_main(self, contender: str) -> str:
        if self.is_failed(contender):
            return FAILED
        figure = self.find_main(contender)
        return ABSENT if figure is None else show_number(figure)

    def _has_our_rate(self, contender: str) -> bool:
        """Latencies at different rates are not comparable."""
        ours, theirs = self.medians["wagraph"] or {}, self.medians[contender] or {}
        return ours.get("offered_rate") == theirs.get("offered_rate")

    def find_ratio(self, names: tuple[str, ...]) -> float | None:
        """Returns the factor by which wagraph is better than the best of these."""
        ours = self.find_main("wagraph")
        theirs = [
            one
            for one in (self.find_main(name) for name in names if self._has_our_rate(name))
            if one is not None
        ]
        if ours is None or not theirs:
            return None
        if self.case.less_is_better:
            return min(theirs) / ours
        return ours / max(theirs)


def show_number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def show_ratio(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.2f}×"


def write_main_table(comparisons: list[Comparison]) -> str:
    heads = ["case", "unit", *CONTENDERS, "to yoga", "to the faster yoga"]
    rows = [
        [
            f"`{one.case.name}`: {one.case.title}",
            one.case.unit + (", less is better" if one.case.less_is_better else ""),
            *(one.show_main(name) for name in CONTENDERS),
            show_ratio(one.find_ratio(("yoga",))),
            show_ratio(one.find_ratio(YOGAS)),
        ]
        for one in comparisons
    ]
    return write_table(heads, rows)


def write_detail_table(comparisons: list[Comparison]) -> str:
    heads = ["case", "server", *DETAILS, "further figures"]
    rows = [
        [f"`{one.case.name}`", name, *_list_details(one.case, figures)]
        for one in comparisons
        for name, figures in one.medians.items()
        if figures is not None
    ]
    return write_table(heads, rows)


def _list_details(case: Case, figures: Figures) -> list[str]:
    cells = [_find_detail(figures, names) for names in DETAILS.values()]
    in_cells = {name for names in DETAILS.values() for name in names}
    others = [name for name in case.shown if name not in in_cells and name in figures]
    further = (f"{name.replace('_', ' ')} {_show(figures[name])}" for name in others)
    return [*cells, ", ".join(further)]


def _find_detail(figures: Figures, names: tuple[str, ...]) -> str:
    name = next((one for one in names if one in figures), None)
    if name is None:
        return ABSENT
    value = float(figures[name])
    return show_number(value / 1000 if "_us_" in name else value)


def _show(value: float | str) -> str:
    return value if isinstance(value, str) else show_number(value)


def write_table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_failures(data: Mapping[str, Any]) -> str:
    """Lists failed runs with their reason, and differences between responses."""
    problems = [
        f"- `{case}`, {name}: {run['failed']}"
        for case, contenders in data["cases"].items()
        for name, runs in contenders.items()
        for run in runs
        if "failed" in run
    ]
    problems += [f"- {text}" for text in data["warnings"]]
    compared = data.get("compared", [])
    if len(compared) < 2:
        problems.append("- The answers of the servers were not compared in this run.")
    elif not data["warnings"]:
        problems.append(f"- The answers of {', '.join(compared)} were equal.")
    return "\n".join(problems)


def write_machine(data: Mapping[str, Any]) -> str:
    machine = data["machine"]
    kind = "short trial runs" if data["is_quick"] else "full runs"
    return (
        f"{machine['at']}, commit {machine['commit']}, {kind}, {data['rounds']} round(s), offered "
        f"rates × {data['scale']}: {machine['cpus']}, {machine['system']}, Python "
        f"{machine['python']}, Node {machine['node']}, load before {machine['load']}."
    )


def fill(text: str, name: str, content: str) -> str:
    """Returns the text with the part between a name's markers replaced."""
    pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    filled, count = re.subn(
        pattern, lambda found: f"{found[1]}{content}\n{found[2]}", text, flags=re.DOTALL
    )
    if count != 1:
        raise SystemExit(f"the document has {count} places for {name}")
    return filled


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("results", type=Path, nargs="?", default=PUBLISHED)
    data = json.loads(parser.parse_args().results.read_text())
    found = data["cases"]
    comparisons = [Comparison(case, found[name]) for name, case in CASES.items() if name in found]
    parts: dict[str, Callable[[], str]] = {
        "machine": lambda: write_machine(data),
        "figures": lambda: write_main_table(comparisons),
        "details": lambda: write_detail_table(comparisons),
        "failures": lambda: write_failures(data),
    }
    text = DOCUMENT.read_text()
    for name, write in parts.items():
        text = fill(text, name, write())
    DOCUMENT.write_text(text)
    ratios = {one.case.name: one.find_ratio(("yoga",)) for one in comparisons}
    CHART.write_text(draw_chart({name: one for name, one in ratios.items() if one is not None}))


if __name__ == "__main__":
    main()
