"""Webhook bodies in Meta's shape and encoding, and their signature."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from sandbox.world.numbers import FakeNumber

Json = dict[str, Any]
UpdateKind = Literal["messages", "statuses", "calls", "message_echoes"]
KINDS: tuple[UpdateKind, ...] = get_args(UpdateKind)
_FIELDS: dict[UpdateKind, str] = {"calls": "calls", "message_echoes": "smb_message_echoes"}


@dataclass(frozen=True, slots=True)
class Update:
    """A message, status, call or echo, before it is wrapped into a body."""

    number: FakeNumber
    kind: UpdateKind
    item: Json
    contacts: Sequence[Json] = field(default_factory=tuple)
    customer: str = ""  # the customer's key, for order and faults

    @property
    def webhook_field(self) -> str:
        """The webhook field."""
        return _FIELDS.get(self.kind, "messages")


def encode_like_meta(body: Any) -> bytes:
    r"""JSON as Meta writes it: only ASCII, `\u` escapes in lower case, and every slash as `\/`."""
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return text.replace("/", "\\/").encode("ascii")


def sign(body: bytes, *, app_secret: str) -> str:
    """Returns the value of the X-Hub-Signature-256 header."""
    digest = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def build_body(updates: Sequence[Update]) -> Json:
    """Builds a body with an entry per business account and a change per number."""
    return build_batch(updates, entries=1, changes=1)


def build_batch(updates: Sequence[Update], *, entries: int, changes: int) -> Json:
    """Spreads updates over `entries` times `changes`, in order.

    A change belongs to a number and an entry to a business account, so updates of several
    numbers get additional entries and changes.
    """
    built = []
    for part in _split(updates, entries):
        for same_account in _group(part, lambda update: update.number.business_account_id):
            account_id = same_account[0].number.business_account_id
            values = [
                {"value": _build_value(same_field), "field": same_field[0].webhook_field}
                for chunk in _split(same_account, changes)
                for same_number in _group(chunk, lambda update: update.number.phone_number_id)
                for same_field in _group(same_number, lambda update: update.webhook_field)
            ]
            built.append({"id": account_id, "changes": values})
    return {"object": "whatsapp_business_account", "entry": built}


def _build_value(updates: Sequence[Update]) -> Json:
    number = updates[0].number
    value: Json = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": "".join(filter(str.isdigit, number.display_phone_number)),
            "phone_number_id": number.phone_number_id,
        },
    }
    contacts = _unique(contact for update in updates for contact in update.contacts)
    if contacts:
        value["contacts"] = contacts
    for kind in KINDS:
        items = [update.item for update in updates if update.kind == kind]
        if items:
            value[kind] = items
    return value


def _split(updates: Sequence[Update], parts: int) -> list[Sequence[Update]]:
    """Splits into at most `parts` runs of nearly equal length, none empty."""
    parts = min(parts, len(updates))
    length, longer = divmod(len(updates), parts)
    runs, start = [], 0
    for index in range(parts):
        end = start + length + (index < longer)
        runs.append(updates[start:end])
        start = end
    return runs


def _group(updates: Sequence[Update], get_key: Any) -> list[list[Update]]:
    groups: dict[str, list[Update]] = {}
    for update in updates:
        groups.setdefault(get_key(update), []).append(update)
    return list(groups.values())


def _unique(contacts: Iterable[Json]) -> list[Json]:
    unique: list[Json] = []
    for contact in contacts:
        if contact not in unique:
            unique.append(contact)
    return unique
