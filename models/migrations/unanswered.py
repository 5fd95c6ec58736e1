"""Migration: the times of unanswered messages, by which conversations are filtered."""

from typing import Any

from bson import ObjectId
from pymongo import DESCENDING, UpdateOne

from models.messages.message import CALL, REACTION, MessageDirection
from models.migrations.migration import Batches, Database, Migration, Progress

# System messages and changes of messages need no answer, and the time of a call is not final.
_NOT_WRITTEN = ["system", REACTION, "edit", "revoke", CALL]
_KEPT = 10
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
    messages = database["messages"]
    answers: dict[str, Any] = {
        "conversation_id": conversation_id,
        "direction": MessageDirection.OUTBOUND.value,
        "type": {"$ne": REACTION},
    }
    answer = await messages.find_one(answers, {"timestamp": 1}, sort=[("timestamp", DESCENDING)])
    answered_at = None if answer is None else answer["timestamp"]
    written: dict[str, Any] = {
        "conversation_id": conversation_id,
        "direction": MessageDirection.INBOUND.value,
        "type": {"$nin": _NOT_WRITTEN},
        "group_id": None,
    }
    if answered_at is not None:
        written["timestamp"] = {"$gt": answered_at}
    times = await messages.find(written, {"timestamp": 1}).sort("timestamp").limit(_KEPT).to_list()
    # A summary that was updated meanwhile has newer facts, and counts as migrated.
    return UpdateOne(
        {"_id": conversation_id, "last_outbound_at": {"$exists": False}},
        {
            "$set": {
                "last_outbound_at": answered_at,
                "unanswered_at": [message["timestamp"] for message in times],
            }
        },
    )


FIND_UNANSWERED = Migration(number=17, name="find unanswered messages", run=_find_unanswered)
