"""Webhook fields about the account itself: its standing, quality, limits and names."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models import Account
from webhooks.apply.fields.records import record_change
from webhooks.apply.fields.values import get_object, get_text, get_time, get_told_at, get_value
from webhooks.payload.items import Item
from whatsapp.accounts.account_events import update_account_fields
from whatsapp.accounts.account_restrictions import RestrictionCause, record_restriction
from whatsapp.common.timestamped_fields import NO_TIME, TimestampedFields

Apply = Callable[[Account, Mapping[str, Any], datetime], Awaitable[None]]
_LOWEST_QUALITY = "RED"
# Unflagged, it is medium or high again: which of them WhatsApp does not say.
_QUALITIES = {"FLAGGED": _LOWEST_QUALITY, "UNFLAGGED": "UNKNOWN"}
_HIGH_THROUGHPUT = "HIGH"
# WhatsApp restricts what a business begins apart from what it answers; only the latter stops us.
_BEGINNING = "BIZ_INITIATED"


def find_named(accounts: Sequence[Account], item: Item) -> Sequence[Account]:
    """Those of the business account's that the change is about; none if it is another number's."""
    told = get_text(get_value(item), "display_phone_number", "phone_number")
    number = _read_digits(told)
    if item.phone_number_id is not None or not number:
        return accounts
    named = [one for one in accounts if _read_digits(one.display_phone_number) == number]
    is_only_one = len(accounts) == 1 and accounts[0].display_phone_number is None
    return accounts if is_only_one else named


def _read_digits(number: str | None) -> str:
    return "".join(one for one in number or "" if one in "0123456789")


def _apply_with(apply: Apply) -> Callable[[Account, Item], Awaitable[None]]:
    async def record_and_apply(account: Account, item: Item) -> None:
        # First the event: whoever is told of the account's change finds it.
        await record_change(account, item)
        await apply(account, get_value(item), get_told_at(item) or NO_TIME)

    return record_and_apply


async def _apply_quality(account: Account, value: Mapping[str, Any], at: datetime) -> None:
    event = (get_text(value, "event") or "").upper()
    updates = [*_read_number(account, value, at), *_read_limit(value, at)]
    if event in _QUALITIES:
        updates.append(
            TimestampedFields("quality_rating", at, {"health.quality_rating": _QUALITIES[event]})
        )
    if event == "THROUGHPUT_UPGRADE":
        updates.append(TimestampedFields("throughput", at, {"health.throughput": _HIGH_THROUGHPUT}))
    await update_account_fields(account.id, updates)


async def _apply_capability(account: Account, value: Mapping[str, Any], at: datetime) -> None:
    await update_account_fields(account.id, _read_limit(value, at))


async def _apply_name(account: Account, value: Mapping[str, Any], at: datetime) -> None:
    updates = _read_number(account, value, at)
    name = get_text(value, "requested_verified_name")
    if (get_text(value, "decision") or "").upper() == "APPROVED" and name is not None:
        updates.append(TimestampedFields("verified_name", at, {"verified_name": name}))
    await update_account_fields(account.id, updates)


def _read_number(
    account: Account, value: Mapping[str, Any], at: datetime
) -> list[TimestampedFields]:
    """The number, where nobody knew it yet: WhatsApp writes the same one in several ways."""
    number = get_text(value, "display_phone_number")
    if number is None or account.display_phone_number is not None:
        return []
    return [TimestampedFields("display_phone_number", at, {"display_phone_number": number})]


def _read_limit(value: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    names = (
        "max_daily_conversations_per_business",
        "max_daily_conversation_per_phone",
        "current_limit",
    )
    told = next((value[name] for name in names if value.get(name) is not None), None)
    limit = _name_tier(told) if isinstance(told, int) else get_text({"limit": told}, "limit")
    return (
        []
        if limit is None
        else [TimestampedFields("messaging_limit", at, {"health.messaging_limit": limit})]
    )


def _name_tier(limit: int) -> str:
    """The name of a limit that WhatsApp gives as a number in some places."""
    if limit < 0:
        return "TIER_UNLIMITED"
    is_round = limit >= 1000 and limit % 1000 == 0
    return f"TIER_{limit // 1000}K" if is_round else f"TIER_{limit}"


async def _apply_update(account: Account, value: Mapping[str, Any], at: datetime) -> None:
    event = (get_text(value, "event") or "").upper().removeprefix("ACCOUNT_")
    if event == "DISABLED_UPDATE":
        await _apply_ban(account, get_object(value, "ban_info"), at)
    elif event == "RESTRICTION":
        await _apply_restriction(account, value.get("restriction_info"), at)
    elif event in _CAUSES:
        cause, reason = _CAUSES[event]
        await record_restriction(account.id, cause, at=at, reason=reason)


_CAUSES: dict[str, tuple[RestrictionCause, str | None]] = {
    "DELETED": (
        RestrictionCause.DELETION,
        "The WhatsApp Business account was deleted at WhatsApp.",
    ),
    "OFFBOARDED": (
        RestrictionCause.CONNECTION,
        "The number was disconnected from the Cloud API: connect it again in the WhatsApp"
        " Business app.",
    ),
    "RECONNECTED": (RestrictionCause.CONNECTION, None),
    "REINSTATED": (RestrictionCause.BAN, None),
}
_BANNED = "WhatsApp disabled this account for breaking its rules: appeal in WhatsApp Manager."


async def _apply_ban(account: Account, ban: Mapping[str, Any], at: datetime) -> None:
    """A ban that is only announced stops nothing yet."""
    told = ban.get("waba_ban_state")
    states = told if isinstance(told, list) else [told]
    if "REINSTATE" in states:
        await record_restriction(account.id, RestrictionCause.BAN, at=at, reason=None)
    elif "DISABLE" in states:
        await record_restriction(account.id, RestrictionCause.BAN, at=at, reason=_BANNED)


async def _apply_restriction(account: Account, restrictions: Any, at: datetime) -> None:
    """Each report lists all that is restricted from then on."""
    listed = restrictions if isinstance(restrictions, list) else [restrictions]
    told = [one for one in listed if isinstance(one, dict)]
    stopping = {
        name: get_time(one, "expiration")
        for one in told
        if "MESSAGING" in (name := get_text(one, "restriction_type") or "")
        and _BEGINNING not in name
    }
    ends = [end for end in stopping.values() if end is not None]
    until = max(ends) if ends and len(ends) == len(stopping) else None
    reason = f"WhatsApp restricts this account: {', '.join(sorted(stopping))}."
    await record_restriction(
        account.id,
        RestrictionCause.RESTRICTION,
        at=at,
        reason=reason if stopping else None,
        until=until,
    )


ACCOUNT_FIELDS = {
    "account_update": _apply_with(_apply_update),
    "business_capability_update": _apply_with(_apply_capability),
    "phone_number_name_update": _apply_with(_apply_name),
    "phone_number_quality_update": _apply_with(_apply_quality),
}
