"""State transitions of a message in the outbox, each a conditional update.

READY → SENDING → DONE; back to READY if it was definitely not sent; HOLDING if that is unknown.
Outcomes are recorded even if another worker has leased the lane meanwhile.
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
from models.database.bulk_writes import update_in_batches
from models.database.outages import is_transient
from models.restores import UNSENT_STATES
from telemetry.metrics.sends import OUTCOMES
from whatsapp.cloud_api.error_codes import LOCAL_ERROR_CODE, WINDOW_CLOSED_CODE
from whatsapp.cloud_api.responses import SendResult
from whatsapp.messages.lanes import ACTIVE_STATES

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
Result = TypeVar("Result")

NOT_SENT = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="The server was interrupted before it could send the message. It was not sent.",
    retryable=True,
)
NOT_REACHED = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="WhatsApp could not be reached for too long. The message was not sent.",
    retryable=True,
)
FILE_NOT_REACHED = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="Its file could not be uploaded to WhatsApp for too long. The message was not sent.",
    retryable=True,
)
FILE_GONE = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="Its file is no longer in the media store. The message was not sent.",
)
WINDOW_CLOSED = MessageError(
    code=WINDOW_CLOSED_CODE,
    title="Window closed",
    details="The 24-hour customer service window closed before the message was sent.",
)
CONTACT_BLOCKED = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Contact blocked",
    details="The contact was blocked before the message was sent.",
)


async def persist_write(write: Callable[[], Awaitable[Result]]) -> Result:
    """Repeats a write until MongoDB acknowledges it, because its content is stored nowhere else.

    Raises:
        PyMongoError: a permanent error.
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
    """The first message of a lane, with the documents that its sending depends on."""

    message: Message
    account: Account | None
    contact: Contact | None
    conversation: Conversation | None
    is_last: bool
    """True if no other message waited in the lane."""


