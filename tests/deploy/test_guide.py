"""docs/deploy.md: its secrets, its variables and the systemd unit."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.servers import ROOT
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings, load_settings

GUIDE = (ROOT / "docs/deploy.md").read_text()
UNIT = (ROOT / "deploy/wagraph.service").read_text()


def read_section(heading: str) -> str:
    return GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def read_block(heading: str, language: str = "") -> str:
    """Returns the first code block of this language in a section."""
    section = read_section(heading)
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    block: str = next(text for name, text in blocks if name == language)
    return block


def test_commands_make_readable_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(
        ["bash", "-euc", read_block("Secrets", "bash")],
        cwd=tmp_path,
        input="canary-app-secret\n",
        text=True,
        check=True,
        start_new_session=True,  # without a terminal, the answer comes from stdin
    )
    monkeypatch.chdir(tmp_path)
    for name in ("encryption_keys", "meta_app_secret"):
        monkeypatch.setenv(f"{name.upper()}_FILE", f"secrets/{name}")

    settings = load_settings()

    assert settings.encryption_keys.get_secret_value().startswith("k1:")
    assert settings.meta_app_secret is not None
    assert settings.meta_app_secret.get_secret_value() == "canary-app-secret"
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def read_unit() -> dict[str, list[str]]:
    """Returns the values of the section Service."""
    values: dict[str, list[str]] = {}
    section = UNIT.partition("[Service]\n")[2].partition("\n[")[0]
    for line in section.splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            values.setdefault(name, []).append(value)
    return values


def test_unit_hands_secrets_over_as_files() -> None:
    unit = read_unit()
    variables = dict(pair.split("=", 1) for line in unit["Environment"] for pair in line.split())
    credentials = dict(line.split(":") for line in unit["LoadCredential"])
    secrets = {name for name in variables if not name.startswith("PYTHON")}

    assert secrets == {f"{name.upper()}_FILE" for name in credentials}
    assert {name.removesuffix("_FILE").lower() for name in secrets} <= set(Settings.model_fields)
    assert {variables[name] for name in secrets} == {f"%d/{name}" for name in credentials}
    assert int(unit["TimeoutStopSec"][0]) > Timeouts().worker_stop_seconds


def test_unit_and_guide_name_the_same_paths() -> None:
    unit, commands = read_unit(), read_block("systemd", "bash")

    assert unit["WorkingDirectory"] == ["/srv/wagraph"]
    assert unit["ExecStart"] == ["/srv/wagraph/.venv/bin/python manage.py serve"]
    assert "python3.11 -m venv /srv/wagraph/.venv" in commands
    assert "cp secrets/* /etc/wagraph/" in commands
    assert unit["EnvironmentFile"] == ["/etc/wagraph/env"]
    assert "Write `/etc/wagraph/env`" in read_section("systemd")
    copied, built = re.findall(r"cp -r (.*) /srv/wagraph/", commands)
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    product = packages - {"bench", "sandbox", "scripts", "tests"}
    modules = {file.name for file in ROOT.glob("*.py")}
    assert set(copied.split()) == product | modules | {"requirements.lock"}
    assert built == "--parents web/dist"


def test_guide_runs_commands_as_service_does() -> None:
    unit = read_unit()
    function = re.search(
        r"^manage\(\) \{.*?^\}$", read_section("systemd"), re.DOTALL | re.MULTILINE
    )
    assert function is not None
    # `sudo` prints the arguments that it would run.
    script = f'sudo() {{ printf "%s\\n" "$@"; }}\n{function[0]}\nmanage check --name "Your name"'

    arguments = subprocess.check_output(["bash", "-euc", script], text=True).splitlines()

    assert f"--working-directory={unit['WorkingDirectory'][0]}" in arguments
    assert f"--property=EnvironmentFile={unit['EnvironmentFile'][0]}" in arguments
    assert {text for text in arguments if text.startswith("--setenv=")} == {
        f"--setenv={name.upper()}_FILE={path}"
        for name, path in (line.split(":") for line in unit["LoadCredential"])
    }
    serve = [*unit["ExecStart"][0].split()[:-1], "check", "--name", "Your name"]
    assert arguments[-len(serve) :] == serve


def test_shown_variables_are_settings() -> None:
    names = {line.partition("=")[0] for line in read_block("systemd").splitlines()}

    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_compose_variables_are_those_of_the_file() -> None:
    names = {line.partition("=")[0] for line in read_block("Compose").splitlines()}
    used = set(re.findall(r"\$\{(\w+):-", (ROOT / "compose.yaml").read_text()))

    assert names == used
