"""Checks docs/models with Spin: the models keep their promises, and each seeded mistake breaks one.

`--deep` also checks pairs of faults, whose states are only sampled (bitstate hashing): minutes.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MODEL = Path(__file__).resolve().parents[1] / "docs" / "models" / "sending.pml"
MISSING = "Install %s first, on Debian: apt-get install spin gcc libc6-dev"
COMPILE = ("gcc", "-O1", "-w", "-DVECTORSZ=2048", "-o", "pan", "pan.c")
EXACT, SAMPLED = ("-DCOLLAPSE",), ("-DBITSTATE",)
DEPTH = "-m100000"
WORKERS = 2
RESULT = re.compile(r"errors: (\d+)")
STATES = re.compile(r"(\d\S*) states, stored")
FAULTS = ("CRASHES", "FREEZES", "LOST_CLAIMS", "HAND_OVERS")
TWICE, RESENT = "(accepted[i]==0)", "!(reported["
UNORDERED, LOST = "(accepted[1]==0)", "(owner==0)"


@dataclass(frozen=True)
class Check:
    """A search of the model's states; `broken` is the assertion that a mistake violates."""

    faults: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    broken: str | None = None
    finds_cycles: bool = False
    is_sampled: bool = False

    @property
    def title(self) -> str:
        kind = "endless executions" if self.finds_cycles else "states"
        return " ".join([*self.switches, kind, "with", " and ".join(self.faults) or "no fault"])


CHECKS = (
    Check(("FREEZES",)),
    Check(("CRASHES", "LOST_CLAIMS")),
    Check(("HAND_OVERS",)),
    Check(("LOST_CLAIMS",), ("TWO_CONVERSATIONS",)),
    Check(("CRASHES",), ("TWO_CONVERSATIONS",)),
    Check(("CRASHES",), finds_cycles=True),
    Check(("LOST_CLAIMS",), finds_cycles=True),
)
MISTAKES = (
    Check(("FREEZES",), ("POST_WITHOUT_LEASE_CHECK",), UNORDERED),
    Check(("FREEZES",), ("CLOCK_STOPS_WHILE_FROZEN",), UNORDERED),
    Check(("FREEZES",), ("MARK_DEAD_BLINDLY",), UNORDERED),
    Check(("FREEZES",), ("RENEW_WHEN_DEAD",), UNORDERED),
    Check(("FREEZES",), ("SWEEP_AT_TAKEOVER_ONLY",), LOST),
    Check(("HAND_OVERS",), ("HAND_OVER_WITHOUT_DRAIN",), UNORDERED),
    Check((), ("CLAIM_BEHIND_BACK_OFF",), UNORDERED),
    Check(("CRASHES",), ("TAKEOVER_REQUEUES",), TWICE),
    Check(("CRASHES",), ("NO_TAKEOVER",), LOST),
    Check((), ("LOST_ANSWER_REQUEUES",), TWICE),
    Check(("LOST_CLAIMS",), ("NO_READ_BACK",), TWICE),
    Check(("LOST_CLAIMS",), ("KEEP_ORPHANS",), LOST),
    Check((), ("IGNORE_STATUS",), RESENT),
    Check((), ("RETURN_UNCONDITIONALLY",), LOST),
    Check((), ("RESERVE_BEHIND_OTHERS",), UNORDERED),
    Check((), ("TOKEN_KNOWN_AFTERWARDS",), TWICE),
)
DEEP = (
    Check(("CRASHES", "FREEZES"), is_sampled=True),
    Check(("FREEZES", "LOST_CLAIMS"), is_sampled=True),
    Check(("FREEZES", "HAND_OVERS"), is_sampled=True),
    Check(("FREEZES",), finds_cycles=True),
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deep", action="store_true")
    deep = parser.parse_args(arguments).deep
    for program in ("spin", "gcc"):
        if shutil.which(program) is None:
            print(MISSING % program, file=sys.stderr)
            return 1
    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(run_check, [*CHECKS, *MISTAKES, *(DEEP if deep else ())]))
    return 0 if all(results) else 1


def run_check(check: Check) -> bool:
    """Returns True if Spin finds what is expected, and prints a line."""
    with tempfile.TemporaryDirectory() as folder:
        output = search(check, Path(folder))
    result, states = RESULT.search(output), STATES.search(output)
    if result is None:
        print(f"FAILED  {check.title}: Spin did not finish\n{output}")
        return False
    is_broken = result[1] != "0"
    is_expected = is_broken and check.broken in output if check.broken else not is_broken
    outcome = "counter-example found" if is_broken else "no error"
    count = states[1] if states else "?"
    print(f"{'ok' if is_expected else 'FAILED':6}  {check.title}: {outcome}, {count} states")
    if not is_expected:
        print(output)
    return is_expected


def search(check: Check, folder: Path) -> str:
    """Returns the output of Spin's verifier."""
    counts = [f"-D{fault}={int(fault in check.faults)}" for fault in FAULTS]
    switches = [f"-D{switch}" for switch in check.switches]
    kind = ("-DNP", "-DNOFAIR") if check.finds_cycles else ("-DSAFETY",)
    _run(folder, "spin", "-a", *counts, *switches, str(MODEL))
    _run(folder, *COMPILE, *kind, *(SAMPLED if check.is_sampled else EXACT))
    options = [*(["-l"] if check.finds_cycles else []), *(["-w30"] if check.is_sampled else [])]
    return _run(folder, "./pan", "-n", DEPTH, *options)


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