async def find_head(conversation_id: PydanticObjectId) -> Head | None:
    """Loads the head of a lane with its documents in a single round trip."""
    active = {"conversation_id": conversation_id, "outbox_state": {"$in": ACTIVE_STATES}}
    cursor = await collection(Message).aggregate([{"$match": active}, *_READ_HEAD])
    async for row in cursor:
        return Head(
            message=from_bson(Message, row["message"]),
            account=_read_first(Account, row["account"]),
            contact=_read_first(Contact, row["contact"]),
            conversation=_read_first(Conversation, row["conversation"]),
            is_last=row["count"] == 1,
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


def _read_first(
    document_class: type[DocumentType], documents: list[dict[str, Any]]
) -> DocumentType | None:
    return from_bson(document_class, documents[0]) if documents else None


async def claim_message(message: Message, *, fence: int) -> bool:
    """Claims a READY message for sending. Returns False if it was claimed or cancelled."""
    claimed = await collection(Message).update_one(
        {
            "_id": message.id,
            # After a merge, the worker of another lane sends it.
            "conversation_id": message.conversation_id,
            "outbox_state": OutboxState.READY.value,
        },
        {
            "$set": {"outbox_state": OutboxState.SENDING.value, "lane_fence": fence},
            "$inc": {"attempts": 1},
            **_set_status(MessageStatus.SENDING),
        },
    )
    if claimed.matched_count:
        message.attempts += 1
    return bool(claimed.matched_count)


async def return_message(
    message_id: PydanticObjectId,
    *,
    fence: int,
    not_before: datetime | None = None,
    is_refused: bool = False,
    error: MessageError = NOT_SENT,
) -> None:
    """Makes a message READY again that was definitely not sent.

    Without `not_before` the attempt is not counted; `is_refused` counts it as a refusal. If another
    worker has already marked the message as unknown, it becomes FAILED with `error` instead.
    """
    update: dict[str, Any] = {
        "$set": {"outbox_state": OutboxState.READY.value, "hold_until": not_before}
    }
    update["$inc"] = {"attempts": -1} if not_before is None else {"refusals": int(is_refused)}
    attempt = {"_id": message_id, "lane_fence": fence}
    returned = await collection(Message).update_one(
        {**attempt, "outbox_state": OutboxState.SENDING.value}, update
    )
    if not returned.matched_count:
        states = {"$in": [OutboxState.HOLDING.value, OutboxState.DONE.value]}
        unknown = {"outbox_state": states, "status_rank": MessageStatus.UNKNOWN.rank}
        await collection(Message).update_one({**attempt, **unknown}, _make_failure(error))


async def fail_message(message_id: PydanticObjectId, error: MessageError) -> None:
    """Fails a message that Meta refused permanently."""
    await collection(Message).update_one({"_id": message_id}, _make_failure(error))


async def fail_unsent(message_id: PydanticObjectId, error: MessageError) -> None:
    """Fails a READY message that may no longer be sent."""
    failed = await collection(Message).update_one(
        {"_id": message_id, "outbox_state": OutboxState.READY.value}, _make_failure(error)
    )
    OUTCOMES["unsent"].inc(failed.matched_count)


async def record_accepted(
    message_id: PydanticObjectId, result: SendResult, *, hold_until: datetime | None = None
) -> bool:
    """Records that Meta accepted the message; statuses that arrived earlier are kept.

    With `hold_until` the message holds its lane until then or until it is sent. Returns True if it
    holds its lane.
    """
    key = {"_id": message_id}
    status = MessageStatus.HELD if result.held else MessageStatus.ACCEPTED
    fields = _hold_or_end(status, hold_until)
    try:
        return await _set_state(key, fields | {"wamid": {"$literal": result.wamid}})
    except DuplicateKeyError:
        # Another message has this wamid, but this message was accepted too.
        return await _set_state(key, fields)


async def record_unknown(
    message_id: PydanticObjectId, *, fence: int | None, hold_until: datetime
) -> bool:
    """Records that the outcome is unknown, so that the message is never re-sent automatically.

    It holds its lane until `hold_until` or until its status is known. Returns True if it does.
    """
    claimed = {"outbox_state": OutboxState.SENDING.value, "lane_fence": fence}
    return await _set_state(
        {"_id": message_id, **claimed}, _hold_or_end(MessageStatus.UNKNOWN, hold_until)
    )


async def mark_unsent_unknown(account_id: PydanticObjectId, *, created_until: datetime) -> int:
    """Marks unsent messages as unknown, so that they are never sent. Returns their number."""
    unsent = {
        "account_id": account_id,
        "created_at": {"$lte": created_until},
        "outbox_state": {"$in": UNSENT_STATES},
    }
    fields = _hold_or_end(MessageStatus.UNKNOWN, None)
    return await update_in_batches(Message, unsent, [{"$set": fields}])


def _hold_or_end(status: MessageStatus, hold_until: datetime | None) -> dict[str, Any]:
    """Returns the fields of a message after its attempt; a later status is kept."""
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
    """Sets the fields. Returns True if the message holds its lane now."""
    changed = await collection(Message).find_one_and_update(
        key,
        [{"$set": fields}],
        projection={"outbox_state": 1},
        return_document=ReturnDocument.AFTER,
    )
    return changed is not None and changed["outbox_state"] == OutboxState.HOLDING.value


async def end_hold(message_id: PydanticObjectId) -> None:
    """Ends the hold of a message after its time, or when its status is known."""
    await collection(Message).update_one(
        {"_id": message_id, "outbox_state": OutboxState.HOLDING.value},
        {"$set": {"outbox_state": OutboxState.DONE.value}},
    )


def _set_status(status: MessageStatus) -> dict[str, Any]:
    return {
        "$max": {"status_rank": status.rank},
        "$min": {f"status_times.{status.key}": utc_now()},
    }


def _make_failure(error: MessageError) -> dict[str, Any]:
    return {
        "$set": {"outbox_state": OutboxState.DONE.value},
        "$addToSet": {"errors": error.model_dump()},
        **_set_status(MessageStatus.FAILED),
    }
