"""Webhook fields about customers: marketing preferences and changes of user ids."""

from collections.abc import Mapping
from typing import Any

from models import Account, Identity, IdentityKind, ParkedReason
from webhooks.apply.fields.records import record_change
from webhooks.payload.identities import join_reported, list_known, read_wa_id
from webhooks.payload.items import Item, ItemRejected
from webhooks.payload.meta_objects import get_entry_time, get_object, get_text, get_time, get_value
from whatsapp.common.timestamped_fields import NO_TIME
from whatsapp.contacts.contacts import (
    change_identities,
    find_contact,
    get_or_create_contact,
    record_marketing_choice,
)

_MARKETING = "marketing_messages"
_OPTS_OUT = {"stop": True, "resume": False, "signup": False}


async def apply_preference(account: Account, item: Item) -> None:
    """Stores whether a customer wants marketing messages; other preferences become events.

    Raises:
        ItemRejected: the customer is missing.
    """
    value = get_value(item)
    identities = join_reported(_list_identities(value), item.contact)
    if not identities:
        raise ItemRejected(ParkedReason.INVALID_ITEM, "wa_id: no readable customer")
    opts_out = _OPTS_OUT.get((get_text(value, "value") or "").lower())
    if opts_out is None or value.get("category", _MARKETING) != _MARKETING:
        await record_change(account, item)
        return
    at = get_time(value, "timestamp") or get_entry_time(item) or NO_TIME
    contact = await get_or_create_contact(account.id, identities, reported_at=at)
    await record_marketing_choice(contact.id, opts_out=opts_out, at=at)


async def apply_user_id(account: Account, item: Item) -> None:
    """Gives a contact the customer's new user id.

    Raises:
        ItemRejected: the user id is missing.
    """
    value = get_value(item)
    old, new = list_changed(value, "previous"), list_changed(value, "current")
    if not new:
        raise ItemRejected(ParkedReason.INVALID_ITEM, "user_id: no readable change")
    reported = join_reported([*new, *_list_phone(value)], item.contact)
    former = [*old, *(identity for identity in reported if identity.kind is IdentityKind.WA_ID)]
    at = get_time(value, "timestamp") or get_entry_time(item) or NO_TIME
    # The customer may have written under the new id before this change arrived.
    known = await find_contact(account.id, former) or await find_contact(account.id, new)
    contact = await get_or_create_contact(
        account.id, former or new, known_contact=known, reported_at=at
    )
    await change_identities(contact, new, former=former, at=at)


def _list_identities(value: Mapping[str, Any]) -> list[Identity]:
    return list_known(
        [
            (IdentityKind.BSUID, get_text(value, "user_id")),
            (IdentityKind.PARENT_BSUID, get_text(value, "parent_user_id")),
            (IdentityKind.WA_ID, read_wa_id(get_text(value, "wa_id"))),
        ]
    )


def _list_phone(value: Mapping[str, Any]) -> list[Identity]:
    return list_known([(IdentityKind.WA_ID, read_wa_id(get_text(value, "wa_id")))])


def list_changed(value: Mapping[str, Any], side: str) -> list[Identity]:
    """Returns the identities of a side, `previous` or `current`.

    `user_id` is an object with both sides, or flat as in system messages.
    """
    return list_known(
        [
            (IdentityKind.BSUID, _read_side(value, "user_id", side)),
            (IdentityKind.PARENT_BSUID, _read_side(value, "parent_user_id", side)),
        ]
    )


def _read_side(value: Mapping[str, Any], name: str, side: str) -> str | None:
    nested = get_text(get_object(value, name), side)
    flat = name if side == "current" else f"previous_{name}"
    return nested or get_text(value, flat)
