"""The migration framework: order, resumption, exclusion, stored version."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

import models.connection
from models.connection import (
    DatabaseUnusable,
    create_client,
    describe_pending,
    prepare_database,
)
from models.database.lease import Lease
from models.database.predecessor import LEGACY_APP_NAME
from models.migrations import MIGRATIONS
from models.migrations.migration import Batches, Database, Migration, Progress, read_state
from models.migrations.runner import migrate, open_schema
from tests.fixtures.documents import bind_documents
from whatsapp.settings import Settings


@pytest.fixture
async def blank(settings: Settings) -> AsyncIterator[Database]:
    """A database without a schema version."""
    async with create_client(settings.mongodb_uri.get_secret_value()) as client:
        name = f"{settings.mongodb_database}_migrations"
        await client.drop_database(name)
        yield client[name]
        await client.drop_database(name)


class Steps:
    """Migrations that record their runs."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.fails_at: int | None = None
        self.migrations = (
            Migration(1, "first", self._note_first, before_serving=True),
            Migration(2, "number the pages", self._number_pages),
            Migration(3, "last", self._note_last),
        )

    async def _note_first(self, _database: Database, _progress: Progress) -> None:
        self.done.append("first")

    async def _note_last(self, _database: Database, _progress: Progress) -> None:
        self.done.append("last")

    async def _number_pages(self, database: Database, progress: Progress) -> None:
        async for batch in Batches(database, "pages", progress, size=2):
            if batch[0]["_id"] == self.fails_at:
                raise ConnectionError("killed")
            self.done.append([page["_id"] for page in batch])


async def test_migrations_run_in_order_and_once(blank: Database) -> None:
    steps = Steps()
    await blank["pages"].insert_many([{"_id": number} for number in range(3)])
    await open_schema(blank, is_new=False, migrations=steps.migrations)

    await asyncio.gather(
        *[migrate(blank, through=3, migrations=steps.migrations) for _ in range(5)]
    )

    assert steps.done == ["first", [0, 1], [2], "last"]
    state = await read_state(blank)
    assert state is not None
    assert (state.version, state.position) == (3, None)


async def test_interrupted_migration_resumes_at_its_position(blank: Database) -> None:
    steps = Steps()
    await blank["pages"].insert_many([{"_id": number} for number in range(5)])
    await open_schema(blank, is_new=False, migrations=steps.migrations)
    steps.fails_at = 2
    with pytest.raises(ConnectionError):
        await migrate(blank, through=3, migrations=steps.migrations)
    steps.fails_at = None

    await migrate(blank, through=3, migrations=steps.migrations)

    assert steps.done == ["first", [0, 1], [2, 3], [4], "last"]


async def test_new_database_needs_no_migration(blank: Database) -> None:
    steps = Steps()

    state = await open_schema(blank, is_new=True, migrations=steps.migrations)
    await migrate(blank, through=3, migrations=steps.migrations)

    assert (state.version, steps.done) == (3, [])


def test_migrations_are_numbered_without_gaps() -> None:
    assert [one.number for one in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


async def test_lease_has_one_holder_until_it_expires(blank: Database) -> None:
    first, second = (Lease(blank, "job", seconds=0.2) for _ in range(2))

    taken = [await first.acquire(), await second.acquire(), await first.acquire()]
    await asyncio.sleep(0.3)
    after_expiry = [await second.acquire(), await first.renew()]
    await second.release()

    assert taken == [True, False, True]
    assert after_expiry == [True, False]
    assert await first.acquire()


async def test_lease_is_kept_alive_while_held(blank: Database) -> None:
    first, second = (Lease(blank, "job", seconds=0.3) for _ in range(2))
    assert await first.acquire()
    async with first.held():
        await asyncio.sleep(1)
        assert not await second.acquire()

    assert await second.acquire()


async def test_database_of_later_version_is_refused(
    database: AsyncDatabase[dict[str, Any]],
) -> None:
    schema = database["schema"]
    await schema.update_one({"_id": "version"}, {"$set": {"oldest_code": len(MIGRATIONS) + 1}})
    try:
        with pytest.raises(DatabaseUnusable, match="a later version of wagraph"):
            await prepare_database(database)
    finally:
        await schema.update_one({"_id": "version"}, {"$unset": {"oldest_code": ""}})


async def test_process_serves_beside_next_version(
    database: AsyncDatabase[dict[str, Any]],
) -> None:
    schema = database["schema"]
    await schema.update_one({"_id": "version"}, {"$set": {"version": len(MIGRATIONS) + 1}})
    try:
        assert not await prepare_database(database)
        assert await describe_pending(database) == []
    finally:
        await schema.update_one({"_id": "version"}, {"$set": {"version": len(MIGRATIONS)}})


async def test_live_version_0_1_is_refused(
    blank: Database,
    database: AsyncDatabase[dict[str, Any]],
    mongodb_uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(models.connection, "APP_NAME", LEGACY_APP_NAME)
        old = create_client(mongodb_uri)
    await blank.create_collection("accounts")
    async with old, await old[blank.name].watch() as stream:
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0.2)
        try:
            with pytest.raises(DatabaseUnusable, match=r"wagraph 0\.1 still runs .* 127\.0\.0\.1"):
                await prepare_database(blank)
            assert await blank.list_collection_names() == ["accounts"]
        finally:
            waiting.cancel()
            await asyncio.wait([waiting])

    # Its last operation outlives its connections for a moment.
    await prepare_database(blank)
    await bind_documents(database)
    state = await read_state(blank)
    assert state is not None
    assert state.version >= 1


async def test_version_0_1_cannot_start_on_migrated_database(blank: Database) -> None:
    await blank["lanes"].create_index("account_id", name="account")
    await open_schema(blank, is_new=False)
    await migrate(blank, through=1)

    # The start of version 0.1.
    with pytest.raises(OperationFailure) as caught:
        await blank["lanes"].create_index("account_id", name="account")
    assert caught.value.code == 86  # IndexKeySpecsConflict
