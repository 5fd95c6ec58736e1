"""State transitions of a message in the outbox, each a conditional update.

READY → SENDING → DONE; back to READY if it was definitely not sent; HOLDING if that is unknown.
Claims are in `claims`. Outcomes are recorded even if the account has another owner meanwhile.

Meta may refuse a message and send it all the same. A message with a wamid or a status of SENT or
more is never claimed, returned or failed again, whatever a later answer says.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from beanie import PydanticObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from models import (
    SENT,
    UNSENT,
    Message,
    MessageError,
    MessageStatus,
    OutboxState,
)
from models.database.base import collection, utc_now
from models.database.bulk_writes import update_in_batches
from models.database.outages import is_transient
from models.restores import UNSENT_STATES
from telemetry.metrics.sends import OUTCOMES
from whatsapp.cloud_api.responses import SendResult
from whatsapp.conversations.answers import mark_answers_stale, update_answers
from whatsapp.dispatch.local_errors import NOT_SENT
from whatsapp.dispatch.queues.conversation_queue import QueuedMessage
from whatsapp.messages.wamids import add_wamid, report_duplicate

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
Result = TypeVar("Result")


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


async def show_sending(message_id: PydanticObjectId) -> None:
    """Shows the status of a message that was stored as claimed."""
    with suppress(PyMongoError):  # its outcome is shown in any case
        await collection(Message).update_one({"_id": message_id}, set_status(MessageStatus.SENDING))


async def return_message(
    message: Message | QueuedMessage,
    *,
    fence: int,
    not_before: datetime | None = None,
    is_refused: bool = False,
    error: MessageError = NOT_SENT,
) -> None:
    """Makes a message READY again that was definitely not sent.

    Without `not_before` the attempt is not counted; `is_refused` counts it as a refusal. If another
    owner has already marked the message as unknown, it becomes FAILED with `error` instead. If a
    status has shown meanwhile that Meta sent it, it leaves the queue.
    """
    update: dict[str, Any] = {
        "$set": {"outbox_state": OutboxState.READY.value, "hold_until": not_before}
    }
    update["$inc"] = {"attempts": -1} if not_before is None else {"refusals": int(is_refused)}
    attempt = {"_id": message.id, "fence": fence}
    returned = await collection(Message).update_one(
        {**attempt, "outbox_state": OutboxState.SENDING.value, **UNSENT}, update
    )
    if not returned.matched_count and not await _end_sent(message.id):
        states = {"$in": [OutboxState.HOLDING.value, OutboxState.DONE.value]}
        unknown = {**UNSENT, "outbox_state": states, "status_rank": MessageStatus.UNKNOWN.rank}
        await _fail(message, {**attempt, **unknown}, error)


async def fail_message(message: Message, error: MessageError) -> None:
    """Fails a message that Meta refused permanently, unless Meta sent it all the same."""
    if not await _fail(message, {"_id": message.id, **UNSENT}, error):
        await _end_sent(message.id)


async def fail_unsent(message: Message, error: MessageError, *, fence: int) -> None:
    """Fails a claimed message that may no longer be sent."""
    claimed = {"_id": message.id, "outbox_state": OutboxState.SENDING.value, "fence": fence}
    OUTCOMES["unsent"].inc(await _fail(message, claimed | UNSENT, error))


async def _fail(message: Message | QueuedMessage, key: dict[str, Any], error: MessageError) -> int:
    """Returns 1 if the key matched, else 0."""
    # Marked before, so that a crash in between is noticed.
    await mark_answers_stale(message.conversation_id)
    failed = await collection(Message).update_one(key, _make_failure(error))
    await update_answers(message.conversation_id)
    return failed.matched_count


async def _end_sent(message_id: PydanticObjectId) -> bool:
    """Ends the attempt of a message that Meta has sent. Returns False if there is no sign of it."""
    ended = await collection(Message).update_one(
        {"_id": message_id, **SENT}, {"$set": {"outbox_state": OutboxState.DONE.value}}
    )
    return bool(ended.matched_count)


async def record_accepted(
    message_id: PydanticObjectId, result: SendResult, *, hold_until: datetime | None = None
) -> bool:
    """Records that Meta accepted the message; statuses and a wamid that came earlier are kept.

    With `hold_until` the message holds back later ones until then or until it is sent. Returns
    True if it does.
    """
    key = {"_id": message_id}
    status = MessageStatus.HELD if result.held else MessageStatus.ACCEPTED
    fields = _hold_or_end(status, hold_until)
    try:
        message = await _set_state(key, fields | add_wamid(result.wamid))
    except DuplicateKeyError:
        # Another message has this wamid, but this message was accepted too.
        message = await _set_state(key, fields)
    if result.wamid in (message.get("duplicate_wamids") or ()):
        report_duplicate(message_id)
    return _holds(message)


async def record_unknown(
    message_id: PydanticObjectId, *, fence: int | None, hold_until: datetime
) -> bool:
    """Records that the outcome is unknown, so that the message is never re-sent automatically.

    It holds back later messages until `hold_until` or until its status is known. Returns True if
    it does.
    """
    claimed = {"outbox_state": OutboxState.SENDING.value, "fence": fence}
    fields = _hold_or_end(MessageStatus.UNKNOWN, hold_until)
    return _holds(await _set_state({"_id": message_id, **claimed}, fields))


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
        "hold_until": {"$cond": [is_sent, None, hold_until]},
        "status_rank": {"$max": ["$status_rank", status.rank]},
        reached: {"$min": [f"${reached}", utc_now()]},
    }


async def _set_state(key: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Sets the fields; returns the changed ones, or none if no message matches."""
    changed: dict[str, Any] | None = await collection(Message).find_one_and_update(
        key,
        [{"$set": fields}],
        projection={"outbox_state": 1, "duplicate_wamids": 1},
        return_document=ReturnDocument.AFTER,
    )
    return changed or {}


