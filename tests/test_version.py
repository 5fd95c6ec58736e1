"""The version: one constant, shown by every program."""

import subprocess
import sys
import tomllib

import httpx

from models import Account
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.servers import ROOT
from version import VERSION

CHECK = """
mutation ($id: ID!) {
  checkAccount(input: { accountId: $id }) { account { id } userErrors { code } }
}
"""


def test_project_file_reads_version_from_module() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "version.VERSION"


def test_manage_prints_version() -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "--version"]

    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (result.returncode, result.stdout) == (0, f"wagraph {VERSION}\n")


async def test_health_probe_shows_version_as_json(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz", headers={"Accept": "application/json"})

    assert answer.json() == {"status": "ok", "version": VERSION}
    assert answer.headers["Vary"].startswith("Accept")


async def test_health_probe_is_text_unless_json_is_preferred(client: httpx.AsyncClient) -> None:
    accepted = ("*/*", "text/plain, application/json;q=0.5", "image/png", "")

    answers = [await client.get("/healthz", headers={"Accept": accept}) for accept in accepted]

    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "ok\n")] * 4


async def test_agent_reads_server_version(agent: GraphQLClient) -> None:
    data = await agent("{ viewer { serverVersion } }")

    assert data == {"viewer": {"serverVersion": VERSION}}


async def test_requests_to_meta_name_version(
    admin: GraphQLClient, account: Account, sandbox: httpx.AsyncClient
) -> None:
    accounts = await admin("{ accounts { edges { node { id } } } }")

    await admin(CHECK, id=accounts["accounts"]["edges"][0]["node"]["id"])

    requests = (await sandbox.get("/sandbox/requests")).json()["requests"]
    assert {request["headers"]["user-agent"] for request in requests} == {f"wagraph/{VERSION}"}
