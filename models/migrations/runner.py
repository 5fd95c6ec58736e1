"""Applies the migrations that a database lacks, in one process at a time."""

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
    """A later release has changed the database so that this one can't serve it."""


async def open_schema(
    database: Database, *, is_new: bool, migrations: Sequence[Migration] = MIGRATIONS
) -> SchemaState:
    """The state of the database. `is_new` says whether it holds nothing of ours yet.

    Raises:
        SchemaTooNew: this release is too old for it.
    """
    state = await read_state(database)
    if state is None:
        with suppress(DuplicateKeyError):  # another process has just opened it
            await store_state(database, SchemaState(len(migrations) if is_new else 0))
        state = await read_state(database)
        assert state is not None  # noqa: S101 - nothing deletes it
    if state.oldest_code > len(migrations):
        raise SchemaTooNew
    return state


def list_pending(
    state: SchemaState, migrations: Sequence[Migration] = MIGRATIONS
) -> list[Migration]:
    """The migrations that the database lacks, in order."""
    return list(migrations[state.version :])


def find_last_before_serving(migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """The version that a database must have before it is served."""
    return max((one.number for one in migrations if one.before_serving), default=0)


async def migrate(
    database: Database, *, through: int, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Brings the database to version `through`; waits while another process does."""
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
    """Runs what is pending by what the database says now, as another process may have just done."""
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
