"""Identities of customers: read from items, from `contacts[]` and from system messages."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models import Identity, IdentityKind
from whatsapp.contacts.identities import is_bsuid, list_phone_variants

CONTACT_KEYS = ("wa_id", "user_id")
# Keys of an item that identify its customer, by the list that holds the item.
_NAMED_BY: dict[str, tuple[str, ...]] = {
    "messages": ("from_user_id", "from"),
    "statuses": (
        "recipient_participant_user_id",
        "recipient_participant_id",
        "recipient_user_id",
        "recipient_id",
    ),
    "message_echoes": ("to_user_id", "to"),
    "calls": ("from_user_id", "from", "to_user_id", "to"),
    "user_preferences": ("user_id", "wa_id"),
    "user_id_update": ("user_id", "wa_id"),
}
_WA_ID = re.compile(r"\+?([0-9]{1,20})", re.ASCII)
_MAX_ID = 512
_NUMBER_CHANGES = ("user_changed_number", "customer_changed_number")


def read_wa_id(text: Any) -> str | None:
    """Returns the digits of a WhatsApp id, or None for other texts."""
    match = _WA_ID.fullmatch(text) if isinstance(text, str) else None
    return match.group(1) if match else None


def list_known(pairs: Iterable[tuple[IdentityKind, str | None]]) -> list[Identity]:
    """Returns the identities that have a value, without duplicates."""
    identities: list[Identity] = []
    for kind, value in pairs:
        identity = Identity(kind=kind, value=value) if value else None
        if identity is not None and identity not in identities:
            identities.append(identity)
    return identities


def list_reported(value: Mapping[str, Any], *, prefix: str, contact: Any) -> list[Identity]:
    """Returns the identities of a person from `<prefix>_id`, `<prefix>_user_id` and so on of an
    item, and from the element of `contacts[]` about them.
    """
    names = ("user_id", "parent_user_id", "id")
    return join_reported(
        _list_named(*(_read_id(value, f"{prefix}_{name}") for name in names)), contact
    )


def join_reported(identities: Sequence[Identity], contact: Any) -> list[Identity]:
    """Adds the identities of an element of `contacts[]`, unless it contradicts the item's."""
    names = ("user_id", "parent_user_id", "wa_id")
    reported = _list_named(*(_read_id(contact, name) for name in names))
    values = {identity.kind: identity.value for identity in identities}
    if any(_contradicts(identity, values.get(identity.kind)) for identity in reported):
        return list(identities)
    return [*identities, *(identity for identity in reported if identity.kind not in values)]


def _list_named(user_id: str | None, parent_id: str | None, phone: str | None) -> list[Identity]:
    values = [(IdentityKind.BSUID, user_id), (IdentityKind.PARENT_BSUID, parent_id)]
    if phone is not None and is_bsuid(phone):
        is_parent = ".ENT." in phone
        values.append((IdentityKind.PARENT_BSUID if is_parent else IdentityKind.BSUID, phone))
    return list_known([*values, (IdentityKind.WA_ID, read_wa_id(phone))])


def _contradicts(identity: Identity, value: str | None) -> bool:
    if value is None or identity.kind is IdentityKind.PARENT_BSUID:
        return False
    if identity.kind is IdentityKind.WA_ID:
        return value not in list_phone_variants(identity.value)
    return value != identity.value


def is_number_change(change: Any) -> bool:
    return isinstance(change, dict) and change.get("type") in _NUMBER_CHANGES


def list_old_identities(change: Any) -> list[Identity]:
    """Returns the customer's identities before the change in a system message."""
    return list_known(
        [
            (IdentityKind.BSUID, _read_id(change, "previous_user_id")),
            (IdentityKind.PARENT_BSUID, _read_id(change, "previous_parent_user_id")),
            (IdentityKind.WA_ID, read_wa_id(_read_id(change, "customer"))),
        ]
    )


def list_new_identities(change: Any) -> list[Identity]:
    """Returns the customer's identities after the change in a system message."""
    wa_id = _read_id(change, "new_wa_id") or _read_id(change, "wa_id")
    return list_known(
        [
            (IdentityKind.BSUID, _read_id(change, "user_id")),
            (IdentityKind.PARENT_BSUID, _read_id(change, "parent_user_id")),
            (IdentityKind.WA_ID, read_wa_id(wa_id)),
        ]
    )


def _read_id(change: Any, name: str) -> str | None:
    value = change.get(name) if isinstance(change, dict) else None
    return value if isinstance(value, str) and 0 < len(value) <= _MAX_ID else None


class ContactIndex:
    """Finds the element of `contacts[]` about the customer of an item."""

    def __init__(self, contacts: Any, list_key: str, items: Sequence[Any]) -> None:
        listed = [
            contact
            for contact in (contacts if isinstance(contacts, list) else [])
            if isinstance(contact, dict)
        ]
        self._named_by = _NAMED_BY[list_key]
        self._by_id: dict[str, dict[str, Any]] = {}
        for contact in listed:
            for name in CONTACT_KEYS:
                for key in _list_forms(read_id(contact, name)):
                    self._by_id.setdefault(key, contact)
        # With several customers, the only element is about one of them.
        customers = {self._list_ids(item) for item in items} if len(listed) == 1 else set()
        self._only = listed[0] if len(customers) == 1 else None

    def find(self, item: Any) -> dict[str, Any] | None:
        for value in self._list_ids(item):
            for key in _list_forms(value):
                if key in self._by_id:
                    return self._by_id[key]
        return None if self._is_of_business(item) else self._only

    def _list_ids(self, item: Any) -> tuple[str, ...]:
        ids = (read_id(item, name) for name in self._named_by)
        return tuple(value for value in ids if value is not None)

    def _is_of_business(self, item: Any) -> bool:
        """Returns True if the only element is about the business, which wrote an echo."""
        sender = None if "from" in self._named_by else read_id(item, "from")
        return sender is not None and read_id(self._only, "wa_id") in _list_forms(sender)


def _list_forms(value: str | None) -> list[str]:
    """Returns the forms in which Meta may write a phone number; a user id has a single form."""
    return [] if value is None else list_phone_variants(value.removeprefix("+"))


def read_id(container: Any, name: str) -> str | None:
    value = container.get(name) if isinstance(container, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None
