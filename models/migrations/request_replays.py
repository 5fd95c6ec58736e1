"""Migration: parked items are replayed once, and the index that 0.1 replayed by is dropped.

Version 0.1 looked for replayable items all the time; since then a change of an account asks for it.
"""

from models.database.base import utc_now
from models.migrations.migration import Database, Migration, Progress, drop_index


async def _request_replays(database: Database, _progress: Progress) -> None:
    await database["accounts"].update_many(
        {"replay_due_at": {"$exists": False}}, {"$set": {"replay_due_at": utc_now()}}
    )
    await drop_index(database["parked_items"], "waiting")


REQUEST_REPLAYS = Migration(number=3, name="replay parked items", run=_request_replays)
