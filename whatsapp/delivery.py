"""Delivery: the steps of a message through its lane, each one conditional update.

READY → SENDING → DONE, or back to READY where it surely was not sent, or HOLDING where that is
unknown. What is learned about a send is kept even if the lane was taken over meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from beanie import PydanticObjectId
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import ConnectionFailure, DuplicateKeyError, PyMongoError

from models import Message, MessageError, MessageStatus, OutboxState
from models.base import collection, from_bson, utc_now
from whatsapp.cloud_api import SendResult
from whatsapp.cloud_errors import OUR_CODE, WINDOW_CLOSED_CODE
from whatsapp.lanes import ACTIVE_STATES

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
Result = TypeVar("Result")

NOT_SENT = MessageError(
    code=OUR_CODE,
    title="Not sent",
    details="The server was held up before it could send the message. It was not sent.",
    retryable=True,
)
NOT_REACHED = MessageError(
    code=OUR_CODE,
    title="Not sent",
    details="WhatsApp could not be reached, again and again. The message was not sent.",
    retryable=True,
)
WINDOW_CLOSED = MessageError(
    code=WINDOW_CLOSED_CODE,
    title="Window closed",
    details="The 24-hour customer service window closed before the message's turn came.",
)
CONTACT_BLOCKED = MessageError(
    code=OUR_CODE,
    title="Contact blocked",
    details="The contact was blocked before the message's turn came.",
)


async def persist(write: Callable[[], Awaitable[Result]]) -> Result:
    """Repeats a write until MongoDB takes it: what it holds is known nowhere else.

    Raises:
        PyMongoError: one that repeating can't mend.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await write()
        except PyMongoError as error:
            is_passing = error.timeout or isinstance(error, ConnectionFailure)
            if not is_passing and not error.has_error_label("RetryableWriteError"):
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def find_head(conversation_id: PydanticObjectId) -> Message | None:
    """The message that the rest of the lane waits for."""
    head = await collection(Message).find_one(
        {"conversation_id": conversation_id, "outbox_state": {"$in": ACTIVE_STATES}},
        sort=[("lane_number", ASCENDING)],
    )
    return None if head is None else from_bson(Message, head)


async def take_message(message_id: PydanticObjectId, *, fence: int) -> Message | None:
    """Takes a READY message for sending; None if somebody else took it or took it back."""
    taken = await collection(Message).find_one_and_update(
        {"_id": message_id, "outbox_state": OutboxState.READY.value},
        {
            "$set": {"outbox_state": OutboxState.SENDING.value, "lane_fence": fence},
            "$inc": {"attempts": 1},
            **_reach(MessageStatus.SENDING),
        },
        return_document=ReturnDocument.AFTER,
    )
    return None if taken is None else from_bson(Message, taken)


async def return_message(
    message_id: PydanticObjectId,
    *,
    fence: int,
    not_before: datetime | None = None,
    error: MessageError = NOT_SENT,
) -> None:
    """Puts a message that was surely not sent back to its place.

    Without `not_before` the try does not count. Where another worker took the lane over and gave
    the message up as unknown, the truth is told instead: it failed, with `error`.
    """
    update: dict[str, Any] = {
        "$set": {"outbox_state": OutboxState.READY.value, "hold_until": not_before}
    }
    if not_before is None:
        update["$inc"] = {"attempts": -1}
    ours = {"_id": message_id, "lane_fence": fence}
    returned = await collection(Message).update_one(
        {**ours, "outbox_state": OutboxState.SENDING.value}, update
    )
    if not returned.matched_count:
        given_up = {"$in": [OutboxState.HOLDING.value, OutboxState.DONE.value]}
        unknown = {"outbox_state": given_up, "status_rank": MessageStatus.UNKNOWN.rank}
        await collection(Message).update_one({**ours, **unknown}, _fail(error))


async def fail_message(message_id: PydanticObjectId, error: MessageError) -> None:
    """Meta refused it for good: the lane goes on."""
    await collection(Message).update_one({"_id": message_id}, _fail(error))


async def fail_unsent(message_id: PydanticObjectId, error: MessageError) -> None:
    """Fails a message whose turn came, but which may not be sent; Meta is not asked."""
    await collection(Message).update_one(
        {"_id": message_id, "outbox_state": OutboxState.READY.value}, _fail(error)
    )


async def record_accepted(message_id: PydanticObjectId, result: SendResult) -> None:
    """Meta took it. Statuses may have come before this answer, and stay."""
    status = MessageStatus.HELD if result.held else MessageStatus.ACCEPTED
    update = {
        "$set": {"outbox_state": OutboxState.DONE.value, "wamid": result.wamid},
        **_reach(status),
    }
    try:
        await collection(Message).update_one({"_id": message_id}, update)
    except DuplicateKeyError:
        # Another message has this wamid; that this one was accepted is a fact nevertheless.
        update["$set"].pop("wamid")
        await collection(Message).update_one({"_id": message_id}, update)


async def record_unknown(
    message_id: PydanticObjectId, *, fence: int | None, hold_until: datetime
) -> None:
    """Nobody knows whether it was sent: it holds the lane, and is never sent again by itself."""
    await collection(Message).update_one(
        {
            "_id": message_id,
            "outbox_state": OutboxState.SENDING.value,
            "lane_fence": fence,
        },
        {
            "$set": {"outbox_state": OutboxState.HOLDING.value, "hold_until": hold_until},
            **_reach(MessageStatus.UNKNOWN),
        },
    )


async def end_hold(message_id: PydanticObjectId) -> None:
    """The lane has waited long enough for this message, or knows by now what became of it."""
    await collection(Message).update_one(
        {"_id": message_id, "outbox_state": OutboxState.HOLDING.value},
        {"$set": {"outbox_state": OutboxState.DONE.value}},
    )


def _reach(status: MessageStatus) -> dict[str, Any]:
    return {
        "$max": {"status_rank": status.rank},
        "$min": {f"status_times.{status.key}": utc_now()},
    }


def _fail(error: MessageError) -> dict[str, Any]:
    return {
        "$set": {"outbox_state": OutboxState.DONE.value},
        "$addToSet": {"errors": error.model_dump()},
        **_reach(MessageStatus.FAILED),
    }
