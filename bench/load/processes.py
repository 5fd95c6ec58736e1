"""CPU seconds and memory of a process and its children, from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    cpu_seconds: float
    rss_kb: int
    peak_rss_kb: int


def read_usage(session: int) -> Usage:
    """Returns the usage of a session: each child leads a session, which includes its workers."""
    cpu, rss, peak = 0.0, 0, 0
    for pid in _list_session(session):
        try:
            cpu += _read_cpu(pid)
            status = (_PROC / pid / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # the process has ended
        rss += _read_kb(status, "VmRSS:")
        peak += _read_kb(status, "VmHWM:")
    return Usage(cpu, rss, peak)


def read_cpu_time(pid: int) -> float:
    """Returns the CPU seconds of a process without its children, to the nanosecond."""
    tasks = (_PROC / str(pid) / "task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _list_session(session: int) -> list[str]:
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = _read_stat(entry.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session:
            found.append(entry.name)
    return found


def _read_stat(pid: str) -> list[str]:
    # The name in brackets may contain spaces; the state follows it.
    return (_PROC / pid / "stat").read_text().rpartition(")")[2].split()


def _read_cpu(pid: str) -> float:
    fields = _read_stat(pid)
    return sum(map(int, fields[11:15])) / _TICKS  # including ended children


def _read_kb(status: str, name: str) -> int:
    _, found, rest = status.partition(name)
    return int(rest.split(None, 1)[0]) if found else 0
