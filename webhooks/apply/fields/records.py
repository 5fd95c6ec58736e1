"""Keeps what Meta tells about an account as it came, with one line that says what it is."""

from collections.abc import Mapping
from typing import Any

from models import Account
from webhooks.apply.fields.values import get_object, get_text, get_told_at, get_value
from webhooks.payload.items import Item
from whatsapp.accounts.account_events import record_event

MAX_SUMMARY = 300
# The name of what happened, wherever a field has it.
_EVENT_KEYS = ("event", "decision", "alert_type", "type", "new_quality_score", "new_category")
# What else a person wants to know, with the word before it.
_DETAILS = {
    "message_template_name": "template",
    "message_template_language": "language",
    "display_phone_number": "number",
    "phone_number": "number",
    "requested_verified_name": "name",
    "current_limit": "limit",
    "max_daily_conversations_per_business": "limit",
    "max_daily_conversation_per_phone": "limit",
    "alert_severity": "severity",
    "alert_status": "status",
    "alert_description": "",
    "rejection_reason": "reason",
    "reason": "reason",
    "previous_quality_score": "before",
    "previous_category": "before",
    "country": "country",
    "partner_client_certification_status": "status",
}
# A list of things that happened, of which the first names the event.
_LISTS = ("groups", "calls", "statuses", "history", "state_sync", "errors")


async def record_change(account: Account, item: Item) -> None:
    """Keeps the change, whatever it is."""
    await record_event(
        account.id,
        field=item.field_name or "",
        value=item.value,
        at=get_told_at(item),
        event=read_event_name(get_value(item)),
        summary=summarize(item),
    )


def read_event_name(value: Mapping[str, Any]) -> str | None:
    """Meta's own name of what happened."""
    for part in (value, get_object(value, "alert_info"), *_list_first(value)):
        found = get_text(part, *_EVENT_KEYS)
        if found is not None:
            return found
    return None


def summarize(item: Item) -> str:
    """Such as `account update: DISABLED_UPDATE (number 15550783881)`."""
    value = get_value(item)
    words = (item.field_name or "").replace("_", " ")
    event = read_event_name(value)
    details = _list_details(value)
    line = words + (f": {event}" if event else "") + (f" ({', '.join(details)})" if details else "")
    return " ".join(line.split())[:MAX_SUMMARY]


def _list_details(value: Mapping[str, Any]) -> list[str]:
    told = {**get_object(value, "metadata"), **get_object(value, "alert_info"), **value}
    found = [(word, get_text(told, key)) for key, word in _DETAILS.items()]
    details = [f"{word} {text}".strip() for word, text in found if text and text != "NONE"]
    counts = [(name, value.get(name)) for name in _LISTS]
    return details + [f"{len(one)} {name}" for name, one in counts if isinstance(one, list)]


def _list_first(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    lists = (value.get(name) for name in _LISTS)
    first = (one[0] for one in lists if isinstance(one, list) and one)
    return [one for one in first if isinstance(one, dict)]
