"""Documents of version 0.1 belong to the default workspace, before and after they say so."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import DOCUMENTS, Account, Contact, Conversation, Message, WorkspaceUsage
from models.connection import prepare_database
from models.database.base import (
    DEFAULT_WORKSPACE_ID,
    WORKSPACE_FIELD,
    InWorkspace,
    Unmigrated,
    collection,
    new_id,
)
from models.migrations import MIGRATIONS
from models.migrations.migration import Progress
from models.migrations.runner import migrate
from models.migrations.workspaces import (
    BATCH_SIZE,
    ENTER_WORKSPACE,
    FOLLOW_INTO_WORKSPACE,
)
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message

Database = AsyncDatabase[dict[str, Any]]
NAMES = [
    collection_class.Settings.name
    for collection_class in DOCUMENTS
    if issubclass(collection_class, InWorkspace)
    and collection_class is not WorkspaceUsage  # new in 0.2
]
CONTACTS = "{ contacts { nodes { name } count { value } } }"


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    yield
    Unmigrated.is_possible = False


async def run_all(database: Database) -> None:
    for migration in (ENTER_WORKSPACE, FOLLOW_INTO_WORKSPACE):
        await set_version(database, migration.number - 1)
        await migrate(database, through=migration.number)
    await set_version(database, len(MIGRATIONS))


async def set_version(database: Database, version: int) -> None:
    await database["schema"].update_one(
        {"_id": "version"}, {"$set": {"version": version}, "$unset": {"position": ""}}
    )


async def test_all_collections_enter_default_workspace(database: Database) -> None:
    other = new_id()
    for name in NAMES:
        await database[name].insert_one({"_id": f"old {name}", "kind": "old", "name": "old"})
        await database[name].insert_one(
            {"_id": f"own {name}", "kind": "own", "name": "own", WORKSPACE_FIELD: other}
            | {"phone_number_id": "1", "template_id": "1", "prefix": "1", "person": b"1"}
            | {"contact_id": new_id(), "account_id": new_id(), "identities": [], "wamid": "1"}
            | {"shortcut_key": "1", "state": "READY"}
        )

    await run_all(database)

    for name in NAMES:
        old = await database[name].find_one({"_id": f"old {name}"})
        own = await database[name].find_one({"_id": f"own {name}"})
        assert (old or {})[WORKSPACE_FIELD] == DEFAULT_WORKSPACE_ID, name
        assert (own or {})[WORKSPACE_FIELD] == other, name


class _Killed(Exception):
    pass


async def test_interrupted_migration_continues(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database["messages"].insert_many([{"_id": new_id()} for _ in range(3 * BATCH_SIZE)])
    save = Progress.save

    async def save_once(self: Progress, position: Any) -> None:
        await save(self, position)
        raise _Killed

    await set_version(database, FOLLOW_INTO_WORKSPACE.number - 1)
    monkeypatch.setattr(Progress, "save", save_once)
    with pytest.raises(_Killed):
        await migrate(database, through=FOLLOW_INTO_WORKSPACE.number)
    monkeypatch.undo()
    left = await database["messages"].count_documents({WORKSPACE_FIELD: None})
    await migrate(database, through=FOLLOW_INTO_WORKSPACE.number)

    assert left == 2 * BATCH_SIZE
    assert await database["messages"].count_documents({WORKSPACE_FIELD: None}) == 0


async def test_documents_are_served_before_they_are_migrated(
    database: Database, admin: GraphQLClient, account: Account
) -> None:
    await write_message(account, "15550001111", "hello", name="Ada")
    for kind in (Contact, Conversation, Message):
        await collection(kind).update_many({}, {"$unset": {WORKSPACE_FIELD: ""}})
    assert (await admin(CONTACTS))["contacts"]["nodes"] == []

    await set_version(database, FOLLOW_INTO_WORKSPACE.number - 1)
    await prepare_database(database)  # as at the start of a process

    contacts = (await admin(CONTACTS))["contacts"]
    assert contacts["count"]["value"] == 1
    assert len(contacts["nodes"]) == 1
    await set_version(database, len(MIGRATIONS))
