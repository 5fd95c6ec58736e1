"""Migration from lanes to send queues: order, outcomes and indexes of queued messages."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, UpdateOne

from models.database.base import utc_now
from models.messages.message_status import MessageStatus
from models.messages.outbox_state import IS_ACTIVE, OutboxState
from models.migrations.migration import Database, Migration, Progress, drop_index

_STEP = timedelta(milliseconds=1)
_AT_ONCE = 1000
Fields = dict[str, Any]


async def _leave_lanes(database: Database, _progress: Progress) -> None:
    """Runs while no process sends: stop all processes of earlier versions before."""
    messages = database["messages"]
    # Whether they were sent is unknown: their process was stopped.
    await messages.update_many(
        {"outbox_state": OutboxState.SENDING.value, "fence": {"$exists": False}},
        [{"$set": _end_as_unknown()}],
    )
    updates: list[UpdateOne] = []
    async for update in _keep_order(database):
        updates.append(update)
        if len(updates) == _AT_ONCE:
            await messages.bulk_write(updates, ordered=True)
            updates = []
    if updates:
        await messages.bulk_write(updates, ordered=True)
    for name in ("outbox", "outbox_of_account"):
        await drop_index(messages, name)
    # Its index keeps version 0.1 from starting.
    await database["lanes"].delete_many({})
    await database["paces"].drop()


async def _keep_order(database: Database) -> AsyncIterator[UpdateOne]:
    """Yields updates of timestamps, so that they sort queued messages as lanes did."""
    queued = database["messages"].find(
        IS_ACTIVE, {"conversation_id": 1, "lane_number": 1, "timestamp": 1}
    )
    conversation_id: ObjectId | None = None
    earlier: tuple[datetime, ObjectId] | None = None
    async for message in queued.sort(
        [("conversation_id", ASCENDING), ("lane_number", ASCENDING), ("_id", ASCENDING)]
    ):
        if message["conversation_id"] != conversation_id:
            conversation_id, earlier = message["conversation_id"], None
        place = message["timestamp"], message["_id"]
        if earlier is not None and place <= earlier:
            place = earlier[0] + _STEP, message["_id"]
            yield UpdateOne({"_id": message["_id"]}, {"$set": {"timestamp": place[0]}})
        earlier = place


def _end_as_unknown() -> Fields:
    reached = f"status_times.{MessageStatus.UNKNOWN.key}"
    return {
        "outbox_state": OutboxState.DONE.value,
        "status_rank": {"$max": ["$status_rank", MessageStatus.UNKNOWN.rank]},
        reached: {"$min": [f"${reached}", utc_now()]},
    }


LEAVE_LANES = Migration(
    number=8, name="queue messages without lanes", run=_leave_lanes, before_serving=True
)
