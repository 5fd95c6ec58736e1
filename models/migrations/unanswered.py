"""Migration: the times of unanswered messages, by which conversations are filtered."""

from bson import ObjectId
from pymongo import UpdateOne

from models.messages.unanswered import find_unanswered
from models.migrations.migration import Batches, Database, Migration, Progress

_AT_ONCE = 200


async def _find_unanswered(database: Database, progress: Progress) -> None:
    async for batch in Batches(
        database,
        "conversations",
        progress,
        query={"last_outbound_at": {"$exists": False}},
        projection={"_id": 1},
        size=_AT_ONCE,
    ):
        updates = [await _make_update(database, conversation["_id"]) for conversation in batch]
        await database["conversations"].bulk_write(updates, ordered=False)


async def _make_update(database: Database, conversation_id: ObjectId) -> UpdateOne:
    answered_at, times = await find_unanswered(database["messages"], conversation_id)
    # A summary that was updated meanwhile has newer facts, and counts as migrated.
    return UpdateOne(
        {"_id": conversation_id, "last_outbound_at": {"$exists": False}},
        {
            "$set": {
                "last_outbound_at": answered_at,
                "unanswered_at": times,
            }
        },
    )


FIND_UNANSWERED = Migration(number=19, name="find unanswered messages", run=_find_unanswered)
