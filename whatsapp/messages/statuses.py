"""Statuses of sent messages: a set of reports, never a sequence.

Every report is one update that any order and any repetition of reports leaves equal.
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
from whatsapp.contacts.contact_identities import NO_IDENTITIES, ReportedIdentities
from whatsapp.contacts.contacts import record_marketing_choice
from whatsapp.messages.amendments import apply_pending_amendment
from whatsapp.messages.early_updates import (
    EarlyUpdate,
    delete_pending_update,
    list_early_updates,
    store_pending_update,
)
from whatsapp.messages.lanes import wake_lane
from whatsapp.messages.reactions import update_shown_reaction

STATUS_KIND = "status"
# These two are never reported: a name that happens to be one of them is just unknown.
_BY_KEY = {
    status.key: status
    for status in MessageStatus
    if status not in {MessageStatus.RECEIVED, MessageStatus.CANCELLED}
}
_KNOWN_BEFORE = ("wamid", "type", "outbox_state", "conversation_id", "contact_id")
_ERROR_ORDER = {"code": 1, "title": 1, "details": 1, "href": 1, "retryable": 1}


@dataclass(frozen=True)
class StatusUpdate:
    """One report about one message, found by our own id or by Meta's."""

    name: str
    """Meta's word, such as `sent`, or a `MessageStatus.key`."""
    at: datetime
    wamid: str | None = None
    message_id: PydanticObjectId | None = None
    errors: list[MessageError] = field(default_factory=list)
    pricing: dict[str, Any] | None = None
    conversation: dict[str, Any] | None = None
    """Meta's `conversation`, as it came."""
    recipient: ReportedIdentities = NO_IDENTITIES
    """What the report calls the customer."""
    payment: dict[str, Any] | None = None
    """Meta's `payment`: then the status is the payment's, and not the message's."""
    callback_data: str | None = None
    """Callback data of another program."""


async def record_status(account_id: PydanticObjectId, update: StatusUpdate) -> bool:
    """Applies the report, or keeps it until its message is known; returns whether it applied."""
    if await _apply(account_id, update):
        return True
    if update.wamid is None:
        return False
    pending_id = await store_pending_update(
        account_id, update.wamid, kind=STATUS_KIND, change=to_change(update)
    )
    # The message may have got its wamid between our look and our write.
    if not await _apply(account_id, update):
        return False
    await delete_pending_update(pending_id)
    return True


async def apply_pending_to_message(
    account_id: PydanticObjectId, wamid: str, message_id: PydanticObjectId
) -> None:
    """Applies what waited for this wamid; called after the message got it."""
    await apply_early_updates(
        account_id, {wamid: message_id}, await list_early_updates(account_id, [wamid])
    )


async def apply_early_updates(
    account_id: PydanticObjectId,
    message_ids: Mapping[str, PydanticObjectId],
    updates: Iterable[EarlyUpdate],
) -> None:
    """What waits for these messages, by wamid: statuses, reactions, edits and deletions."""
    for waiting in updates:
        wamid, change = waiting.wamid, waiting.change
        if waiting.kind == STATUS_KIND:
            applied = await _apply(account_id, _read_change(wamid, message_ids[wamid], change))
        else:
            applied = await apply_pending_amendment(
                account_id, wamid, kind=waiting.kind, change=change
            )
        if applied:
            await delete_pending_update(waiting.id)


async def _apply(account_id: PydanticObjectId, update: StatusUpdate) -> bool:
    if update.message_id is not None and await _apply_by_id(account_id, update):
        return True
    if update.wamid is None:
        return False
    key = {"account_id": account_id, "wamid": update.wamid}
    return await _change(key, make_stage(update), update) is not None


