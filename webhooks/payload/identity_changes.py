"""Who a customer is: identities read from Meta's words, and those that a system message moves."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models import Identity, IdentityKind
from whatsapp.contacts.identities import is_bsuid, list_phone_variants

_WA_ID = re.compile(r"\+?([0-9]{1,20})", re.ASCII)
_MAX_ID = 512
_NUMBER_CHANGES = ("user_changed_number", "customer_changed_number")


def read_wa_id(text: Any) -> str | None:
    """The digits of a WhatsApp id, or None if the text is none."""
    match = _WA_ID.fullmatch(text) if isinstance(text, str) else None
    return match.group(1) if match else None


def list_known(found: Iterable[tuple[IdentityKind, str | None]]) -> list[Identity]:
    """The identities that have a value, each once."""
    identities: list[Identity] = []
    for kind, value in found:
        identity = Identity(kind=kind, value=value) if value else None
        if identity is not None and identity not in identities:
            identities.append(identity)
    return identities


def list_stated(value: Mapping[str, Any], *, prefix: str, contact: Any) -> list[Identity]:
    """The identities of one person in `<prefix>_id`, `<prefix>_user_id` and so on of an item, and
    in the element of `contacts[]` about them.
    """
    names = ("user_id", "parent_user_id", "id")
    return join_stated(
        _list_named(*(_read_id(value, f"{prefix}_{name}") for name in names)), contact
    )


def join_stated(own: Sequence[Identity], contact: Any) -> list[Identity]:
    """The identities of an item, with those of an element of `contacts[]` that agrees with it."""
    names = ("user_id", "parent_user_id", "wa_id")
    told = _list_named(*(_read_id(contact, name) for name in names))
    values = {one.kind: one.value for one in own}
    if any(_contradicts(one, values.get(one.kind)) for one in told):
        return list(own)
    return [*own, *(one for one in told if one.kind not in values)]


def _list_named(user_id: str | None, parent_id: str | None, phone: str | None) -> list[Identity]:
    named = [(IdentityKind.BSUID, user_id), (IdentityKind.PARENT_BSUID, parent_id)]
    if phone is not None and is_bsuid(phone):
        is_parent = ".ENT." in phone
        named.append((IdentityKind.PARENT_BSUID if is_parent else IdentityKind.BSUID, phone))
    return list_known([*named, (IdentityKind.WA_ID, read_wa_id(phone))])


def _contradicts(identity: Identity, stated: str | None) -> bool:
    if stated is None or identity.kind is IdentityKind.PARENT_BSUID:
        return False
    if identity.kind is IdentityKind.WA_ID:
        return stated not in list_phone_variants(identity.value)
    return stated != identity.value


def is_number_change(change: Any) -> bool:
    return isinstance(change, dict) and change.get("type") in _NUMBER_CHANGES


def list_old_identities(change: Any) -> list[Identity]:
    """Under which the customer was known before the change in a system message."""
    return list_known(
        [
            (IdentityKind.BSUID, _read_id(change, "previous_user_id")),
            (IdentityKind.PARENT_BSUID, _read_id(change, "previous_parent_user_id")),
            (IdentityKind.WA_ID, read_wa_id(_read_id(change, "customer"))),
        ]
    )


def list_new_identities(change: Any) -> list[Identity]:
    """Under which the customer is known from now on."""
    wa_id = _read_id(change, "new_wa_id") or _read_id(change, "wa_id")
    return list_known(
        [
            (IdentityKind.BSUID, _read_id(change, "user_id")),
            (IdentityKind.PARENT_BSUID, _read_id(change, "parent_user_id")),
            (IdentityKind.WA_ID, read_wa_id(wa_id)),
        ]
    )


def _read_id(change: Any, name: str) -> str | None:
    found = change.get(name) if isinstance(change, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= _MAX_ID else None
