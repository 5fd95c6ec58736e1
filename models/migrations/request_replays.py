"""Migration: parked items are replayed once, and the index that 0.1 replayed by is dropped.

Version 0.1 looked for replayable items all the time; since then a change of an account asks for it.
"""

from pymongo.errors import OperationFailure

from models.base import utc_now
from models.migrations.migration import Database, Migration, Progress

_NO_SUCH_COLLECTION = 26
_NO_SUCH_INDEX = 27


async def _request_replays(database: Database, _progress: Progress) -> None:
    await database["accounts"].update_many(
        {"replay_due_at": {"$exists": False}}, {"$set": {"replay_due_at": utc_now()}}
    )
    try:
        await database["parked_items"].drop_index("waiting")
    except OperationFailure as error:
        if error.code not in {_NO_SUCH_COLLECTION, _NO_SUCH_INDEX}:
            raise


REQUEST_REPLAYS = Migration(number=2, name="replay parked items", run=_request_replays)
