"""Splits a webhook body into items: messages, statuses and other changes."""

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models import ParkedReason
from webhooks.payload.identities import CONTACT_KEYS, ContactIndex, read_id
from webhooks.payload.parsing import InvalidBody, dump_json

OBJECT = "whatsapp_business_account"
MESSAGES_FIELD = "messages"
ECHOES_FIELD = "smb_message_echoes"
PREFERENCES_FIELD = "user_preferences"
USER_IDS_FIELD = "user_id_update"
CALLS_FIELD = "calls"
# Fields with a list as value; each element is an item.
_ECHOES = "message_echoes"
_LISTS = {
    ECHOES_FIELD: _ECHOES,
    PREFERENCES_FIELD: "user_preferences",
    USER_IDS_FIELD: "user_id_update",
}
# Fields about the customers of a number, which apply to that number only.
NUMBER_FIELDS = frozenset({MESSAGES_FIELD, CALLS_FIELD, *_LISTS})
_CALL_LISTS = ("calls", "statuses")
MAX_COPIED = 512
MAX_COPIED_ERRORS = 10
# Meta puts at most 1,000 updates into a body.
MAX_ITEMS = 2_000
MAX_FIELD = 128
# Keys of a change's value that are applied, or copied to its items.
_KNOWN_KEYS = frozenset({"messaging_product", "metadata", "contacts", "messages", "statuses"})

_SENDER_KEYS = ("from", "recipient_id", "from_user_id", "recipient_user_id", "wa_id")
_CALLEE_KEYS = ("to", "to_user_id")
_CUSTOMER_KEYS: dict[str | None, tuple[str, ...]] = {ECHOES_FIELD: ("to", "to_user_id")}


class ItemKind(StrEnum):
    MESSAGE = "messages"
    STATUS = "statuses"
    CHANGE = "change"
    """Any other change; see `webhooks.apply.fields`."""
    OTHER = "other"
    """An invalid item."""


