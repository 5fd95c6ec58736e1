"""Stores changes as account events, each with a one-line summary."""

from collections.abc import Mapping
from typing import Any

from models import Account
from webhooks.payload.items import Item
from webhooks.payload.meta_objects import get_entry_time, get_object, get_text, get_value
from whatsapp.accounts.account_events import record_event

MAX_SUMMARY = 300
# Keys that may hold the name of the event.
_EVENT_KEYS = ("event", "decision", "alert_type", "type", "new_quality_score", "new_category")
# Further keys of the summary, each with its label.
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
# Lists of events; the first element names the event.
_LISTS = ("groups", "calls", "statuses", "history", "state_sync", "errors")


async def record_change(account: Account, item: Item) -> None:
    """Stores any change as an event of the account."""
    await record_event(
        account.id,
        field=item.field_name or "",
        value=item.value,
        at=get_entry_time(item),
        event=read_event_name(get_value(item)),
        summary=summarize(item),
    )


def read_event_name(value: Mapping[str, Any]) -> str | None:
    """Returns Meta's name of the event."""
    for part in (value, get_object(value, "alert_info"), *_list_first(value)):
        name = get_text(part, *_EVENT_KEYS)
        if name is not None:
            return name
    return None


def summarize(item: Item) -> str:
    """Returns a line such as `account update: DISABLED_UPDATE (number 15550783881)`."""
    value = get_value(item)
    words = (item.field_name or "").replace("_", " ")
    event = read_event_name(value)
    details = _list_details(value)
    line = words + (f": {event}" if event else "") + (f" ({', '.join(details)})" if details else "")
    return " ".join(line.split())[:MAX_SUMMARY]


def _list_details(value: Mapping[str, Any]) -> list[str]:
    values = {**get_object(value, "metadata"), **get_object(value, "alert_info"), **value}
    labelled = [(word, get_text(values, key)) for key, word in _DETAILS.items()]
    details = [f"{word} {text}".strip() for word, text in labelled if text and text != "NONE"]
    counts = [(name, value.get(name)) for name in _LISTS]
    return details + [f"{len(items)} {name}" for name, items in counts if isinstance(items, list)]


def _list_first(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    lists = (value.get(name) for name in _LISTS)
    first = (items[0] for items in lists if isinstance(items, list) and items)
    return [item for item in first if isinstance(item, dict)]
