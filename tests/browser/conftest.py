"""A sandbox of its own for each test, with free ports and a folder that goes away, and Node."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import find_data_folder

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START_SECONDS = 120.0
STOP_SECONDS = 30.0
NODE_SECONDS = 300.0


def find_free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different because they are held at the same time."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@pytest.fixture
def changes() -> dict[str, str]:
    """Settings of the server."""
    return {}


@pytest.fixture
def home() -> Iterator[Path]:
    """The folder of the sandbox, with the data of its MongoDB."""
    with tempfile.TemporaryDirectory(prefix="wagraph-home-", dir=find_data_folder()) as folder:
        yield Path(folder) / "home"


@pytest.fixture
def sandbox(tmp_path: Path, home: Path, changes: dict[str, str]) -> Iterator[dict[str, str]]:
    """A running, seeded sandbox, as the environment that the Node test reads."""
    port, sandbox_port = find_free_ports(2)
    log = tmp_path / "sandbox.log"
    # The embedded MongoDB, so that the developer's own database gets no demo account.
    inherited = {name: value for name, value in os.environ.items() if name != "MONGODB_URI"}
    environment = (inherited | changes) | {
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "SANDBOX_HOME": str(home),
        "PYTHONPATH": str(ROOT),
    }
    # Started elsewhere, so that no .env of the checkout is read.
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox"],
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(process, log)
        yield {
            "WAGRAPH_URL": f"http://127.0.0.1:{port}",
            "SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
            "WAGRAPH_KEY": (home / "api-key").read_text().strip(),
            "SANDBOX_HOME": str(home),
            "SANDBOX_LOG": str(log),
        }
    finally:
        stop(process)


def wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits for the launcher's line that the server and the demo account are ready."""
    deadline = time.monotonic() + START_SECONDS
    while "wagraph is running" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_node(environment: dict[str, str], *files: str, seconds: float = NODE_SECONDS) -> str:
    """Runs Node's tests of files in this folder, one after another. Returns their output."""
    result = subprocess.run(
        # A test that failed leaves servers open, for which Node would wait.
        ["node", "--test", "--test-force-exit", "--test-concurrency=1", *files],
        cwd=HERE,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )

    assert result.returncode == 0, result.stdout
    return result.stdout
