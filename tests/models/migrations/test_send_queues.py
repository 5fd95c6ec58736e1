"""The migration from lanes keeps the order of queued messages, and UNKNOWN messages."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId

from models.messages.message_status import MessageStatus
from models.migrations.migration import Database, Progress
from models.migrations.send_queues import LEAVE_LANES

AT = datetime(2026, 11, 1, tzinfo=UTC)
CONVERSATION, OTHER = ObjectId(), ObjectId()


def make_message(number: int, *, seconds: float, **fields: Any) -> dict[str, Any]:
    return {
        "_id": ObjectId(),
        "conversation_id": CONVERSATION,
        "lane_number": number,
        "timestamp": AT + timedelta(seconds=seconds),
        "outbox_state": "READY",
        "status_rank": MessageStatus.QUEUED.rank,
        "status_times": {},
        **fields,
    }


async def read_texts(database: Database, conversation_id: ObjectId) -> list[str]:
    """In the order of sending."""
    queued = {"conversation_id": conversation_id, "outbox_state": "READY"}
    found = database["messages"].find(queued).sort([("timestamp", 1), ("_id", 1)])
    return [message["text"] async for message in found]


async def test_queued_messages_keep_the_order_of_their_lane(database: Database) -> None:
    messages = [
        make_message(2, seconds=1, text="C"),
        make_message(0, seconds=3, text="A"),
        make_message(1, seconds=3, text="B"),
        make_message(3, seconds=9, text="D"),
        make_message(0, seconds=0, text="X", conversation_id=OTHER),
    ]
    await database["messages"].insert_many(messages)
    await database["lanes"].insert_one({"_id": CONVERSATION})

    for _ in range(2):  # a repetition changes nothing
        await LEAVE_LANES.run(database, Progress(database, LEAVE_LANES.number, None))

    assert await read_texts(database, CONVERSATION) == ["A", "B", "C", "D"]
    assert await read_texts(database, OTHER) == ["X"]
    last = await database["messages"].find_one({"text": "D"})
    assert last is not None
    assert last["timestamp"] == AT + timedelta(seconds=9)
    assert await database["lanes"].count_documents({}) == 0


async def test_message_in_sending_is_unknown_and_never_sent(database: Database) -> None:
    sending = make_message(0, seconds=0, outbox_state="SENDING", lane_fence=7)
    shown = make_message(
        1, seconds=0, outbox_state="SENDING", status_rank=MessageStatus.DELIVERED.rank
    )
    await database["messages"].insert_many([sending, shown])

    await LEAVE_LANES.run(database, Progress(database, LEAVE_LANES.number, None))

    found = [await database["messages"].find_one({"_id": one["_id"]}) for one in (sending, shown)]
    assert [one and (one["outbox_state"], one["status_rank"]) for one in found] == [
        ("DONE", MessageStatus.UNKNOWN.rank),
        ("DONE", MessageStatus.DELIVERED.rank),
    ]
