"""The figures of a run, written to a file after each case."""

import json
import os
import platform
import statistics
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.case import Case, Figures

FOLDER = Path(__file__).parent / "results"
PUBLISHED = FOLDER / "published.json"
"""The results published in the documentation."""


class Results:
    def __init__(self, file: Path, *, is_quick: bool, rounds: int, scale: float) -> None:
        self._file = file
        self.data: dict[str, Any] = {
            "machine": describe_machine(),
            "is_quick": is_quick,
            "rounds": rounds,
            "scale": scale,
            "compared": [],
            "warnings": [],
            "cases": {},
        }

    def add(self, case: Case, contender: str, figures: Figures) -> None:
        self._runs_of(case, contender).append(dict(figures))
        self._write()

    def add_failure(self, case: Case, contender: str, problem: str) -> None:
        self._runs_of(case, contender).append({"failed": problem})
        self._write()

    def note_compared(self, contender: str) -> None:
        """Notes that a contender's responses were compared; differences are warnings."""
        self.data["compared"].append(contender)
        self._write()

    def warn(self, text: str) -> None:
        print(f"  WARNING: {text}", flush=True)
        self.data["warnings"].append(text)
        self._write()

    def _runs_of(self, case: Case, contender: str) -> list[Figures]:
        runs: list[Figures] = self.data["cases"].setdefault(case.name, {}).setdefault(contender, [])
        return runs

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.data, indent=1, ensure_ascii=False)
        self._file.write_text(text + "\n")


def find_medians(runs: list[Figures]) -> Figures | None:
    """Returns the median of each figure over the rounds; None if a run failed or is missing."""
    if not runs or any("failed" in run for run in runs):
        return None
    return {
        name: statistics.median(float(run[name]) for run in runs)
        if isinstance(runs[0][name], int | float)
        else runs[0][name]
        for name in runs[0]
        if all(name in run for run in runs)
    }


def describe_machine() -> dict[str, str]:
    node = _ask("node", "--version")
    commit = _ask("git", "rev-parse", "--short", "HEAD")
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpus": f"{os.cpu_count()} × {_read_cpu_name()}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "node": node,
        "commit": commit,
        "load": " ".join(f"{one:.1f}" for one in os.getloadavg()),
    }


def _read_cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _ask(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "–"
    return done.stdout.strip()
