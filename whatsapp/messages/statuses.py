"""Statuses of sent messages.

Each report is an update whose result is independent of the order and repetition of reports.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import (
    REACTION,
    Message,
    MessageDirection,
    MessageError,
    MessageStatus,
    OutboxState,
)
from models.database.base import collection
from whatsapp.cloud_api.error_codes import OPTED_OUT_CODE
from whatsapp.common.people import get_people_digests
from whatsapp.contacts.contact_identities import NO_IDENTITIES, ReportedIdentities
from whatsapp.contacts.contacts import record_marketing_choice
from whatsapp.conversations.answers import mark_answers_stale, update_answers
from whatsapp.messages.amendments import apply_pending_amendment
from whatsapp.messages.early_updates import (
    EarlyUpdate,
    delete_pending_update,
    list_early_updates,
    store_pending_update,
)
from whatsapp.messages.reactions import update_shown_reaction
from whatsapp.messages.wamids import add_wamid, knows_wamid, match_wamids, report_duplicate

STATUS_KIND = "status"
# Meta never reports these two; such a name counts as unknown.
_BY_KEY = {
    status.key: status
    for status in MessageStatus
    if status not in {MessageStatus.RECEIVED, MessageStatus.CANCELLED}
}
_PROJECTION = (
    "wamid",
    "duplicate_wamids",
    "type",
    "outbox_state",
    "conversation_id",
    "contact_id",
    "status_times.failed",
)
_ERROR_ORDER = {"code": 1, "title": 1, "details": 1, "href": 1, "retryable": 1}


@dataclass(frozen=True)
class StatusUpdate:
    """A status report for a message, found by our id or by the wamid."""

    name: str
    """Meta's name, such as `sent`, or a `MessageStatus.key`."""
    at: datetime
    wamid: str | None = None
    message_id: PydanticObjectId | None = None
    errors: list[MessageError] = field(default_factory=list)
    pricing: dict[str, Any] | None = None
    conversation: dict[str, Any] | None = None
    """Meta's `conversation`, unchanged."""
    recipient: ReportedIdentities = NO_IDENTITIES
    """The customer's identities in the report."""
    payment: dict[str, Any] | None = None
    """Meta's `payment`; `status` then belongs to the payment, not to the message."""
    callback_data: str | None = None
    """Callback data set by another program."""


async def record_status(account_id: PydanticObjectId, update: StatusUpdate) -> bool:
    """Applies the report, or stores it until its message is known. Returns True if applied.

    Raises:
        ErasedPerson: the message or its recipient was erased.
    """
    if await _apply_status(account_id, update):
        return True
    if update.wamid is None:
        return False
    pending_id = await store_pending_update(
        account_id,
        update.wamid,
        kind=STATUS_KIND,
        change=to_change(update),
        people=list_recipient(update),
        is_by_us=update.message_id is not None,
    )
    # The message may have got its wamid between the first attempt and this write.
    if not await _apply_status(account_id, update):
        return False
    await delete_pending_update(pending_id)
    return True


async def apply_pending_to_message(
    account_id: PydanticObjectId, wamid: str, message_id: PydanticObjectId
) -> None:
    """Applies pending updates for this wamid; called after the message got it."""
    await apply_early_updates(
        account_id, {wamid: message_id}, await list_early_updates(account_id, [wamid])
    )


async def apply_early_updates(
    account_id: PydanticObjectId,
    message_ids: Mapping[str, PydanticObjectId],
    updates: Iterable[EarlyUpdate],
) -> None:
    """Applies statuses, reactions, edits and deletions to these messages, given by wamid."""
    for early in updates:
        wamid, change = early.wamid, early.change
        if early.kind == STATUS_KIND:
            applied = await _apply_status(
                account_id, _read_change(wamid, message_ids[wamid], change)
            )
        else:
            applied = await apply_pending_amendment(
                account_id, wamid, kind=early.kind, change=change
            )
        if applied:
            await delete_pending_update(early.id)


async def _apply_status(account_id: PydanticObjectId, update: StatusUpdate) -> bool:
    if update.message_id is not None and await _apply_by_id(account_id, update):
        return True
    if update.wamid is None:
        return False
    key = match_wamids(account_id, [update.wamid])
    return await _update_message(key, make_stage(update), update) is not None


async def _apply_by_id(account_id: PydanticObjectId, update: StatusUpdate) -> bool:
    """Applies the report by our id; also adds a wamid that was lost with the send's response."""
    key: dict[str, Any] = {"_id": update.message_id, "account_id": account_id}
    fields = make_stage(update)
    try:
        wamid_fields = {} if update.wamid is None else add_wamid(update.wamid)
        before = await _update_message(key, fields | wamid_fields, update)
    except DuplicateKeyError:
        # Another message has this wamid: apply the status by our id, and set no wamid.
        return await _update_message(key, fields, update) is not None
    if before is None:
        return False
    if update.wamid is None or update.message_id is None or knows_wamid(before, update.wamid):
        return True
    if before.get("wamid"):
        report_duplicate(update.message_id)
    await apply_pending_to_message(account_id, update.wamid, update.message_id)
    return True


