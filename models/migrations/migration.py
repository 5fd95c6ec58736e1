"""Migrations, their state in the database, and the position of a running migration."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

Database = AsyncDatabase[dict[str, Any]]

_NO_SUCH_COLLECTION = 26
_NO_SUCH_INDEX = 27

COLLECTION = "schema"
_ID = "version"
BATCH_SIZE = 1000


class MigrationTakenOver(Exception):
    """Another process has finished this migration."""


class Progress:
    """The position of a migration, stored so that another process can resume there."""

    def __init__(self, database: Database, number: int, position: Any) -> None:
        self._schema = database[COLLECTION]
        self._key = {"_id": _ID, "version": number - 1}
        self.position = position
        """The last saved position, or None at the beginning."""

    async def save(self, position: Any) -> None:
        """Stores the position. Write the work up to it first.

        Raises:
            MigrationTakenOver: another process held the lease and finished the migration.
        """
        result = await self._schema.update_one(self._key, {"$set": {"position": position}})
        if result.matched_count == 0:
            raise MigrationTakenOver
        self.position = position

    async def finish(self) -> None:
        await self._schema.update_one(
            self._key, {"$inc": {"version": 1}, "$unset": {"position": ""}}
        )


@dataclass(frozen=True)
class Migration:
    """One step from version `number - 1` of the database to version `number`.

    `run` must be idempotent: after a crash, it continues at the last saved position. Unless
    `before_serving` is set, it runs while this and the previous release serve, so both must
    read old and new documents.
    """

    number: int
    name: str
    """A description for the log."""
    run: Callable[[Database, Progress], Awaitable[None]]
    before_serving: bool = False
    """True if serving waits for the migration, which must then be quick."""


@dataclass(frozen=True)
class SchemaState:
    """The stored version of a database."""

    version: int
    position: Any = None
    oldest_code: int = 0
    """A release whose newest migration has a lower number must not serve this database."""


async def read_state(database: Database) -> SchemaState | None:
    """Returns the stored state, or None for a new database and for one of version 0.1."""
    document = await database[COLLECTION].find_one({"_id": _ID})
    if document is None:
        return None
    return SchemaState(
        document["version"], document.get("position"), document.get("oldest_code", 0)
    )


async def store_state(database: Database, state: SchemaState) -> None:
    """Stores the first version of a database.

    Raises:
        DuplicateKeyError: another process has stored a version.
    """
    await database[COLLECTION].insert_one(
        {"_id": _ID, "version": state.version, "oldest_code": state.oldest_code}
    )


@dataclass(frozen=True)
class Batches:
    """Iterates over a collection in batches by `_id`, from the saved position."""

    database: Database
    collection: str
    progress: Progress
    query: Mapping[str, Any] = field(default_factory=dict)
    projection: Mapping[str, Any] | None = None
    size: int = BATCH_SIZE

    async def __aiter__(self) -> AsyncIterator[list[dict[str, Any]]]:
        """Saves the position of each batch when the next is requested."""
        documents = self.database[self.collection]
        while True:
            start = self.progress.position
            after = {} if start is None else {"_id": {"$gt": start}}
            query = {"$and": [self.query, after]} if self.query else after
            cursor = documents.find(query, self.projection).sort("_id").limit(self.size)
            batch = await cursor.to_list()
            if not batch:
                return
            yield batch
            await self.progress.save(batch[-1]["_id"])


async def drop_index(collection: AsyncCollection[dict[str, Any]], name: str) -> None:
    """Drops the index if it exists."""
    try:
        await collection.drop_index(name)
    except OperationFailure as error:
        if error.code not in {_NO_SUCH_COLLECTION, _NO_SUCH_INDEX}:
            raise
