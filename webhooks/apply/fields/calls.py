"""Calls: all that webhooks tell of one, in any order, becomes one message of its conversation."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from models import CALL, Account, Message, MessageDirection, ParkedReason
from models.messages.words import list_message_words
from webhooks.apply.fields.records import record_change
from webhooks.apply.fields.values import get_text, get_time, get_value
from webhooks.apply.storage import Correspondents, store_messages
from webhooks.payload.identity_changes import read_wa_id
from webhooks.payload.items import Item, Unfit, is_business_call
from webhooks.payload.messages import Inbound, read_errors, read_message
from whatsapp.conversations.conversations import retry_when_gone
from whatsapp.messages.calls import CALL_TEXT, CallReport, CallState, record_call

# By Meta's names of the one who called or was called, those of a message's sender.
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
    """Stores the call, or adds what became of it; the rest of such a webhook is an account event.

    Raises:
        Unfit: it has no id, time, customer or readable state.
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
    placed = cast("Message", await Correspondents().place(account.id, call))
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
    await record_call(account.id, call.shape.id, report)


def _is_from(account: Account, value: Mapping[str, Any]) -> bool:
    """Whether the account's own number calls: older webhooks name no direction."""
    caller = read_wa_id(get_text(value, "from"))
    own = "".join(filter(str.isdigit, account.display_phone_number or ""))
    return "direction" not in value and caller is not None and caller == own


def _read_call(item: Item, names: Mapping[str, str]) -> Inbound:
    """It is read in the form of a customer's message, with the customer as the sender."""
    value = get_value(item)
    own = {name: value[told] for name, told in names.items() if told in value}
    own |= {name: value[name] for name in ("id", "timestamp", "errors") if name in value}
    call = read_message(dataclasses.replace(item, value=own | {"type": CALL}))
    # Without a name, what the business began tells nothing of the customer's profile.
    is_told = names is _CALLER_NAMES or (call.profile is not None and call.profile.name is not None)
    return call if is_told else dataclasses.replace(call, profile=None)


def _read_report(value: Mapping[str, Any], call: Inbound, *, is_outbound: bool) -> CallReport:
    texts = {name: get_text(value, name) for name in _TEXTS}
    return CallReport(
        state=_read_state(value),
        at=call.shape.timestamp,
        direction=MessageDirection.OUTBOUND if is_outbound else MessageDirection.INBOUND,
        duration=_read_duration(value.get("duration")),
        started_at=get_time(value, "start_time"),
        ended_at=get_time(value, "end_time"),
        texts={name: text for name, text in texts.items() if text is not None},
        errors=read_errors(call.shape.errors),
    )


def _read_duration(told: Any) -> int | None:
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) <= _MAX_DIGITS:
        told = int(told)
    if not isinstance(told, int) or isinstance(told, bool):
        return None
    return told if 0 <= told <= _MAX_SECONDS else None


def _read_state(value: Mapping[str, Any]) -> CallState:
    """Raises Unfit."""
    event = (get_text(value, "event") or "").lower()
    told = value.get("status")
    # Meta documents the status of an ended call as a text, and shows it as a list.
    listed = told[0] if isinstance(told, list) and told else told
    status = (get_text({"status": listed}, "status") or "").upper()
    if event == "connect":
        return CallState.RINGING
    if event == "terminate" and status not in CallState.__members__:
        is_long = get_time(value, "start_time") is not None
        return CallState.COMPLETED if is_long else CallState.FAILED
    if status in CallState.__members__:
        return CallState(status)
    raise Unfit(ParkedReason.INVALID_ITEM, "status: no known state of a call")
