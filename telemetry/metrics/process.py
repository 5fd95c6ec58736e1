"""The server processes: event loop, garbage collection, memory and CPU, all workers together."""

import asyncio
import gc
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from telemetry.metrics.registry import make_counter, make_gauge, make_histogram, make_histograms

SAMPLE_SECONDS = 0.25
# Samples of the loop per sample of memory and open files, which cost more.
SAMPLES_PER_READING = 20
_PROC = Path("/proc/self")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

WORKERS = make_gauge("wagraph_process_workers", "Server processes that run.")
LOOP_LAG = make_histogram(
    "wagraph_process_loop_lag_seconds",
    "Delay of a timer of the event loop: how long callbacks and the CPU kept it waiting.",
)
GC_PAUSES = make_histograms(
    "wagraph_process_gc_pause_seconds",
    "Garbage collections, by generation.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
    generation=("0", "1", "2"),
)
CPU_SECONDS = make_counter("wagraph_process_cpu_seconds_total", "CPU time of user and system.")
MEMORY_BYTES = make_gauge(
    "wagraph_process_resident_memory_bytes",
    "Resident memory; pages that workers share count for each of them.",
)
OPEN_FILES = make_gauge("wagraph_process_open_files", "Open files and sockets.")


class ProcessMonitor:
    """Measures this process until `run` is cancelled."""

    def __init__(self, read_pools: Callable[[], None]) -> None:
        """`read_pools` is called with each sample of the loop."""
        self._read_pools = read_pools
        self._collecting_since = 0.0
        self._cpu_seconds = 0.0

    async def run(self) -> None:
        gc.callbacks.append(self._note_collection)
        WORKERS.set(1)
        try:
            while True:
                self._read_usage()
                for _ in range(SAMPLES_PER_READING):
                    started = time.perf_counter()
                    await asyncio.sleep(SAMPLE_SECONDS)
                    LOOP_LAG.observe(max(time.perf_counter() - started - SAMPLE_SECONDS, 0.0))
                    self._read_pools()
        finally:
            gc.callbacks.remove(self._note_collection)
            WORKERS.set(0)

    def _note_collection(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            self._collecting_since = time.perf_counter()
        else:
            seconds = time.perf_counter() - self._collecting_since
            GC_PAUSES[str(info["generation"])].observe(seconds)

    def _read_usage(self) -> None:
        used = time.process_time()
        CPU_SECONDS.inc(used - self._cpu_seconds)
        self._cpu_seconds = used
        try:
            pages = int((_PROC / "statm").read_text().split()[1])
            files = sum(1 for _ in (_PROC / "fd").iterdir())
        except OSError:
            return  # only Linux has them
        MEMORY_BYTES.set(pages * _PAGE_BYTES)
        OPEN_FILES.set(files)
