"""The Dockerfile: its copied files, its user and its health check."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from scripts.image.build_context import BuildContext
from scripts.image.dockerfile import Stage, read_stages
from tests.fixtures.servers import ROOT, ServerProcess
from tests.fixtures.world import find_free_port
from whatsapp.settings import Settings

STAGES = read_stages(ROOT / "Dockerfile")
CONTEXT = BuildContext(ROOT)
# Run by developers only.
DEVELOPMENT = {"bench", "scripts", "tests"}


def list_copied(stage: Stage) -> set[str]:
    """Returns the names that a stage and its bases copy from the repository."""
    base = list_copied(STAGES[stage.base]) if stage.base in STAGES else set()
    copies = [statement.read_flags() for statement in stage.list("COPY")]
    return base | {name for flags, rest in copies if not flags for name in rest.split()[:-1]}


def list_modules() -> set[str]:
    """Returns the top-level modules and packages of the repository."""
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    return packages | {file.name for file in ROOT.glob("*.py")}


# The inbox, built.
BUILT = "web/dist"


def test_image_has_the_whole_product_and_no_more() -> None:
    product = list_modules() - DEVELOPMENT - {"sandbox"}

    assert list_copied(STAGES["server"]) == product | {"LICENSE", BUILT}
    assert list_copied(STAGES["sandbox"]) == product | {"LICENSE", BUILT, "sandbox"}
    assert list(STAGES)[-1] == "server"  # built if no target is named


def test_build_context_has_no_secret_and_no_test(tmp_path: Path) -> None:
    files = CONTEXT.list_files()
    names = {BUILT if file.is_relative_to(BUILT) else file.parts[0] for file in files}

    assert names == list_copied(STAGES["sandbox"]) | {"requirements-tracing.lock"}
    for name in (".env", ".git/config", "secrets/encryption_keys", ".sandbox/api-key", ".venv/x"):
        assert not CONTEXT.contains(Path(name)), name
    assert not CONTEXT.contains(Path("graph/core/__pycache__/ids.cpython-311.pyc"))
    assert CONTEXT.contains(Path("graph/core/ids.py"))


def test_images_run_as_unprivileged_user_in_exec_form() -> None:
    for name in ("server", "sandbox"):
        stage = STAGES[name]
        assert [statement.text for statement in stage.list("USER")] == ["10001:10001"]
        # Statements that follow would run as this user.
        assert [statement.keyword for statement in stage.statements[-2:]] == ["USER", "CMD"]
        # A shell would not pass on SIGTERM.
        assert stage.list("CMD")[0].read_command()[0] == "python"
    assert [statement.text for statement in STAGES["product"].list("STOPSIGNAL")] == ["SIGTERM"]


def test_base_images_are_pinned() -> None:
    bases = {stage.base for stage in STAGES.values()} - set(STAGES)

    assert bases == {"python:3.11-slim-bookworm"}


def test_dependencies_are_installed_with_hashes() -> None:
    commands = [statement.text for stage in STAGES.values() for statement in stage.list("RUN")]
    installs = [command for command in commands if "pip install" in command]
    lock = (ROOT / "requirements-tracing.lock").read_text()
    packages = re.findall(r"^[a-z0-9-]+==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)

    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "requirements-tracing.lock" in installs[0]
    assert [package for package in packages if "--hash=sha256:" not in package] == []


def test_labels_name_licence_and_version() -> None:
    labels = STAGES["server"].list("LABEL")[0].read_pairs()

    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    assert labels["org.opencontainers.image.version"] == "$VERSION"


def run_healthcheck(port: int) -> int:
    command = STAGES["product"].list("HEALTHCHECK")[0].read_command()
    assert command[0] == "python"
    return subprocess.run(
        [sys.executable, *command[1:]],
        env={"PATH": os.environ["PATH"], "PORT": str(port)},
        capture_output=True,
        check=False,
    ).returncode


def test_healthcheck_tells_a_server_from_none(
    make_server: Callable[..., ServerProcess],
    database: AsyncDatabase[dict[str, Any]],
) -> None:
    server = make_server()
    server.start()

    assert run_healthcheck(server.port) == 0
    assert run_healthcheck(find_free_port()) == 1


def test_image_variables_are_settings() -> None:
    statements = [line for stage in STAGES.values() for line in stage.list("ENV")]
    names = {name for statement in statements for name in statement.read_pairs()}

    assert names - {"PATH", "SANDBOX_HOME", "SANDBOX_HOST"} - {
        name for name in names if name.startswith("PYTHON")
    } <= {name.upper() for name in Settings.model_fields}
