"""Webhook fields about accounts: restrictions, quality, limits and names."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models import Account
from webhooks.apply.fields.records import record_change
from webhooks.payload.items import Item
from webhooks.payload.meta_objects import get_entry_time, get_object, get_text, get_time, get_value
from whatsapp.accounts.account_events import update_account_fields
from whatsapp.accounts.account_restrictions import RestrictionCause, record_restriction
from whatsapp.common.timestamped_fields import NO_TIME, TimestampedFields

Apply = Callable[[Account, Mapping[str, Any], datetime], Awaitable[None]]
_LOWEST_QUALITY = "RED"
# UNFLAGGED means medium or high quality; WhatsApp does not report which.
_QUALITIES = {"FLAGGED": _LOWEST_QUALITY, "UNFLAGGED": "UNKNOWN"}
_HIGH_THROUGHPUT = "HIGH"
# Restrictions of conversations that the business begins; replies stay possible.
_BUSINESS_INITIATED = "BIZ_INITIATED"


def find_named(accounts: Sequence[Account], item: Item) -> Sequence[Account]:
    """Returns the accounts that the change is about; none if it names another number."""
    number = _read_digits(get_text(get_value(item), "display_phone_number", "phone_number"))
    if item.phone_number_id is not None or not number:
        return accounts
    matching = [
        account for account in accounts if _read_digits(account.display_phone_number) == number
    ]
    is_only_one = len(accounts) == 1 and accounts[0].display_phone_number is None
    return accounts if is_only_one else matching


def _read_digits(number: str | None) -> str:
    return "".join(digit for digit in number or "" if digit in "0123456789")


def _apply_with(apply: Apply) -> Callable[[Account, Item], Awaitable[None]]:
    async def record_and_apply(account: Account, item: Item) -> None:
        # The event comes first: subscribers to the account's change look for it.
        await record_change(account, item)
        await apply(account, get_value(item), get_entry_time(item) or NO_TIME)

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
    """Returns the number if it is unknown: WhatsApp writes the same number in several ways."""
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
    value_of_limit = next((value[name] for name in names if value.get(name) is not None), None)
    if isinstance(value_of_limit, int):
        limit: str | None = _name_tier(value_of_limit)
    else:
        limit = get_text({"limit": value_of_limit}, "limit")
    return (
        []
        if limit is None
        else [TimestampedFields("messaging_limit", at, {"health.messaging_limit": limit})]
    )


def _name_tier(limit: int) -> str:
    """Returns the name of a limit, which WhatsApp may give as a number."""
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
    """Records a ban or its end; a ban that is only announced changes nothing."""
    state = ban.get("waba_ban_state")
    states = state if isinstance(state, list) else [state]
    if "REINSTATE" in states:
        await record_restriction(account.id, RestrictionCause.BAN, at=at, reason=None)
    elif "DISABLE" in states:
        await record_restriction(account.id, RestrictionCause.BAN, at=at, reason=_BANNED)


async def _apply_restriction(account: Account, restrictions: Any, at: datetime) -> None:
    """Replaces the restriction: each webhook lists all restrictions that apply from then on."""
    listed = restrictions if isinstance(restrictions, list) else [restrictions]
    stopping = {
        name: get_time(restriction, "expiration")
        for restriction in listed
        if isinstance(restriction, dict)
        and "MESSAGING" in (name := get_text(restriction, "restriction_type") or "")
        and _BUSINESS_INITIATED not in name
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
