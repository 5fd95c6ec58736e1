"""Records accepted messages, together for answers that arrive at the same time."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from models import UNSENT, Identity, IdentityKind, Message, MessageStatus, OutboxState
from models.database.base import collection
from models.database.coalescing import Call, Coalescer
from whatsapp.cloud_api.responses import SendResult
from whatsapp.contacts.identities import is_bsuid, normalize_phone
from whatsapp.dispatch.outbox_transitions import (
    persist_write,
    record_accepted,
    set_status,
)
from whatsapp.messages.early_updates import find_early_updates
from whatsapp.messages.statuses import apply_early_updates

MAX_ANSWERS = 200


@dataclass(frozen=True, eq=False)
class Accepted:
    """Meta's answer to a claimed message."""

    message: Message
    result: SendResult
    fence: int
    hold_until: datetime | None
    """The end of the time for which it holds back later messages, or None."""


class Acceptances(Coalescer[Accepted, bool]):
    """Records answers and the updates that arrived before them. Never gives up: Meta has the
    messages.

    Returns True if the message holds back later messages.
    """

    def __init__(self) -> None:
        super().__init__("record answers")

    def _weigh(self, item: Accepted) -> float:  # noqa: ARG002 - all answers are equal
        return 1 / MAX_ANSWERS

    async def _process(self, calls: Sequence[Call[Accepted, bool]]) -> None:
        answers = [call.item for call in calls]
        outcomes = await _record(answers)
        recorded = [
            answer
            for answer, outcome in zip(answers, outcomes, strict=True)
            if not isinstance(outcome, PyMongoError)
        ]
        await persist_write(lambda: _apply_early_updates(recorded))
        for call, outcome in zip(calls, outcomes, strict=True):
            if call.result.done():
                continue
            if isinstance(outcome, PyMongoError):
                call.result.set_exception(outcome)
            else:
                call.result.set_result(outcome)


async def _record(answers: Sequence[Accepted]) -> list[bool | PyMongoError]:
    """Returns for each answer whether its message holds back later ones, or the error."""
    writes = [_make_update(answer) for answer in answers]
    with suppress(PyMongoError):
        result = await collection(Message).bulk_write(writes, ordered=False)
        if result.matched_count == len(answers):
            return [answer.hold_until is not None for answer in answers]
    # Recording again changes nothing in the messages that were recorded.
    return [await _record_alone(answer) for answer in answers]


async def _record_alone(answer: Accepted) -> bool | PyMongoError:
    """Records an answer, even if the message changed meanwhile."""
    try:
        return await persist_write(
            lambda: record_accepted(answer.message.id, answer.result, hold_until=answer.hold_until)
        )
    except PyMongoError as error:
        return error


def _make_update(answer: Accepted) -> UpdateOne:
    """Returns the update of a message of which nothing else is known."""
    claimed: dict[str, Any] = {
        "_id": answer.message.id,
        "outbox_state": OutboxState.SENDING.value,
        "fence": answer.fence,
        **UNSENT,
    }
    state = OutboxState.DONE if answer.hold_until is None else OutboxState.HOLDING
    status = MessageStatus.HELD if answer.result.held else MessageStatus.ACCEPTED
    fields = {
        "outbox_state": state.value,
        "hold_until": answer.hold_until,
        "wamid": answer.result.wamid,
    }
    return UpdateOne(claimed, {"$set": fields, **set_status(status)})


async def _apply_early_updates(answers: Sequence[Accepted]) -> None:
    """Applies statuses, reactions, edits and deletions that came before their message's wamid."""
    message_ids: dict[PydanticObjectId, dict[str, PydanticObjectId]] = {}
    for answer in answers:
        message, wamid = answer.message, answer.result.wamid
        message.wamid = wamid
        message_ids.setdefault(message.account_id, {})[wamid] = message.id
    early_updates = await find_early_updates([answer.message for answer in answers])
    for account_id, updates in early_updates.by_account.items():
        await apply_early_updates(account_id, message_ids[account_id], updates)


def read_identities(result: SendResult) -> list[Identity]:
    """Returns the recipient's valid identities in Meta's answer."""
    identities = []
    if result.wa_id is not None and normalize_phone(result.wa_id) == result.wa_id:
        identities.append(Identity(kind=IdentityKind.WA_ID, value=result.wa_id))
    if result.user_id is not None and is_bsuid(result.user_id):
        is_parent = ".ENT." in result.user_id
        kind = IdentityKind.PARENT_BSUID if is_parent else IdentityKind.BSUID
        identities.append(Identity(kind=kind, value=result.user_id))
    return identities
