"""Settings from files: secrets mounted as files, and `.env`."""

import os
from pathlib import Path
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from tests.conftest import ENCRYPTION_KEYS
from tests.fixtures.servers import ROOT, make_environment, run_manage
from whatsapp.settings import Settings

Environment = dict[str, str]


@pytest.fixture
def environment(settings: Settings) -> Environment:
    return make_environment(settings, LOG_LEVEL="WARNING")


def write_secret(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def refuse(environment: Environment, folder: Path) -> list[str]:
    """Returns the lines of a start that fails."""
    result = run_manage(environment, "serve", folder=folder)
    assert (result.returncode, result.stdout) == (1, "")
    return result.stderr.splitlines()


@pytest.mark.parametrize("line_break", ["", "\n", "\r\n"])
def test_secrets_come_from_files(
    environment: Environment,
    database: AsyncDatabase[dict[str, Any]],
    tmp_path: Path,
    line_break: str,
) -> None:
    for name in ("ENCRYPTION_KEYS", "MONGODB_URI"):
        secret = environment.pop(name) + line_break
        environment[f"{name}_FILE"] = write_secret(tmp_path, name, secret)

    result = run_manage(environment, "create-api-key", "--name", "CRM", folder=tmp_path)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("wag_")


def test_every_secret_may_come_from_file(tmp_path: Path, settings: Settings) -> None:
    secrets = {
        name
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    missing = str(tmp_path / "missing")

    lines = refuse(
        make_environment(settings)
        | {f"{name.upper()}_FILE": missing for name in secrets}
        | {"MONGODB_URI": "", "ENCRYPTION_KEYS": ""},
        tmp_path,
    )

    guide = (ROOT / "docs/settings.md").read_text()
    section = guide.partition("## Secrets from files")[2].partition("##")[0]
    assert {name for name in secrets if f"`{name.upper()}`" not in section} == set()
    assert len(secrets) >= 5
    assert sorted(lines) == sorted(
        f"wagraph: {name.upper()}_FILE can't be read: {missing}: No such file or directory"
        for name in secrets
    )


def test_secret_and_its_file_are_refused_together(environment: Environment, tmp_path: Path) -> None:
    path = write_secret(tmp_path, "keys", "canary")

    lines = refuse(environment | {"ENCRYPTION_KEYS_FILE": path}, tmp_path)

    assert lines == [
        "wagraph: ENCRYPTION_KEYS and ENCRYPTION_KEYS_FILE are both set: set only one of them"
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "can't be used: {path} is empty"),
        (b"\n", "can't be used: {path} is empty"),
        (b"canary\xff", "can't be read: {path} is not a UTF-8 text file"),
        (b"canary" * 50_000, "can't be read: {path}: File too large"),
        (None, "can't be read: {path}: Is a directory"),
    ],
)
def test_unusable_secret_file_is_named(
    environment: Environment, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "keys"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    del environment["ENCRYPTION_KEYS"]

    lines = refuse(environment | {"ENCRYPTION_KEYS_FILE": str(path)}, tmp_path)

    assert lines == [f"wagraph: ENCRYPTION_KEYS_FILE {said.format(path=path)}"]


def test_secret_pipe_without_writer_is_empty(environment: Environment, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    os.mkfifo(path)
    del environment["ENCRYPTION_KEYS"]

    lines = refuse(environment | {"ENCRYPTION_KEYS_FILE": str(path)}, tmp_path)

    assert lines == [f"wagraph: ENCRYPTION_KEYS_FILE can't be used: {path} is empty"]


def test_malformed_secret_file_is_not_shown(environment: Environment, tmp_path: Path) -> None:
    del environment["ENCRYPTION_KEYS"]
    path = write_secret(tmp_path, "keys", "k1:canary")

    [line] = refuse(environment | {"ENCRYPTION_KEYS_FILE": path}, tmp_path)

    assert line.startswith("wagraph: ENCRYPTION_KEYS is malformed: ")
    assert "canary" not in line


def test_environment_wins_over_secret_file_of_env_file(
    environment: Environment, database: AsyncDatabase[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "ENCRYPTION_KEYS_FILE=/missing\nMONGODB_URI=mongodb://127.0.0.1:9\n"
    )
    path = write_secret(tmp_path, "uri", environment.pop("MONGODB_URI"))

    result = run_manage(environment | {"MONGODB_URI_FILE": path}, "list-api-keys", folder=tmp_path)

    assert (result.returncode, result.stderr) == (0, "")


def test_example_says_which_values_to_fill_in(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())

    lines = refuse({"PATH": os.environ["PATH"]}, tmp_path)

    assert lines == [
        "wagraph: ENCRYPTION_KEYS is empty: give it a value",
        "wagraph: PUBLIC_URL is empty: give it a value",
    ]


async def test_filled_in_example_starts(
    environment: Environment, database: AsyncDatabase[dict[str, Any]], tmp_path: Path
) -> None:
    text = (ROOT / ".env.example").read_text()
    for name, value in {
        "ENCRYPTION_KEYS": ENCRYPTION_KEYS,
        "PUBLIC_URL": "https://wagraph.example.com",
    }.items():
        text = text.replace(f"\n{name}=\n", f"\n{name}={value}\n")
    (tmp_path / ".env").write_text(text)
    database_variables = {name: environment[name] for name in ("MONGODB_URI", "MONGODB_DATABASE")}

    result = run_manage(database_variables, "list-api-keys", folder=tmp_path)

    assert (result.returncode, result.stderr) == (0, "")


def test_unknown_variable_is_warned_about(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "SEND_RATE_PER_ACOUNT=canary\nPORT_FILE=/port\nQUITE_ANOTHER_THING=canary\n"
        "MONGO_URI=canary\nMONGO_INITDB_DATABASE=x\nSANDBOX_HOME=/x\nOTEL_SERVICE_NAME=x\nFORWARDED_ALLOW_IPS=*\nMETA_APP_SECRET_FILE=\n"
    )

    *warnings, _ = refuse(environment | {"MONGODB_URI": "mongo://nowhere"}, tmp_path)

    assert [line.partition(" WARNING ")[2] for line in warnings] == [
        "manage: SEND_RATE_PER_ACOUNT in .env is not a setting and has no effect:"
        " did you mean SEND_RATE_PER_ACCOUNT?",
        "manage: PORT_FILE in .env is not a setting and has no effect: did you mean PORT?",
        "manage: QUITE_ANOTHER_THING in .env is not a setting and has no effect.",
        "manage: MONGO_URI in .env is not a setting and has no effect: did you mean MONGODB_URI?",
    ]
    assert "canary" not in "".join(warnings)