def _holds(message: dict[str, Any]) -> bool:
    return message.get("outbox_state") == OutboxState.HOLDING.value


async def end_waits(message_ids: Sequence[PydanticObjectId]) -> None:
    """Ends the wait of messages whose hold has ended, or that Meta sent before their retry."""
    if not message_ids:
        return
    holding = {"outbox_state": OutboxState.HOLDING.value}
    sent = {"outbox_state": OutboxState.READY.value, **SENT}
    await collection(Message).update_many(
        {"_id": {"$in": list(message_ids)}, "$or": [holding, sent]},
        {"$set": {"outbox_state": OutboxState.DONE.value, "hold_until": None}},
    )


async def requeue_claimed(
    message_ids: Sequence[PydanticObjectId], *, fence: int, tokens: Collection[str]
) -> None:
    """Makes claimed messages READY again, unless their claim has one of the `tokens`.

    No request was begun for them: MongoDB executed the claim after its sender had given it up.
    """
    if not message_ids:
        return
    claimed = {
        "_id": {"$in": list(message_ids)},
        "outbox_state": OutboxState.SENDING.value,
        "fence": fence,
        "claim_token": {"$nin": list(tokens)},
    }
    ready = {"$set": {"outbox_state": OutboxState.READY.value}, "$inc": {"attempts": -1}}
    await collection(Message).update_many(claimed | UNSENT, ready)
    await collection(Message).update_many(
        claimed | SENT, {"$set": {"outbox_state": OutboxState.DONE.value}}
    )


def set_status(status: MessageStatus) -> dict[str, Any]:
    """Returns the operators that record the status, unless a later one is stored."""
    return {
        "$max": {"status_rank": status.rank},
        "$min": {f"status_times.{status.key}": utc_now()},
    }


def _make_failure(error: MessageError) -> dict[str, Any]:
    return {
        "$set": {"outbox_state": OutboxState.DONE.value},
        "$addToSet": {"errors": error.model_dump()},
        **set_status(MessageStatus.FAILED),
    }