async def _update_message(
    key: dict[str, Any], fields: dict[str, Any], update: StatusUpdate
) -> dict[str, Any] | None:
    """Updates the outbound message; returns its previous fields, or None if it does not exist."""
    before: dict[str, Any] | None = await collection(Message).find_one_and_update(
        {**key, "direction": MessageDirection.OUTBOUND.value},
        [{"$set": fields}],
        projection=dict.fromkeys(_PROJECTION, 1),
    )
    if before is not None and any(error.code == OPTED_OUT_CODE for error in update.errors):
        await record_marketing_choice(before["contact_id"], opts_out=True, at=update.at)
    if before is not None and before["type"] == REACTION:
        await update_shown_reaction(before["_id"])
    elif before is not None and ("status_times.failed" in fields or has_failed(before)):
        # A failed message is no answer, but one that was delivered afterwards is.
        await mark_answers_stale(before["conversation_id"])
        await update_answers(before["conversation_id"])
    return before


def has_failed(message: Mapping[str, Any]) -> bool:
    """Returns True if stored fields of a message have the time of a failure."""
    return MessageStatus.FAILED.key in message.get("status_times", {})


def make_stage(update: StatusUpdate) -> dict[str, Any]:
    """Returns the `$set` of a pipeline; external text is a `$literal`, so "$x" is not a path."""
    status = _BY_KEY.get(update.name.lower())
    fields: dict[str, Any] = {"outbox_state": _settle(None if update.payment else status)}
    if update.payment is not None:
        report = {"at": update.at, "status": update.name, "payment": _sort_keys(update.payment)}
        fields["payments"] = _unite_sorted(
            "$payments", {"$literal": [report]}, {"at": 1, "status": 1, "payment": 1}
        )
    elif status is None:
        unknown = {"$literal": [{"name": update.name, "at": update.at}]}
        fields["unknown_statuses"] = _unite_sorted(
            "$unknown_statuses", unknown, {"at": 1, "name": 1}
        )
    else:
        reached = f"status_times.{status.key}"
        fields[reached] = {"$min": [f"${reached}", update.at]}
        fields["status_rank"] = {"$max": ["$status_rank", status.rank]}
    if update.errors:
        is_failure = status is MessageStatus.FAILED and update.payment is None
        name = "errors" if is_failure else "warnings"
        fields[name] = unite_errors(f"${name}", update.errors)
    # Reports of a message may differ in these; the smallest value is independent of their order.
    if update.pricing is not None:
        pricing = {"$literal": _sort_keys(update.pricing)}
        fields["pricing"] = {"$min": ["$pricing", pricing]}
    if update.callback_data is not None:
        callback_data = {"$literal": update.callback_data}
        fields["callback_data"] = {"$min": ["$callback_data", callback_data]}
    if update.conversation is not None:
        conversation = {"$literal": _sort_keys(update.conversation)}
        fields["billing_conversation"] = {"$min": ["$billing_conversation", conversation]}
    return fields


def _settle(status: MessageStatus | None) -> dict[str, Any]:
    """Returns the state of a message in the outbox after a report of it.

    WhatsApp has a message that it reports, so that a queued retry would send it again. One that
    holds back later messages waits for its first status.
    """
    waiting = [OutboxState.READY.value]
    if status is not None and status.rank >= MessageStatus.SENT.rank:
        waiting.append(OutboxState.HOLDING.value)
    is_waiting = {"$in": ["$outbox_state", waiting]}
    return {"$cond": [is_waiting, OutboxState.DONE.value, "$outbox_state"]}


def unite_errors(stored: str, errors: Iterable[MessageError]) -> dict[str, Any]:
    """Returns an expression that adds errors to the stored errors."""
    added = {"$literal": [error.model_dump() for error in errors]}
    return _unite_sorted(stored, added, _ERROR_ORDER)


def _unite_sorted(stored: str, added: dict[str, Any], order: dict[str, int]) -> dict[str, Any]:
    union = {"$setUnion": [{"$ifNull": [stored, []]}, added]}
    return {"$sortArray": {"input": union, "sortBy": order}}


def _sort_keys(value: Any) -> Any:
    """Sorts keys recursively, because MongoDB compares objects in key order."""
    if isinstance(value, Mapping):
        return {key: _sort_keys(value[key]) for key in sorted(value)}
    return [_sort_keys(item) for item in value] if isinstance(value, list) else value


def list_recipient(update: StatusUpdate) -> list[bytes]:
    """Returns the digests of the recipient's identities."""
    return get_people_digests().digest_all(
        identity.value for identity in update.recipient.identities
    )


def to_change(update: StatusUpdate) -> dict[str, Any]:
    return {
        "name": update.name,
        "at": update.at,
        "errors": [error.model_dump() for error in update.errors],
        "pricing": _sort_keys(update.pricing),
        "conversation": _sort_keys(update.conversation),
        "payment": _sort_keys(update.payment),
        "callback_data": update.callback_data,
    }


def _read_change(
    wamid: str, message_id: PydanticObjectId, content: Mapping[str, Any]
) -> StatusUpdate:
    return StatusUpdate(
        name=content["name"],
        at=content["at"],
        wamid=wamid,
        message_id=message_id,
        errors=[MessageError.model_validate(error) for error in content["errors"]],
        pricing=content["pricing"],
        conversation=content.get("conversation"),
        payment=content.get("payment"),
        callback_data=content.get("callback_data"),
    )