async def _apply_by_id(account_id: PydanticObjectId, update: StatusUpdate) -> bool:
    """Also gives the message its wamid where the answer to the send was lost."""
    key: dict[str, Any] = {"_id": update.message_id, "account_id": account_id}
    fields = make_stage(update)
    try:
        before = await _change(key, fields | _learn_wamid(update.wamid), update)
    except DuplicateKeyError:
        # Another message has this wamid: believe our id for the status, and nobody for the rest.
        return await _change(key, fields, update) is not None
    if before is None:
        return False
    if update.wamid is not None and update.message_id is not None and not before.get("wamid"):
        await apply_pending_to_message(account_id, update.wamid, update.message_id)
    return True


async def _change(
    key: dict[str, Any], fields: dict[str, Any], update: StatusUpdate
) -> dict[str, Any] | None:
    """What the outbound message was before, or None where there is none."""
    before: dict[str, Any] | None = await collection(Message).find_one_and_update(
        {**key, "direction": MessageDirection.OUTBOUND.value},
        [{"$set": fields}],
        projection=dict.fromkeys(_KNOWN_BEFORE, 1),
    )
    if before is not None and any(error.code == OPTED_OUT_CODE for error in update.errors):
        await record_marketing_choice(before["contact_id"], opts_out=True, at=update.at)
    if before is not None and before.get("outbox_state") == OutboxState.HOLDING.value:
        # This may be what the messages behind it wait for.
        await wake_lane(before["conversation_id"])
    if before is not None and before["type"] == REACTION:
        await update_shown_reaction(before["_id"])
    return before


def _learn_wamid(wamid: str | None) -> dict[str, Any]:
    return {} if wamid is None else {"wamid": {"$ifNull": ["$wamid", {"$literal": wamid}]}}


def make_stage(update: StatusUpdate) -> dict[str, Any]:
    """The `$set` of a report's pipeline; outside text is a `$literal`, so that "$x" is no path."""
    fields: dict[str, Any] = {}
    status = _BY_KEY.get(update.name.lower())
    if update.payment is not None:
        report = {"at": update.at, "status": update.name, "payment": _sort_keys(update.payment)}
        fields["payments"] = _unite(
            "$payments", {"$literal": [report]}, {"at": 1, "status": 1, "payment": 1}
        )
    elif status is None:
        unknown = {"$literal": [{"name": update.name, "at": update.at}]}
        fields["unknown_statuses"] = _unite("$unknown_statuses", unknown, {"at": 1, "name": 1})
    else:
        reached = f"status_times.{status.key}"
        fields[reached] = {"$min": [f"${reached}", update.at]}
        fields["status_rank"] = {"$max": ["$status_rank", status.rank]}
    if update.errors:
        is_failure = status is MessageStatus.FAILED and update.payment is None
        name = "errors" if is_failure else "warnings"
        fields[name] = unite_errors(f"${name}", update.errors)
    # Reports of one message may differ in these: the smaller one is the same in any order.
    if update.pricing is not None:
        pricing = {"$literal": _sort_keys(update.pricing)}
        fields["pricing"] = {"$min": ["$pricing", pricing]}
    if update.callback_data is not None:
        told = {"$literal": update.callback_data}
        fields["callback_data"] = {"$min": ["$callback_data", told]}
    if update.conversation is not None:
        conversation = {"$literal": _sort_keys(update.conversation)}
        fields["billing_conversation"] = {"$min": ["$billing_conversation", conversation]}
    return fields


def unite_errors(stored: str, errors: Iterable[MessageError]) -> dict[str, Any]:
    """The expression of the stored errors with these among them."""
    added = {"$literal": [error.model_dump() for error in errors]}
    return _unite(stored, added, _ERROR_ORDER)


def _unite(stored: str, added: dict[str, Any], order: dict[str, int]) -> dict[str, Any]:
    union = {"$setUnion": [{"$ifNull": [stored, []]}, added]}
    return {"$sortArray": {"input": union, "sortBy": order}}


def _sort_keys(value: Any) -> Any:
    """Equal objects must be equal in MongoDB too, where the order of keys counts."""
    if isinstance(value, Mapping):
        return {key: _sort_keys(value[key]) for key in sorted(value)}
    return [_sort_keys(item) for item in value] if isinstance(value, list) else value


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
