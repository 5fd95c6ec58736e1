"""Webhook fields about message templates."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from models import Account, ParkedReason
from webhooks.apply.fields.records import record_change
from webhooks.payload.items import Item, ItemRejected
from webhooks.payload.meta_objects import get_entry_time, get_object, get_text, get_time, get_value
from whatsapp.common.timestamped_fields import NO_TIME, TimestampedFields
from whatsapp.common.values import make_storable
from whatsapp.templates.records import record_template
from whatsapp.templates.sync import mark_templates_stale

ReadFields = Callable[[Mapping[str, Any], datetime], list[TimestampedFields]]
_APPROVED = "APPROVED"
# Events that lead to a status with another name.
_STATUSES = {"REINSTATED": _APPROVED, "UNARCHIVED": _APPROVED}
_BUTTON = "message_template_button_"


def _apply_with(read_fields: ReadFields) -> Callable[[Account, Item], Awaitable[None]]:
    async def apply(account: Account, item: Item) -> None:
        value = get_value(item)
        template_id = get_text(value, "message_template_id")
        if template_id is None:
            raise ItemRejected(ParkedReason.INVALID_ITEM, "message_template_id: missing")
        await record_change(account, item)
        at = get_entry_time(item) or NO_TIME
        updates = [
            update for update in (*_read_name(value, at), *read_fields(value, at)) if update.values
        ]
        has_text = await record_template(account.id, template_id, updates)
        if not has_text or any(update.aspect == "components" for update in updates):
            # Webhooks leave out files and samples, so the template must be read from Meta.
            await mark_templates_stale(account.id)

    return apply


def _read_name(value: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    """Returns name, language and category, which every webhook about a template has."""
    names = {"name": "message_template_name", "language": "message_template_language"}
    category = {"category": "message_template_category"}
    return [
        TimestampedFields(name, at, {name: text})
        for name, key in (names | category).items()
        if (text := get_text(value, key)) is not None
    ]


def _read_status(value: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    event = get_text(value, "event")
    if event is None:
        return []
    event = event.upper()
    rejection, other = get_object(value, "rejection_info"), get_object(value, "other_info")
    details = [get_text(other, "title"), get_text(other, "description")]
    reasons = [_read_reason(value), get_text(rejection, "reason"), *details]
    fields: dict[str, Any] = {
        "status": _STATUSES.get(event, event),
        "status_reason": ": ".join(dict.fromkeys(reason for reason in reasons if reason)) or None,
        "recommendation": get_text(rejection, "recommendation"),
        "disabled_at": get_time(get_object(value, "disable_info"), "disable_date"),
    }
    return [TimestampedFields("status", at, fields)]


def _read_reason(value: Mapping[str, Any]) -> str | None:
    reason = get_text(value, "reason")
    return None if reason == "NONE" else reason


def _read_quality(value: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    score = get_text(value, "new_quality_score")
    if score is None:
        return []
    before = get_text(value, "previous_quality_score")
    return [
        TimestampedFields("quality", at, {"quality_score": score, "previous_quality_score": before})
    ]


def _read_category(value: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    category, before = get_text(value, "new_category"), get_text(value, "previous_category")
    updates = []
    if category is not None:
        updates.append(TimestampedFields("category", at, {"category": category}))
    if before is not None:
        updates.append(TimestampedFields("previous_category", at, {"previous_category": before}))
    return updates


def _read_components(value: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    """Returns the components in the form of Meta's Graph API."""
    header = get_text(value, "message_template_title")
    body = get_text(value, "message_template_element")
    footer = get_text(value, "message_template_footer")
    buttons = value.get("message_template_buttons")
    parts: list[dict[str, Any] | None] = [
        {"type": "HEADER", "format": "TEXT", "text": header} if header else None,
        {"type": "BODY", "text": body} if body else None,
        {"type": "FOOTER", "text": footer} if footer else None,
        {"type": "BUTTONS", "buttons": _read_buttons(buttons)} if buttons else None,
    ]
    components = [part for part in parts if part is not None]
    return [TimestampedFields("components", at, {"components": components})] if components else []


def _read_buttons(buttons: Any) -> list[dict[str, Any]]:
    listed = buttons if isinstance(buttons, list) else [buttons]
    return [
        {key.removeprefix(_BUTTON): button[key] for key in sorted(button)}
        for button in make_storable(listed)
        if isinstance(button, dict)
    ]


TEMPLATE_FIELDS = {
    "message_template_status_update": _apply_with(_read_status),
    "message_template_quality_update": _apply_with(_read_quality),
    "template_category_update": _apply_with(_read_category),
    "message_template_components_update": _apply_with(_read_components),
}
