"""Runs graphiql.test.mjs against a sandbox of its own: free ports, a folder that goes away.

Needs node, chromium and `npm ci` in this folder: `make test-browser` sees to the last.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.transport.graphiql import list_examples
from tests.graph.transport.test_graphiql_examples import get_title

pytestmark = pytest.mark.browser

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
def sandbox(tmp_path: Path, changes: dict[str, str]) -> Iterator[dict[str, str]]:
    """A running, seeded sandbox, as the environment that the Node test reads."""
    port, sandbox_port = find_free_ports(2)
    home, log = tmp_path / "home", tmp_path / "sandbox.log"
    environment = (os.environ | changes) | {
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "SANDBOX_HOME": str(home),
        "PYTHONPATH": str(ROOT),
    }
    # The embedded MongoDB, so that nobody's own database gets a demo account.
    environment.pop("MONGODB_URI", None)
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
            # Kept only if a folder is given.
            "SCREENSHOTS": os.environ.get("SCREENSHOTS", str(tmp_path)),
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


def test_graphiql_in_chromium(sandbox: dict[str, str]) -> None:
    titles = [get_title(example) for example in list_examples()]
    run_node("graphiql.test.mjs", sandbox | {"EXAMPLE_TITLES": json.dumps(titles)})


@pytest.mark.parametrize("changes", [{"INTROSPECTION": "false"}])
def test_graphiql_without_schema(sandbox: dict[str, str]) -> None:
    run_node("private_schema.test.mjs", sandbox)


def run_node(file: str, environment: dict[str, str]) -> None:
    result = subprocess.run(
        ["node", "--test", file],
        cwd=HERE,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=NODE_SECONDS,
        check=False,
    )

    assert result.returncode == 0, result.stdout
