"""Migrations: rename fields that version 0.1 stored under unclear names."""

from models.migrations.migration import Batches, Database, Migration, Progress, drop_index


async def _rename_in_accounts(database: Database, progress: Progress) -> None:
    # Its key has the old name.
    await drop_index(database["accounts"], "stopped_by_webhook")
    await _rename(database, progress, "accounts", {"standing": "restrictions"})


async def _rename_in_media(database: Database, progress: Progress) -> None:
    names = {"told_type": "stated_type", "told_sha256": "stated_sha256"}
    await _rename(database, progress, "media", names)


async def _rename_in_uploads(database: Database, progress: Progress) -> None:
    await _rename(database, progress, "uploads", {"told_type": "stated_type"})


async def _rename(
    database: Database, progress: Progress, collection: str, names: dict[str, str]
) -> None:
    has_old_name = {"$or": [{old: {"$exists": True}} for old in names]}
    async for batch in Batches(
        database, collection, progress, query=has_old_name, projection={"_id": 1}
    ):
        ids = [document["_id"] for document in batch]
        await database[collection].update_many({"_id": {"$in": ids}}, {"$rename": names})


RENAME_IN_ACCOUNTS = Migration(
    number=3, name="rename fields of accounts", run=_rename_in_accounts, before_serving=True
)
RENAME_IN_MEDIA = Migration(
    number=4, name="rename fields of media", run=_rename_in_media, before_serving=True
)
RENAME_IN_UPLOADS = Migration(
    number=5, name="rename fields of uploads", run=_rename_in_uploads, before_serving=True
)
