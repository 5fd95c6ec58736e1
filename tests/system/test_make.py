"""The Makefile as newcomers use it: help, progress of the installation, `make run`."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.child_process import GuardedChild
from tests.fixtures.servers import ROOT
from tests.fixtures.world import find_free_port

ORIGIN = "http://localhost:5173"
# Stands in for Python, pip and uv, of which pip and uv take a while.
TOOL = """\
#!/bin/sh
case "$0 $*" in
*" -c "*) exit {too_old} ;;
*" -m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python && cp "$0" .venv/bin/pip ;;
*/pip*) sleep 0.5 && cp "$0" .venv/bin/uv ;;
*/uv*) sleep 2 && exit {uv_exit} ;;
esac
"""


def run_make(
    *arguments: str, folder: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_make_alone_lists_each_target() -> None:
    alone, asked = run_make(), run_make("help")

    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    lines = [re.fullmatch(r"make ([a-z-]+) +\S.*", line) for line in alone.stdout.splitlines()]
    assert sorted(line[1] if line else "" for line in lines) == sorted(phony[1].split())
    assert (alone.returncode, alone.stderr) == (0, "")
    assert asked.stdout == alone.stdout


def make_project(folder: Path, *, too_old: int = 0, uv_exit: int = 0) -> dict[str, str]:
    """Copies the files to install; returns the environment with stand-ins for tools."""
    (folder / "scripts").mkdir()
    for name in ("Makefile", "scripts/show_progress.sh"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "requirements-dev.lock").write_text("anyio==4.0 \\\n    --hash=sha256:0\nidna==3.0\n")
    tool = folder / "python3.11"
    tool.write_text(TOOL.format(too_old=too_old, uv_exit=uv_exit))
    tool.chmod(0o755)
    return {"PYTHON": str(tool), "PROGRESS_SECONDS": "0.9"}


def test_installation_says_each_step(tmp_path: Path) -> None:
    environment = make_project(tmp_path)

    first = run_make(".venv/.ready", folder=tmp_path, **environment)
    second = run_make(".venv/.ready", folder=tmp_path, **environment)

    steps = [line for line in first.stdout.splitlines() if not line.startswith(" ")]
    assert steps == [
        "Creating the Python environment in .venv/ …",
        "Installing uv, which installs the packages …",
        "Installing 2 packages, with the embedded MongoDB, into .venv/ …",
    ]
    assert re.search(r"^  still at work after \d+ s$", first.stdout, re.MULTILINE)
    assert (first.returncode, first.stderr) == (0, "")
    assert "Installing" not in second.stdout


def test_failed_installation_is_repeated(tmp_path: Path) -> None:
    environment = make_project(tmp_path, uv_exit=7)

    results = [run_make(".venv/.ready", folder=tmp_path, **environment) for _ in range(2)]

    assert [result.returncode for result in results] == [2, 2]
    assert "Error 7" in results[1].stderr
    assert not (tmp_path / ".venv/.ready").exists()


def test_old_python_is_refused_before_installing(tmp_path: Path) -> None:
    environment = make_project(tmp_path, too_old=1)

    result = run_make("run", folder=tmp_path, **environment)

    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == (
        "wagraph needs Python 3.11 or later: make PYTHON=/path/to/python3.11"
    )
    assert not (tmp_path / ".venv").exists()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The project's files as in a new clone, with the environment of this one."""
    folder = tmp_path / "wagraph"
    listed = ["git", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if not name.startswith(("tests/", "bench/", "docs/")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


@pytest.fixture
def running(clone: Path) -> Iterator[tuple[str, Path]]:
    """`make run` with an origin in the environment, which wins over that in `.env`."""
    shutil.copy(clone / ".env.example", clone / ".env")
    assert ORIGIN not in (clone / ".env").read_text()
    port, log = find_free_port(), clone / "log"
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "SANDBOX_PORT": str(find_free_port()),
        "ALLOWED_ORIGINS": ORIGIN,
    }
    # The environment is up to date, although the copied lock file is newer than its stamp.
    command = ["make", "-C", str(clone), "--assume-old=.venv/.ready", "run"]
    child = GuardedChild(command, output=log, environment=environment)
    child.start()
    try:
        wait_for_welcome(child, log)
        yield f"http://127.0.0.1:{port}", log
    finally:
        if child.exit_code is None:
            os.killpg(child.pid, signal.SIGINT)
        assert child.wait(60)


def wait_for_welcome(child: GuardedChild, log: Path) -> None:
    deadline = time.monotonic() + 180
    while "Ctrl-C" not in log.read_text():
        assert child.exit_code is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def test_run_serves_origin_of_environment(running: tuple[str, Path]) -> None:
    url, log = running
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, traceparent",
    }

    allowed = httpx.options(f"{url}/graphql", headers=headers, timeout=60)
    of_file = httpx.options(
        f"{url}/graphql", headers=headers | {"Origin": "https://app.example.com"}, timeout=60
    )

    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert of_file.status_code == 400
    steps = [line for line in log.read_text().splitlines() if line.endswith(" …")]
    assert [step.split()[:2] for step in steps] == [
        ["Starting", "wagraph"],
        ["Starting", "the"],
        ["Starting", "the"],
        ["Starting", "the"],
        ["Preparing", "the"],
    ]
    assert f"GraphiQL          {url}/graphql#key=" in log.read_text()


def test_documents_show_origin_for_browser_apps() -> None:
    command = f"ALLOWED_ORIGINS={ORIGIN} make run"

    assert [
        name
        for name in ("README.md", "docs/spa-guide.md")
        if command not in (ROOT / name).read_text()
    ] == []
