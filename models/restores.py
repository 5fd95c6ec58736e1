"""The state of a restored database: sending is held until the restore is finished.

A restored database has messages as unsent that were sent after the backup. mongorestore creates
collections with new ids, so a database that knows the id of its own collection recognises that it
is a copy. See docs/decisions/0054.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import Timestamp
from bson.binary import Binary
from pymongo import DESCENDING, ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from models import Account, Message, OutboxState
from models.database.base import collection
from models.migrations.migration import COLLECTION

Database = AsyncDatabase[dict[str, Any]]
UNSENT_STATES = [OutboxState.READY.value, OutboxState.SENDING.value]
_KEY = {"_id": "restore"}


@dataclass(frozen=True)
class RestoreState:
    """The stored state of a database."""

    generation: str
    """Changes with every restore."""
    collection_id: Binary
    """The id of the collection in which the state was written."""
    mark: int = 0
    """Counts up; a lower mark than one that was recorded elsewhere shows a restore."""
    held_since: datetime | None = None
    """If sending is held, messages created until this time may have been sent already."""
    history_start: Timestamp | None = None
    """Positions in the change stream before it belong to the time before the restore."""


async def read_restore_state(database: Database) -> RestoreState | None:
    """Returns the stored state, or None for a database that no server has opened."""
    document = await database[COLLECTION].find_one(_KEY)
    return None if document is None else _to_state(document)


async def open_restore_state(database: Database) -> RestoreState:
    """Returns the state. Creates it if there is none, and holds sending in a copied database."""
    collection_id = await _read_collection_id(database)
    state = await read_restore_state(database)
    if state is None:
        fields = {"generation": secrets.token_hex(16), "collection_id": collection_id, "mark": 0}
        try:
            await database[COLLECTION].insert_one(_KEY | fields)
        except DuplicateKeyError:
            return await open_restore_state(database)  # another process has just created it
        return _to_state(fields)
    if state.collection_id != collection_id:
        return await hold_sending(database, state)
    return state


async def is_copied(database: Database, state: RestoreState) -> bool:
    """Returns True if the state was written into another collection, so this is its copy."""
    return state.collection_id != await _read_collection_id(database)


async def hold_sending(database: Database, state: RestoreState) -> RestoreState:
    """Holds sending, unless another process has just done so. Returns the state."""
    changes = {
        "generation": secrets.token_hex(16),
        "collection_id": await _read_collection_id(database),
        "mark": 0,
        # Clocks before the restore may have been ahead; $max ignores None.
        "held_since": {"$max": ["$$NOW", await _find_newest_unsent()]},
        "history_start": "$$CLUSTER_TIME",
    }
    document = await database[COLLECTION].find_one_and_update(
        # Of several processes, one changes the state.
        _KEY | {"generation": state.generation},
        [{"$set": changes}],
        return_document=ReturnDocument.AFTER,
    )
    if document is not None:
        return _to_state(document)
    return await open_restore_state(database)


async def release_sending(database: Database, state: RestoreState) -> None:
    """Lets all processes send again, unless the database was restored again meanwhile."""
    key = _KEY | {"generation": state.generation}
    await database[COLLECTION].update_one(key, {"$set": {"held_since": None}})


async def advance_mark(database: Database, generation: str) -> int | None:
    """Returns the next mark, or None if the generation has ended."""
    document = await database[COLLECTION].find_one_and_update(
        _KEY | {"generation": generation},
        {"$inc": {"mark": 1}},
        return_document=ReturnDocument.AFTER,
    )
    return None if document is None else int(document["mark"])


def _to_state(document: dict[str, Any]) -> RestoreState:
    return RestoreState(
        generation=document["generation"],
        collection_id=document["collection_id"],
        mark=document["mark"],
        held_since=document.get("held_since"),
        history_start=document.get("history_start"),
    )


async def _read_collection_id(database: Database) -> Binary:
    collections = await database.list_collections(filter={"name": COLLECTION})
    [description] = await collections.to_list()
    collection_id: Binary = description["info"]["uuid"]
    return collection_id


async def _find_newest_unsent() -> datetime | None:
    """Returns the time at which the newest unsent message was created."""
    newest: datetime | None = None
    async for account in collection(Account).find({}, {"_id": 1}):
        message = await collection(Message).find_one(
            {"account_id": account["_id"], "outbox_state": {"$in": UNSENT_STATES}},
            {"created_at": 1},
            sort=[("created_at", DESCENDING)],
        )
        if message is not None:
            newest = max(filter(None, [newest, message["created_at"]]))
    return newest
