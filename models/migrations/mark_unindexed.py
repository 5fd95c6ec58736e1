"""Migrations: mark users and contacts without search keys as stale, so that they get keys.

Version 0.1 searched for them at each start, which read all of them.
"""

from models.migrations.migration import Batches, Database, Migration, Progress


async def _mark_users(database: Database, progress: Progress) -> None:
    await _mark(database, progress, "users", "search_keys")


async def _mark_contacts(database: Database, progress: Progress) -> None:
    await _mark(database, progress, "contacts", "search_keys", "sort_name")


async def _mark(database: Database, progress: Progress, collection: str, *fields: str) -> None:
    lacking = {"$or": [{field: {"$exists": False}} for field in fields]}
    async for batch in Batches(database, collection, progress, projection={"_id": 1}):
        ids = [document["_id"] for document in batch]
        await database[collection].update_many(
            {"_id": {"$in": ids}, **lacking}, {"$set": {"stale_keys": True}}
        )


MARK_USERS = Migration(number=6, name="mark users without search keys", run=_mark_users)
MARK_CONTACTS = Migration(number=7, name="mark contacts without search keys", run=_mark_contacts)
