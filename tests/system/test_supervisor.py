"""The supervisor if starting a process fails or a process ends unexpectedly."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# In a separate process, because it waits for signals and ends its children. The last worker tells
# the supervisor to stop.
PROGRAM = """
import errno, logging, os, signal, sys
from serving import supervisor
from whatsapp.common.timeouts import Timeouts

logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
forks, starts = iter([errno.EAGAIN, errno.ENOMEM]), []
fork = os.fork

def fork_later():
    if (code := next(forks, None)) is not None:
        raise OSError(code, os.strerror(code))
    starts.append(1)
    return fork()

def run_worker(slot, heartbeats):
    if len(starts) == 1:
        os.kill(os.getpid(), signal.SIGRTMIN + 1)
    os.kill(os.getppid(), signal.SIGTERM)
    signal.pause()

os.fork = fork_later
sys.exit(supervisor.Supervisor(
    count=1,
    run_worker=run_worker,
    close_listeners=lambda: None,
    timeouts=Timeouts(worker_restart_seconds=0.1),
).run())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="has real-time signals")
async def test_supervisor_survives_failed_starts_and_signals() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        written, _ = await process.communicate()

    told = [line for line in written.decode().splitlines() if not line.startswith("Started")]
    assert [line.rpartition("(")[2] for line in told] == [
        "Resource temporarily unavailable); retrying",
        "Cannot allocate memory); retrying",
        f"signal {signal.SIGRTMIN + 1}); starting another",
    ]
    assert process.returncode == 0
