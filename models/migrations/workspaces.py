"""Migrations: put the documents of version 0.1 into the default workspace.

Each update is an event of the change stream with both images, so the many documents are updated
slowly, while the server runs; until then they are read as documents of the default workspace.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any

from models.database.base import DEFAULT_WORKSPACE_ID, WORKSPACE_FIELD
from models.migrations.migration import Database, Migration, Progress, drop_index

# These are found by workspace, and unique in it.
_FOUND_BY_WORKSPACE = ("accounts", "agents", "api_keys", "users")
_OTHERS = (
    "account_events",
    "audit_entries",
    "contact_exports",
    "contact_merges",
    "contacts",
    "conversation_changes",
    "conversations",
    "erased_identities",
    "erased_messages",
    "erasures",
    "media",
    "messages",
    "notes",
    "parked_items",
    "pending_updates",
    "quick_replies",
    "templates",
    "uploads",
)
BATCH_SIZE = 500
# Leaves at least nine tenths of the database's time to the server.
PAUSES = 9


# Their successors begin with the workspace.
_UNIQUE_INDEXES = (
    ("agents", "subject"),
    ("users", "phone_in_scope"),
    ("users", "external_id_in_scope"),
)
_INDEXES = (
    ("agents", "by_name"),
    ("api_keys", "newest"),
    ("audit_entries", "newest"),
    ("contact_exports", "newest"),
    ("contacts", "newest_of_all_accounts"),
    ("contacts", "by_name_of_all_accounts"),
    ("conversations", "activity"),
    ("parked_items", "newest"),
    ("users", "newest"),
    ("users", "by_name"),
    ("users", "search"),
    ("users", "newest_by_attribute"),
)


def _enter(names: Sequence[str], *, pauses: int) -> Callable[[Database, Progress], Awaitable[None]]:
    """Returns the migration of these collections, one after another.

    It pauses after each batch, `pauses` times as long as the batch took.
    """

    async def run(database: Database, progress: Progress) -> None:
        position = progress.position or {"collection": names[0], "id": None}
        for name in names[names.index(position["collection"]) :]:
            last_id = position["id"] if name == position["collection"] else None
            while True:
                began = monotonic()
                last_id = await _enter_batch(database, name, last_id)
                if last_id is None:
                    break
                await progress.save({"collection": name, "id": last_id})
                await asyncio.sleep((monotonic() - began) * pauses)

    return run


async def _enter_batch(database: Database, name: str, last_id: Any) -> Any:
    """Updates the documents after `last_id`; returns the last id, or None if there are no more."""
    after: dict[str, Any] = {} if last_id is None else {"_id": {"$gt": last_id}}
    cursor = database[name].find(after, {"_id": 1}).sort("_id").limit(BATCH_SIZE)
    ids = [document["_id"] async for document in cursor]
    if not ids:
        return None
    await database[name].update_many(
        {"_id": {"$gte": ids[0], "$lte": ids[-1]}, WORKSPACE_FIELD: None},
        {"$set": {WORKSPACE_FIELD: DEFAULT_WORKSPACE_ID}},
    )
    return ids[-1]


_enter_first = _enter(_FOUND_BY_WORKSPACE, pauses=0)
_enter_later = _enter(_OTHERS, pauses=PAUSES)


async def _enter_before_serving(database: Database, progress: Progress) -> None:
    for collection, name in _UNIQUE_INDEXES:
        await drop_index(database[collection], name)
    await _enter_first(database, progress)


async def _enter_while_serving(database: Database, progress: Progress) -> None:
    await _enter_later(database, progress)
    for collection, name in _INDEXES:
        await drop_index(database[collection], name)


ENTER_WORKSPACE = Migration(
    number=9,
    name="put accounts, users and credentials into the default workspace",
    run=_enter_before_serving,
    before_serving=True,
)
FOLLOW_INTO_WORKSPACE = Migration(
    number=25,
    name="put all other documents into the default workspace",
    run=_enter_while_serving,
)
