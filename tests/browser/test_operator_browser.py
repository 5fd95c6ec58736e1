"""Runs the inbox's sign-in with the keys of an operator and of a workspace that is suspended."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from models import Role
from operations.api_keys import create_key
from sandbox.home import SandboxHome
from sandbox.mongod import EmbeddedMongod
from tests.browser.conftest import run_node
from whatsapp.settings import Settings

pytestmark = pytest.mark.browser

CREATE_WORKSPACE = """mutation { createWorkspace(input: {name: "Tenant"}) { workspace { id } } }"""
CREATE_KEY = """mutation ($id: ID!) {
  createApiKey(input: {name: "Tina", role: ADMIN, workspaceId: $id}) { token }
}"""


@pytest.fixture
def mongod(tmp_path: Path) -> Iterator[EmbeddedMongod]:
    mongod = EmbeddedMongod(tmp_path / "mongodb")
    mongod.start()
    yield mongod
    mongod.stop()


@pytest.fixture
def changes(mongod: EmbeddedMongod) -> dict[str, str]:
    return {"MONGODB_URI": mongod.uri}


async def test_operator_in_chromium(sandbox: dict[str, str], mongod: EmbeddedMongod) -> None:
    home = SandboxHome(Path(sandbox["SANDBOX_HOME"]))
    settings = Settings(mongodb_uri=mongod.uri, encryption_keys=home.encryption_keys)
    operator_key = await create_key(
        settings, name="Olga", role=Role.OPERATOR, phone_number_ids=None
    )
    headers = {"Authorization": f"Bearer {operator_key}"}
    async with httpx.AsyncClient(base_url=sandbox["WAGRAPH_URL"], headers=headers) as client:
        made = await client.post("/graphql", json={"query": CREATE_WORKSPACE})
        workspace_id = made.json()["data"]["createWorkspace"]["workspace"]["id"]
        request = {"query": CREATE_KEY, "variables": {"id": workspace_id}}
        key = (await client.post("/graphql", json=request)).json()["data"]["createApiKey"]["token"]

    run_node(
        sandbox | {"OPERATOR_KEY": operator_key, "TENANT_KEY": key, "WORKSPACE_ID": workspace_id},
        "operator.test.mjs",
    )
