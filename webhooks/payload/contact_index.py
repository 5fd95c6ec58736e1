"""The elements of `contacts[]` beside a list of items: each is about the customer of some item."""

from collections.abc import Sequence
from typing import Any

from whatsapp.contacts.identities import list_phone_variants

CONTACT_KEYS = ("wa_id", "user_id")
# What an item calls the person that an element of `contacts[]` is about.
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


class ContactIndex:
    """Finds the element of `contacts[]` that belongs to an item, also among a thousand."""

    def __init__(self, contacts: Any, list_key: str, items: Sequence[Any]) -> None:
        listed = (
            [one for one in contacts if isinstance(one, dict)] if isinstance(contacts, list) else []
        )
        self._named_by = _NAMED_BY[list_key]
        self._by_id: dict[str, dict[str, Any]] = {}
        for contact in listed:
            for name in CONTACT_KEYS:
                for key in _list_forms(read_id(contact, name)):
                    self._by_id.setdefault(key, contact)
        # Where several customers are named, the only element is about one of them alone.
        customers = {self._name(one) for one in items} if len(listed) == 1 else set()
        self._only = listed[0] if len(customers) == 1 else None

    def find(self, item: Any) -> dict[str, Any] | None:
        for name in self._name(item):
            for key in _list_forms(name):
                if key in self._by_id:
                    return self._by_id[key]
        return None if self._is_of_business(item) else self._only

    def _name(self, item: Any) -> tuple[str, ...]:
        names = (read_id(item, name) for name in self._named_by)
        return tuple(name for name in names if name is not None)

    def _is_of_business(self, item: Any) -> bool:
        """Whether the only element is about the business itself, which writes an echo."""
        sender = None if "from" in self._named_by else read_id(item, "from")
        return sender is not None and read_id(self._only, "wa_id") in _list_forms(sender)


def _list_forms(name: str | None) -> list[str]:
    """The forms in which Meta may write the same phone number; a user id has one."""
    return [] if name is None else list_phone_variants(name.removeprefix("+"))


def read_id(container: Any, name: str) -> str | None:
    found = container.get(name) if isinstance(container, dict) else None
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found if isinstance(found, str) and found else None
