"""A MongoDB that can't be used ends the start with one line that names cause and remedy."""

import pytest

from sandbox.mongod import LOOPBACK, EmbeddedMongod
from tests.fixtures.odd_mongods import AuthenticatingMongod, StandaloneMongod, step_down
from tests.fixtures.replica_set import Member
from tests.fixtures.servers import make_environment, run_manage
from whatsapp.settings import Settings


def refuse_start(settings: Settings, uri: str, *, command: str = "serve") -> str:
    """Returns the only line that a start with this URI prints."""
    result = run_manage(make_environment(settings, MONGODB_URI=uri, LOG_LEVEL="INFO"), command)
    assert (result.returncode, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    return line


@pytest.mark.parametrize("query", ["replicaSet=rs0", "directConnection=true", ""])
def test_standalone_server_is_refused(
    settings: Settings, standalone: StandaloneMongod, query: str
) -> None:
    address = f"{LOOPBACK}:{standalone.port}"

    line = refuse_start(settings, f"mongodb://{address}/?{query}")

    assert line.startswith(f"wagraph: MongoDB at {address} is a standalone server: ")
    assert "Start mongod with --replSet rs0 and run rs.initiate() once." in line


@pytest.mark.parametrize("query", ["replicaSet=wagraph", "directConnection=true"])
def test_uninitiated_set_is_refused(settings: Settings, uninitiated: Member, query: str) -> None:
    address = f"{LOOPBACK}:{uninitiated.port}"

    line = refuse_start(settings, f"mongodb://{address}/?{query}")

    assert line == (
        f"wagraph: MongoDB at {address} runs with --replSet, but its replica set was never"
        " initiated: run rs.initiate() once in mongosh."
    )


def test_other_set_is_refused(settings: Settings, mongodb_uri: str) -> None:
    line = refuse_start(settings, mongodb_uri.replace("replicaSet=wagraph", "replicaSet=rs9"))

    assert line.endswith(
        "belongs to the replica set wagraph, not to rs9: correct replicaSet in MONGODB_URI."
    )


def test_set_without_primary_is_distinguished(
    settings: Settings, own_mongod: EmbeddedMongod
) -> None:
    step_down(own_mongod)

    line = refuse_start(settings, own_mongod.uri, command="list-api-keys")

    assert line == (
        f"wagraph: MongoDB at {LOOPBACK}:{own_mongod.port} has no primary: start the majority of"
        " its members."
    )


def test_wrong_password_is_refused(
    settings: Settings, authenticating: AuthenticatingMongod
) -> None:
    line = refuse_start(settings, authenticating.make_uri("root", "canary-wrong"))

    assert line.startswith(
        f"wagraph: MongoDB at {LOOPBACK}:{authenticating.port} refuses the user or password"
    )
    assert "canary" not in line
