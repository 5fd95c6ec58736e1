"""Calls: all webhooks about a call, in any order, become a single message of its conversation."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from models import CALL, Account, Message, MessageDirection, ParkedReason
from models.messages.words import list_message_words
from webhooks.apply.fields.records import record_change
from webhooks.apply.messages import SenderCache, store_messages
from webhooks.payload.identities import read_wa_id
from webhooks.payload.items import Item, ItemRejected, is_business_call
from webhooks.payload.messages import Inbound, read_errors, read_message
from webhooks.payload.meta_objects import get_text, get_time, get_value
from whatsapp.conversations.conversations import retry_when_gone
from whatsapp.messages.calls import CALL_TEXT, CallReport, CallState, record_call

# Keys of the customer, by the keys of a message's sender.
_STATUS_NAMES = {
    "from": "recipient_id",
    "from_user_id": "recipient_user_id",
    "from_parent_user_id": "recipient_parent_user_id",
}
_CALLEE_NAMES = {
    "from": "to",
    "from_user_id": "to_user_id",
    "from_parent_user_id": "to_parent_user_id",
}
_CALLER_NAMES = {name: name for name in _CALLEE_NAMES}
_TEXTS = ("biz_opaque_callback_data", "cta_payload", "deeplink_payload")
_MAX_SECONDS = 2**31 - 1
_MAX_DIGITS = 10


async def apply_call(account: Account, item: Item) -> None:
    """Stores a call or updates its state; other parts of the webhook become an account event.

    Raises:
        ItemRejected: the id, time, customer or state is missing or invalid.
    """
    if item.list_key is None:
        await record_change(account, item)
        return
    value = get_value(item)
    is_status = "event" not in value
    is_outbound = is_status or is_business_call(value) or _is_from(account, value)
    names = _STATUS_NAMES if is_status else _CALLEE_NAMES if is_outbound else _CALLER_NAMES
    call = _read_call(item, names)
    report = _read_report(value, call, is_outbound=is_outbound)
    await retry_when_gone(partial(_store, account, call, report))


async def _store(account: Account, call: Inbound, report: CallReport) -> None:
    by_customer = report.direction is MessageDirection.INBOUND
    call = dataclasses.replace(call, by_customer=by_customer)
    placed = cast("Message", await SenderCache().place(account.id, call))
    message: Message = placed.model_copy(
        update={
            "direction": report.direction,
            "content": report.make_content(),
            "raw": None,
            "text": CALL_TEXT,
            "words": list_message_words(CALL_TEXT),
            "unread": report.direction is MessageDirection.INBOUND,
            "status_times": {report.status.key: report.at},
            "status_rank": report.status.rank,
        }
    )
    await store_messages([message])
    await record_call(account.id, call.message.id, report)


def _is_from(account: Account, value: Mapping[str, Any]) -> bool:
    """Returns True if the account's number called; older webhooks have no direction."""
    caller = read_wa_id(get_text(value, "from"))
    number = "".join(filter(str.isdigit, account.display_phone_number or ""))
    return "direction" not in value and caller is not None and caller == number


def _read_call(item: Item, names: Mapping[str, str]) -> Inbound:
    """Parses the call as a message with the customer as the sender."""
    value = get_value(item)
    parts = {name: value[key] for name, key in names.items() if key in value}
    parts |= {name: value[name] for name in ("id", "timestamp", "errors") if name in value}
    call = read_message(dataclasses.replace(item, value=parts | {"type": CALL}))
    # If the business called, a missing name means that the profile is unknown.
    has_name = call.profile is not None and call.profile.name is not None
    is_known = names is _CALLER_NAMES or has_name
    return call if is_known else dataclasses.replace(call, profile=None)


def _read_report(value: Mapping[str, Any], call: Inbound, *, is_outbound: bool) -> CallReport:
    texts = {name: get_text(value, name) for name in _TEXTS}
    return CallReport(
        state=_read_state(value),
        at=call.message.timestamp,
        direction=MessageDirection.OUTBOUND if is_outbound else MessageDirection.INBOUND,
        duration=_read_duration(value.get("duration")),
        started_at=get_time(value, "start_time"),
        ended_at=get_time(value, "end_time"),
        texts={name: text for name, text in texts.items() if text is not None},
        errors=read_errors(call.message.errors),
    )


def _read_duration(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MAX_SECONDS else None


def _read_state(value: Mapping[str, Any]) -> CallState:
    """Returns the state of the call.

    Raises:
        ItemRejected: the status is missing or unknown.
    """
    event = (get_text(value, "event") or "").lower()
    status = value.get("status")
    # Meta documents the status of an ended call as a text, and shows it as a list.
    first = status[0] if isinstance(status, list) and status else status
    status = (get_text({"status": first}, "status") or "").upper()
    if event == "connect":
        return CallState.RINGING
    if event == "terminate" and status not in CallState.__members__:
        is_long = get_time(value, "start_time") is not None
        return CallState.COMPLETED if is_long else CallState.FAILED
    if status in CallState.__members__:
        return CallState(status)
    raise ItemRejected(ParkedReason.INVALID_ITEM, "status: unknown state of a call")
