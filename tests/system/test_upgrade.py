"""Upgrades of a database: new indexes are built while the server serves."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import Role
from models.connection import create_client, prepare_database
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.mongod import EmbeddedMongod
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.servers import ROOT, ServerProcess, make_environment
from tests.fixtures.waiting import eventually
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

MakeServer = Callable[..., ServerProcess]
Database = AsyncDatabase[dict[str, Any]]


class TestableMongod(EmbeddedMongod):
    """A MongoDB with failpoints."""

    __test__ = False

    def _command(self, binary: Path) -> list[str]:
        return [*super()._command(binary), "--setParameter", "enableTestCommands=1"]


@pytest.fixture
def testable_mongod(tmp_path: Path) -> Iterator[EmbeddedMongod]:
    with TestableMongod(tmp_path / "mongodb") as mongod:
        yield mongod


@pytest.fixture
async def own_database(testable_mongod: EmbeddedMongod) -> AsyncIterator[Database]:
    async with create_client(testable_mongod.uri) as client:
        await prepare_database(client["wagraph"])
        yield client["wagraph"]


async def hold_index_builds(database: Database, *, mode: str) -> None:
    await database.client.admin.command(
        {"configureFailPoint": "hangAfterStartingIndexBuild", "mode": mode}
    )


async def test_missing_index_is_built_while_serving(
    testable_mongod: EmbeddedMongod, own_database: Database, make_server: MakeServer
) -> None:
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="Tests", role=Role.ADMIN)
    messages = own_database["messages"]
    await messages.insert_one({"text": "old"})
    await messages.drop_index("history")
    await hold_index_builds(own_database, mode="alwaysOn")
    servers = [
        make_server(MONGODB_URI=testable_mongod.uri, MONGODB_DATABASE="wagraph") for _ in range(2)
    ]
    try:
        for server in servers:
            server.start(constants={"models.indexes.BUILT_AT_ONCE": 0})
            async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
                answer = await GraphQLClient(http, token)("{ viewer { name } }")
            assert answer["viewer"]["name"]
    finally:
        await hold_index_builds(own_database, mode="off")

    async def is_built() -> bool:
        return any("Database upgrade complete." in server.log for server in servers)

    await eventually(is_built)
    assert "history" in await messages.index_information()


def run_migrate(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "migrate", *arguments],
        env=make_environment(settings, LOG_LEVEL="WARNING"),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


async def test_migrate_command_lists_and_runs_pending_migrations(
    settings: Settings, database: Database
) -> None:
    await database["media"].drop_index("conversation")

    before = run_migrate(settings, "--check")
    assert "conversation" not in await database["media"].index_information()
    done = run_migrate(settings)
    after = run_migrate(settings, "--check")

    assert (before.returncode, before.stdout) == (1, "index media.conversation\n")
    assert (done.returncode, done.stdout) == (0, "index media.conversation\n")
    assert (after.returncode, after.stdout) == (0, "The database is up to date.\n")
    assert "conversation" in await database["media"].index_information()
