"""Runs pending migrations, in a single process at a time."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from pymongo.errors import DuplicateKeyError

from models.database.lease import Lease
from models.migrations import MIGRATIONS
from models.migrations.migration import (
    Database,
    Migration,
    MigrationTakenOver,
    Progress,
    SchemaState,
    read_state,
    store_state,
)

logger = logging.getLogger(__name__)

LEASE = "migrations"
WAIT_SECONDS = 1.0


class SchemaTooNew(Exception):
    """The database was changed by a later release and can't be served by this release."""


async def open_schema(
    database: Database, *, is_new: bool, migrations: Sequence[Migration] = MIGRATIONS
) -> SchemaState:
    """Returns the state of the database. `is_new` is True for an empty database.

    Raises:
        SchemaTooNew: this release is too old for the database.
    """
    state = await read_state(database)
    if state is None:
        with suppress(DuplicateKeyError):  # another process has just created the state
            await store_state(database, SchemaState(len(migrations) if is_new else 0))
        state = await read_state(database)
        assert state is not None  # noqa: S101 - nothing deletes it
    if state.oldest_code > len(migrations):
        raise SchemaTooNew
    return state


def list_pending(
    state: SchemaState, migrations: Sequence[Migration] = MIGRATIONS
) -> list[Migration]:
    """Returns the pending migrations, in order."""
    return list(migrations[state.version :])


def find_last_before_serving(migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Returns the version that a database must have before it is served."""
    numbers = (migration.number for migration in migrations if migration.before_serving)
    return max(numbers, default=0)


async def migrate(
    database: Database, *, through: int, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Migrates the database to version `through`; waits while another process does so."""
    while True:
        state = await read_state(database)
        if state is None or state.version >= through:
            return
        lease = Lease(database, LEASE)
        if not await lease.acquire():
            await asyncio.sleep(WAIT_SECONDS)
            continue
        async with lease.held():
            await _apply(database, through, migrations)


async def _apply(database: Database, through: int, migrations: Sequence[Migration]) -> None:
    # Reads the state again: another process may have just finished.
    while (state := await read_state(database)) is not None and state.version < through:
        migration = migrations[state.version]
        logger.info("Migration %d: %s.", migration.number, migration.name)
        progress = Progress(database, migration.number, state.position)
        try:
            await migration.run(database, progress)
        except MigrationTakenOver:
            return
        await progress.finish()
        logger.info("Migration %d is done.", migration.number)