class ItemRejected(Exception):
    """An item can't be applied now; `details` do not quote customers."""

    def __init__(self, reason: ParkedReason, details: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.details = details


@dataclass(frozen=True)
class Item:
    """An element of a webhook body, with everything that is needed to apply it alone."""

    pointer: str
    """RFC 6901 JSON pointer into the body."""
    kind: ItemKind
    value: Any
    field_name: str | None = None
    """The webhook field of its change, such as `messages`."""
    phone_number_id: str | None = None
    business_account_id: str | None = None
    contact: Any = None
    """The element of `contacts[]` about the customer."""
    errors: Any = None
    """The `errors` of the change's value, for a message without content."""
    problem: ItemRejected | None = None
    list_key: str | None = None
    """The key of the list in the change's value that holds the item."""
    envelope: dict[str, Any] = field(default_factory=dict)
    """`id` and `time` of the entry."""
    frame: dict[str, Any] = field(default_factory=dict)
    """The keys of the change's value that apply to all of its items."""

    @property
    def sender_key(self) -> str:
        """A key that items of the same customer share, so that they are applied in order."""
        return next(_read_names(self.value, self._customer_keys), self.pointer)

    def list_names(self) -> Iterator[str]:
        """Yields all identity values of the customer."""
        yield from _read_names(self.value, self._customer_keys)
        yield from _read_names(self.contact, CONTACT_KEYS)

    @property
    def _customer_keys(self) -> tuple[str, ...]:
        if self.field_name == CALLS_FIELD and is_business_call(self.value):
            return _CALLEE_KEYS
        return _CUSTOMER_KEYS.get(self.field_name, _SENDER_KEYS)

    def to_entry(self) -> str | None:
        """Returns the JSON of the entry reduced to this item, or None if it is in no entry."""
        if not self.envelope and self.field_name is None:
            return None
        value = self.value
        if self.list_key is not None:
            value = {**self.frame, self.list_key: [self.value]}
            if self.contact is not None:
                value["contacts"] = [_cut_contact(self.contact)]
            if self.errors is not None:
                value["errors"] = _cut_errors(self.errors)
        return dump_json({**self.envelope, "changes": [{"field": self.field_name, "value": value}]})


def list_items(body: Any) -> list[Item]:
    """Returns all items of a parsed body, in order; invalid items have a `problem`.

    Raises:
        InvalidBody: the body has more than MAX_ITEMS items.
    """
    entries = body.get("entry") if isinstance(body, dict) else None
    if not isinstance(entries, list) or body.get("object", OBJECT) != OBJECT:
        problem = ItemRejected(
            ParkedReason.INVALID_BODY, f"not an object of type {OBJECT} with entries"
        )
        return [Item(pointer="", kind=ItemKind.OTHER, value=body, problem=problem)]
    walked = (
        item
        for position, entry in enumerate(entries)
        for item in _walk_entry(entry, f"/entry/{position}")
    )
    items = list(itertools.islice(walked, MAX_ITEMS + 1))
    if len(items) > MAX_ITEMS:
        raise InvalidBody(f"more than {MAX_ITEMS} items")
    return items


def list_parked_items(entry: str) -> list[Item]:
    """Returns the items in the result of `Item.to_entry`."""
    return list(_walk_entry(json.loads(entry), "/entry/0"))


def _walk_entry(entry: Any, pointer: str) -> Iterator[Item]:
    changes = entry.get("changes") if isinstance(entry, dict) else None
    if not isinstance(changes, list):
        yield _make_broken(pointer, entry, "an entry without a list of changes")
        return
    envelope = _cut(entry, "id", "time")
    for position, change in enumerate(changes):
        place = f"{pointer}/changes/{position}"
        if not isinstance(change, dict):
            yield _make_broken(place, change, "a change that is not an object")
        else:
            yield from _walk_change(change, place, envelope)


def _walk_change(change: dict[str, Any], pointer: str, envelope: dict[str, Any]) -> Iterator[Item]:
    name = change.get("field")
    value = change.get("value")
    metadata = value.get("metadata") if isinstance(value, dict) else None
    common: dict[str, Any] = {
        "field_name": name if isinstance(name, str) else None,
        "phone_number_id": read_id(metadata, "phone_number_id"),
        "business_account_id": read_id(envelope, "id"),
        "envelope": envelope,
    }
    if not isinstance(name, str) or not 0 < len(name) <= MAX_FIELD:
        problem = ItemRejected(ParkedReason.INVALID_ITEM, "field: not a name")
        yield _make_invalid(pointer, value, common, problem)
    elif name in _LISTS:
        yield from _walk_list(value, f"{pointer}/value", _LISTS[name], common)
    elif name == CALLS_FIELD and isinstance(value, dict):
        yield from _walk_calls(value, f"{pointer}/value", common)
    elif name != MESSAGES_FIELD:
        yield Item(pointer=pointer, kind=ItemKind.CHANGE, value=value, **common)
    elif not isinstance(value, dict):
        problem = ItemRejected(ParkedReason.INVALID_ITEM, "value: not an object")
        yield _make_invalid(pointer, value, common, problem)
    else:
        yield from _walk_value(value, f"{pointer}/value", common)


def _walk_list(value: Any, pointer: str, key: str, common: dict[str, Any]) -> Iterator[Item]:
    elements = value.get(key) if isinstance(value, dict) else None
    if not isinstance(elements, list) or not elements:
        problem = ItemRejected(ParkedReason.INVALID_ITEM, f"{key}: not a list with elements")
        yield _make_invalid(pointer, value, common, problem)
        return
    frame = _read_frame(value)
    contacts = ContactIndex(value.get("contacts"), key, elements)
    for position, element in enumerate(elements):
        yield Item(
            pointer=f"{pointer}/{key}/{position}",
            kind=ItemKind.CHANGE,
            value=element,
            contact=contacts.find(element),
            list_key=key,
            frame=frame,
            **common,
        )


def is_business_call(call: Any) -> bool:
    """Returns True if the business called the customer."""
    return isinstance(call, dict) and call.get("direction") == "BUSINESS_INITIATED"


def _walk_calls(value: dict[str, Any], pointer: str, common: dict[str, Any]) -> Iterator[Item]:
    """Yields each call and each call status; the other keys are a separate item."""
    frame = _read_frame(value)
    listed = {key: value[key] for key in _CALL_LISTS if isinstance(value.get(key), list)}
    for key, elements in listed.items():
        contacts = ContactIndex(value.get("contacts"), key, elements)
        for position, element in enumerate(elements):
            yield Item(
                pointer=f"{pointer}/{key}/{position}",
                kind=ItemKind.CHANGE,
                value=element,
                contact=contacts.find(element),
                errors=value.get("errors"),
                list_key=key,
                frame=frame,
                **common,
            )
    known = {"messaging_product", "metadata", "contacts", *listed}
    unknown = {key: item for key, item in value.items() if key not in known}
    if not any(listed.values()) or unknown.keys() - {"errors"}:
        yield Item(pointer=pointer, kind=ItemKind.CHANGE, value={**frame, **unknown}, **common)


def _walk_value(value: dict[str, Any], pointer: str, common: dict[str, Any]) -> Iterator[Item]:
    frame = _read_frame(value)
    known, count = _KNOWN_KEYS, 0
    for kind in (ItemKind.MESSAGE, ItemKind.STATUS):
        elements = value.get(kind.value)
        if elements is None:
            continue
        if not isinstance(elements, list):
            count += 1
            problem = ItemRejected(ParkedReason.INVALID_ITEM, f"{kind}: not a list")
            yield _make_invalid(
                f"{pointer}/{kind}", {**frame, kind.value: elements}, common, problem
            )
            continue
        contacts = ContactIndex(value.get("contacts"), kind.value, elements)
        for position, element in enumerate(elements):
            count += 1
            errors = value.get("errors") if _lacks_content(kind, element) else None
            known = known if errors is None else known | {"errors"}
            yield Item(
                pointer=f"{pointer}/{kind}/{position}",
                kind=kind,
                value=element,
                contact=contacts.find(element),
                list_key=kind.value,
                errors=errors,
                frame=frame,
                **common,
            )
    if isinstance(value.get(_ECHOES), list) and value[_ECHOES]:
        # Meta sends echoes in their own field, or in the field of messages.
        known = known | {_ECHOES}
        count += 1
        echoes = common | {"field_name": ECHOES_FIELD}
        yield from _walk_list(value, pointer, _ECHOES, echoes)
    # `errors` of the value, and keys that Meta may add.
    unknown = {key: item for key, item in value.items() if key not in known}
    if unknown:
        yield Item(pointer=pointer, kind=ItemKind.CHANGE, value={**frame, **unknown}, **common)
    elif not count:
        problem = ItemRejected(ParkedReason.INVALID_ITEM, "neither messages nor statuses")
        yield _make_invalid(pointer, value, common, problem)


def _read_frame(value: dict[str, Any]) -> dict[str, Any]:
    return _cut(value, "messaging_product") | {
        "metadata": _cut(value.get("metadata"), "display_phone_number", "phone_number_id")
    }


def _lacks_content(kind: ItemKind, message: Any) -> bool:
    if kind is not ItemKind.MESSAGE or not isinstance(message, dict) or "errors" in message:
        return False
    name = message.get("type")
    return isinstance(name, str) and name not in message


def _make_invalid(pointer: str, value: Any, common: dict[str, Any], problem: ItemRejected) -> Item:
    return Item(pointer=pointer, kind=ItemKind.OTHER, value=value, problem=problem, **common)


def _make_broken(pointer: str, value: Any, details: str) -> Item:
    problem = ItemRejected(ParkedReason.INVALID_ITEM, details)
    return Item(pointer=pointer, kind=ItemKind.OTHER, value=value, problem=problem)


def _cut(container: Any, *names: str) -> dict[str, Any]:
    """Returns these keys if their values are short, since each parked item stores a copy."""
    if not isinstance(container, dict):
        return {}
    return {
        name: container[name]
        for name in names
        if isinstance(container.get(name), str | int) and len(str(container[name])) <= MAX_COPIED
    }


def _cut_contact(contact: Any) -> Any:
    """Returns the keys of an element of `contacts[]` that are read."""
    if not isinstance(contact, dict):
        return None
    cut: dict[str, Any] = _cut(contact, *CONTACT_KEYS, "parent_user_id")
    if "profile" in contact:
        cut["profile"] = _cut(contact["profile"], "name", "username")
    return cut


def _cut_errors(errors: Any) -> Any:
    """Returns the keys of the first `errors` of a value that are read."""
    return [
        _cut(error, "code", "title", "message", "href")
        | {"error_data": _cut(error.get("error_data"), "details")}
        for error in (errors if isinstance(errors, list) else [])[:MAX_COPIED_ERRORS]
        if isinstance(error, dict)
    ]


def _read_names(container: Any, keys: Iterable[str]) -> Iterator[str]:
    for key in keys if isinstance(container, dict) else ():
        name = container.get(key)
        if isinstance(name, str | int):
            yield str(name)
