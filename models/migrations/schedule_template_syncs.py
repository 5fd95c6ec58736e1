"""Migration: set the time of the next template sync in every account.

Version 0.1 searched for accounts without that time, which read all accounts every few seconds.
"""

from models.migrations.migration import Batches, Database, Migration, Progress


async def _schedule(database: Database, progress: Progress) -> None:
    async for batch in Batches(database, "accounts", progress, projection={"_id": 1}):
        ids = [account["_id"] for account in batch]
        await database["accounts"].update_many(
            {"_id": {"$in": ids}, "template_sync.due_at": None},
            [{"$set": {"template_sync.due_at": "$$NOW"}}],
        )


SCHEDULE_TEMPLATE_SYNCS = Migration(number=8, name="schedule template syncs", run=_schedule)
