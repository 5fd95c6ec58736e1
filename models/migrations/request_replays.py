"""Migration: replay parked items once, and drop the index that version 0.1 used for replays.

Version 0.1 polled for replayable items; now a change of an account requests their replay.
"""

from models.database.base import utc_now
from models.migrations.migration import Database, Migration, Progress, drop_index


async def _request_replays(database: Database, _progress: Progress) -> None:
    await database["accounts"].update_many(
        {"replay_due_at": {"$exists": False}}, {"$set": {"replay_due_at": utc_now()}}
    )
    await drop_index(database["parked_items"], "waiting")


REQUEST_REPLAYS = Migration(number=3, name="replay parked items", run=_request_replays)
