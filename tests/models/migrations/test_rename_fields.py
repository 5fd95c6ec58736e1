"""Fields of version 0.1 have their new names before the database is served."""

from typing import Any

import pytest
from pymongo import ASCENDING
from pymongo.asynchronous.database import AsyncDatabase

from models.migrations import MIGRATIONS
from models.migrations.migration import SchemaState, store_state
from models.migrations.rename_fields import RENAME_IN_ACCOUNTS, RENAME_IN_MEDIA, RENAME_IN_UPLOADS
from models.migrations.runner import migrate

# The key of accounts is unique.
OLD, NEW = {"_id": 1, "phone_number_id": "old"}, {"_id": 2, "phone_number_id": "new"}
RENAMES = (RENAME_IN_ACCOUNTS, RENAME_IN_MEDIA, RENAME_IN_UPLOADS)


@pytest.mark.parametrize(
    ("collection", "old", "new"),
    [
        ("accounts", {"standing": {"is_stopping": True}}, {"restrictions": {"is_stopping": True}}),
        (
            "media",
            {"told_type": "image/png", "told_sha256": "00"},
            {"stated_type": "image/png", "stated_sha256": "00"},
        ),
        ("uploads", {"told_type": "image/png"}, {"stated_type": "image/png"}),
    ],
)
async def test_fields_are_renamed_before_serving(
    database: AsyncDatabase[dict[str, Any]],
    collection: str,
    old: dict[str, Any],
    new: dict[str, Any],
) -> None:
    documents = database[collection]
    await documents.insert_many([OLD | old, NEW | new])
    accounts = database["accounts"]
    await accounts.create_index([("standing.is_stopping", ASCENDING)], name="stopped_by_webhook")
    await database["schema"].delete_many({})
    await store_state(database, SchemaState(RENAMES[0].number - 1))

    await migrate(database, through=RENAMES[-1].number)

    assert await documents.find().sort("_id").to_list() == [
        OLD | new,
        NEW | new,
    ]
    assert "stopped_by_webhook" not in await accounts.index_information()
    assert all(MIGRATIONS[migration.number - 1] is migration for migration in RENAMES)
