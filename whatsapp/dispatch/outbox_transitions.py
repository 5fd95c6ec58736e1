"""Delivery: the steps of a message through its lane, each one conditional update.

READY → SENDING → DONE, or back to READY where it surely was not sent, or HOLDING where that is
unknown. What is learned about a send is kept even if the lane was taken over meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from beanie import PydanticObjectId
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from models import (
    Account,
    Contact,
    Conversation,
    Message,
    MessageError,
    MessageStatus,
    OutboxState,
)
from models.database.base import DocumentType, collection, from_bson, utc_now
from models.database.outages import is_transient
from whatsapp.cloud_api.error_codes import LOCAL_ERROR_CODE, WINDOW_CLOSED_CODE
from whatsapp.cloud_api.responses import SendResult
from whatsapp.messages.lanes import ACTIVE_STATES

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
Result = TypeVar("Result")

NOT_SENT = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="The server was held up before it could send the message. It was not sent.",
    retryable=True,
)
NOT_REACHED = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="WhatsApp could not be reached for too long a time. The message was not sent.",
    retryable=True,
)
FILE_NOT_REACHED = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="Its file could not be handed to WhatsApp, again and again. It was not sent.",
    retryable=True,
)
FILE_GONE = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="Its file is not in the media store any more. The message was not sent.",
)
WINDOW_CLOSED = MessageError(
    code=WINDOW_CLOSED_CODE,
    title="Window closed",
    details="The 24-hour customer service window closed before the message's turn came.",
)
CONTACT_BLOCKED = MessageError(
    code=LOCAL_ERROR_CODE,
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
            if not is_transient(error):
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


@dataclass(frozen=True)
class Head:
    """The message that the rest of its lane waits for, with all that its sending depends on."""

    message: Message
    account: Account | None
    contact: Contact | None
    conversation: Conversation | None
    is_last: bool
    """Whether nothing waited behind it."""


async def find_head(conversation_id: PydanticObjectId) -> Head | None:
    """In one round trip, because every send needs all of it, as it is now."""
    waiting = {"conversation_id": conversation_id, "outbox_state": {"$in": ACTIVE_STATES}}
    cursor = await collection(Message).aggregate([{"$match": waiting}, *_READ_HEAD])
    async for found in cursor:
        return Head(
            message=from_bson(Message, found["message"]),
            account=_read_one(Account, found["account"]),
            contact=_read_one(Contact, found["contact"]),
            conversation=_read_one(Conversation, found["conversation"]),
            is_last=found["count"] == 1,
        )
    return None


def _look_up(name: str, collection_name: str) -> dict[str, Any]:
    key = {"localField": f"message.{name}_id", "foreignField": "_id"}
    return {"$lookup": {"from": collection_name, **key, "as": name}}


_READ_HEAD: list[dict[str, Any]] = [
    {"$sort": {"lane_number": ASCENDING}},
    {"$limit": 2},
    {"$group": {"_id": None, "message": {"$first": "$$ROOT"}, "count": {"$sum": 1}}},
    _look_up("account", Account.Settings.name),
    _look_up("contact", Contact.Settings.name),
    _look_up("conversation", Conversation.Settings.name),
]


def _read_one(
    document_class: type[DocumentType], found: list[dict[str, Any]]
) -> DocumentType | None:
    return from_bson(document_class, found[0]) if found else None


async def take_message(message: Message, *, fence: int) -> bool:
    """Takes a READY message for sending; False if somebody else took it or took it back."""
    taken = await collection(Message).update_one(
        {
            "_id": message.id,
            # Elsewhere it is in another lane by now, whose worker sends it.
            "conversation_id": message.conversation_id,
            "outbox_state": OutboxState.READY.value,
        },
        {
            "$set": {"outbox_state": OutboxState.SENDING.value, "lane_fence": fence},
            "$inc": {"attempts": 1},
            **_reach(MessageStatus.SENDING),
        },
    )
    if taken.matched_count:
        message.attempts += 1
    return bool(taken.matched_count)


async def return_message(
    message_id: PydanticObjectId,
    *,
    fence: int,
    not_before: datetime | None = None,
    is_refused: bool = False,
    error: MessageError = NOT_SENT,
) -> None:
    """Puts a message that was surely not sent back to its place.

    Without `not_before` the try does not count; `is_refused` counts it as a refusal. Where another
    worker took the lane over and gave the message up as unknown, the truth is told instead: it
    failed, with `error`.
    """
    update: dict[str, Any] = {
        "$set": {"outbox_state": OutboxState.READY.value, "hold_until": not_before}
    }
    update["$inc"] = {"attempts": -1} if not_before is None else {"refusals": int(is_refused)}
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


async def record_accepted(
    message_id: PydanticObjectId, result: SendResult, *, hold_until: datetime | None = None
) -> bool:
    """Meta took it. Statuses may have come before this answer, and stay.

    With `hold_until` it holds its lane until then, or until it is sent; returns whether it does.
    """
    key = {"_id": message_id}
    status = MessageStatus.HELD if result.held else MessageStatus.ACCEPTED
    fields = _hold_or_end(status, hold_until)
    try:
        return await _set_state(key, fields | {"wamid": {"$literal": result.wamid}})
    except DuplicateKeyError:
        # Another message has this wamid; that this one was accepted is a fact nevertheless.
        return await _set_state(key, fields)


async def record_unknown(
    message_id: PydanticObjectId, *, fence: int | None, hold_until: datetime
) -> bool:
    """Nobody knows whether it was sent: it is never sent again by itself.

    It holds its lane until then, or until a status tells; returns whether it does.
    """
    taken = {"outbox_state": OutboxState.SENDING.value, "lane_fence": fence}
    return await _set_state(
        {"_id": message_id, **taken}, _hold_or_end(MessageStatus.UNKNOWN, hold_until)
    )


def _hold_or_end(status: MessageStatus, hold_until: datetime | None) -> dict[str, Any]:
    """The fields of a message that has had its try, where no status says more already."""
    is_sent = {"$gte": ["$status_rank", MessageStatus.SENT.rank]}
    done, holding = OutboxState.DONE.value, OutboxState.HOLDING.value
    reached = f"status_times.{status.key}"
    return {
        "outbox_state": done if hold_until is None else {"$cond": [is_sent, done, holding]},
        "hold_until": hold_until,
        "status_rank": {"$max": ["$status_rank", status.rank]},
        reached: {"$min": [f"${reached}", utc_now()]},
    }


async def _set_state(key: dict[str, Any], fields: dict[str, Any]) -> bool:
    """Whether the message holds its lane now."""
    changed = await collection(Message).find_one_and_update(
        key,
        [{"$set": fields}],
        projection={"outbox_state": 1},
        return_document=ReturnDocument.AFTER,
    )
    return changed is not None and changed["outbox_state"] == OutboxState.HOLDING.value


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
