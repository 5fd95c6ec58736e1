"""Fixtures of all tests: a real MongoDB, the real application, and a fake Meta.

An embedded mongod serves all workers of a run. Each worker has its own database, which is emptied
for each test. Only Meta is fake: the sandbox's Cloud API.
"""

import base64
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, aclosing
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from pymongo import MongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database

from models import make_default_workspace
from models.connection import create_client, prepare_database
from models.database.base import to_bson
from sandbox.mongod import EmbeddedMongod
from serving.serve import tune_gc
from tests.fixtures.documents import TEST_DIGESTS, bind_documents
from tests.fixtures.timeouts import make_timeouts
from whatsapp.common.crypto import KeyRing
from whatsapp.common.people import set_people_digests
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

pytest_plugins = [
    "tests.fixtures.world",
    "tests.fixtures.servers",
    "tests.fixtures.collector",
    "tests.fixtures.commands",
    "tests.fixtures.explained",
    "tests.fixtures.replica_set",
    "tests.fixtures.odd_mongods",
]

URI_VARIABLE = "TEST_MONGODB_URI"
# A write waits for the journal, which memory takes three times as fast as a disk.
MEMORY_FOLDER = Path("/dev/shm")
MEMORY_BYTES = 4 * 2**30
ENCRYPTION_KEYS = "k1:" + base64.b64encode(bytes(range(32))).decode()
# The time of an example says more about the machine than about the code.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")
_resources = ExitStack()
# For tests that write to a database of their own without an application.
set_people_digests(TEST_DIGESTS)
# Databases with all their indexes. A test that drops an index restores it.
_prepared: set[str] = set()


def pytest_configure(config: pytest.Config) -> None:
    # The controller starts MongoDB before its workers exist; they inherit the variable.
    if hasattr(config, "workerinput") or URI_VARIABLE in os.environ or config.option.collectonly:
        return
    temporary = tempfile.TemporaryDirectory(prefix="wagraph-tests-", dir=find_data_folder())
    folder = _resources.enter_context(temporary)
    mongod = _resources.enter_context(EmbeddedMongod(Path(folder)))
    # Saves each client two connections; tests of outages have a MongoDB of their own.
    os.environ[URI_VARIABLE] = f"{mongod.uri}&serverMonitoringMode=poll"
    _resources.callback(os.environ.pop, URI_VARIABLE, None)


def find_data_folder() -> Path | None:
    """Returns a folder in memory for the data of MongoDB; None if there is too little space."""
    if not MEMORY_FOLDER.is_dir() or shutil.disk_usage(MEMORY_FOLDER).free < MEMORY_BYTES:
        return None
    return MEMORY_FOLDER


def pytest_collection_finish() -> None:
    # As in a server, the garbage collector need not scan loaded modules again.
    tune_gc()


def pytest_unconfigure() -> None:
    _resources.close()


@pytest.fixture(scope="session")
def mongodb_uri() -> str:
    return os.environ[URI_VARIABLE]


@pytest.fixture(scope="session")
def database_name(worker_id: str) -> str:
    return f"test_{worker_id}"


@pytest.fixture
def settings(mongodb_uri: str, database_name: str, request: pytest.FixtureRequest) -> Settings:
    """Settings of the application under test; a parametrization adds its own."""
    changes = getattr(request, "param", {})
    return make_settings(mongodb_uri=mongodb_uri, mongodb_database=database_name, **changes)


@pytest.fixture
def timeouts(request: pytest.FixtureRequest) -> Timeouts:
    """Timeouts of the application under test. Tests of outages override it with `FAST` alone."""
    return make_timeouts(**getattr(request, "param", {}))


def make_settings(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "encryption_keys": ENCRYPTION_KEYS,
        "graph_api_url": "http://meta.test",
        "media_hosts": "http://meta.test",
        "send_rate_per_account": 1000.0,
        # All clients have the same address; tests of the limit set it.
        "failed_sign_ins_per_minute": 0,
    }
    return _read_settings(tuple(sorted((values | changes).items())))


@cache
def _read_settings(values: tuple[tuple[str, Any], ...]) -> Settings:
    # Ignores the machine's environment and .env file.
    return Settings(_env_file=None, **dict(values))


@pytest.fixture
def keyring() -> KeyRing:
    return KeyRing.from_text(ENCRYPTION_KEYS)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[AsyncDatabase[dict[str, Any]]]:
    """This worker's database: prepared, and empty but for the default workspace."""
    patient = make_timeouts()
    client = create_client(
        settings.mongodb_uri.get_secret_value(),
        operation_seconds=patient.mongodb_operation_seconds,
        reach_seconds=patient.mongodb_reach_seconds,
    )
    # `async with` would connect, which costs more than most tests do with it.
    async with aclosing(client):
        database = client[settings.mongodb_database]
        # Beanie is bound to a client; the indexes stay from test to test.
        if database.name not in _prepared:
            await prepare_database(database)
            _prepared.add(database.name)
        await bind_documents(database)
        _empty(_keep_client(settings.mongodb_uri.get_secret_value())[database.name])
        yield database


@cache
def _keep_client(uri: str) -> MongoClient[dict[str, Any]]:
    # Connecting for each test would cost more than emptying.
    return _resources.enter_context(MongoClient(uri))


def _empty(database: Database[dict[str, Any]]) -> None:
    for name in _list_filled(database):
        database[name].delete_many({})
    default = to_bson(make_default_workspace())
    # A server of the test before may make it too, while it ends.
    database["workspaces"].replace_one({"_id": default["_id"]}, default, upsert=True)


def _list_filled(database: Database[dict[str, Any]]) -> list[str]:
    """Returns the non-empty collections, in a single round trip."""
    names = database.list_collection_names(filter={"type": "collection"})
    # The schema version stays from test to test, as the indexes do.
    own = [name for name in names if not name.startswith("system.") and name != "schema"]
    first: list[list[Mapping[str, Any]]] = [
        [{"$limit": 1}, {"$project": {"_id": 0, "name": name}}] for name in own
    ]
    others: list[Mapping[str, Any]] = [
        {"$unionWith": {"coll": name, "pipeline": some}}
        for name, some in zip(own[1:], first[1:], strict=True)
    ]
    return [one["name"] for one in database[own[0]].aggregate([*first[0], *others])]


@pytest.fixture
def own_mongod(tmp_path: Path) -> Iterator[EmbeddedMongod]:
    """A MongoDB of this test's own, to stop and start."""
    with EmbeddedMongod(tmp_path / "mongodb") as mongod:
        yield mongod
