"""Keyed digests of customers' identities, by which stored JSON about a customer is found.

Protects: an index, the erasure log and the memory of erased customers hold no phone numbers, and
without ENCRYPTION_KEYS nobody can try all numbers. The key is random and stored encrypted, so the
digests outlive rotations of ENCRYPTION_KEYS.
"""

import asyncio
import hmac
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from pymongo.errors import DuplicateKeyError

from models import PEOPLE_KEY_ID, PeopleKey
from models.database.base import collection
from whatsapp.common.crypto import KeyRing

KEY_FIELD = "secret"
PLACE: dict[str, Any] = {"collection": "people_keys", "id": PEOPLE_KEY_ID, "field": KEY_FIELD}
DIGEST_BYTES = 16
# Documents about nobody differ from documents that were never indexed.
NOBODY = b"\x00"
MANY = b"\x01"
"""The digest of texts with more than MAX_PEOPLE identities, which may be about everyone."""
MAX_PEOPLE = 20_000
MAX_IDENTITY = 512
# Larger texts are read in a thread.
MAX_BYTES_ON_LOOP = 64 * 1024

_FORMATTED = r"\+[0-9][0-9 ().-]{4,24}"
_VALUE = rf"{_FORMATTED}|[0-9]{{5,15}}|[A-Z]{{2}}\.(?:ENT\.)?[0-9A-Za-z]{{1,128}}"
# A value that looks like an identity, of any key or in a list.
_VALUES = re.compile(rf'[:,\[]\s{{0,9}}"?({_VALUE})(?=["\s,}}\]])'.encode())
_ID_ENDS = ("user_id", "wa_id", "recipient_id", "participant_id")
_ID_KEYS = frozenset({"from", "to", "customer", "current", "previous"})
# Any value of a key for identities, since Meta does not promise their form.
_NAMED = re.compile(
    (
        rf'"(?:\w{{0,32}}(?:{"|".join(_ID_ENDS)})|{"|".join(sorted(_ID_KEYS))})"'
        r'\s{0,9}:\s{0,9}"([^"\\]{1,512})"'
    ).encode()
)
# Contents of messages: a shared card is the content of its sender, not of the person on it.
_CONTENT_KEYS = frozenset(
    {
        *("text", "button", "interactive", "order", "location", "referral", "phones", "context"),
        *("image", "video", "audio", "document", "sticker", "reaction"),
    }
)
_ID_OBJECTS = frozenset({"system", "user_id", "parent_user_id"})
_NOT_DIGITS = re.compile(r"[^0-9]")


class PeopleDigests:
    """Computes the digests of a database."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def digest(self, value: str) -> bytes:
        """Returns the digest of an identity's value, with or without its "+"."""
        # JSON may hold half of a surrogate pair, which has no UTF-8.
        content = value.removeprefix("+").encode("utf-8", "replace")
        return hmac.digest(self._key, content, "sha256")[:DIGEST_BYTES]

    def list_people(self, text: bytes) -> list[bytes]:
        """Returns the digests of all identities in a JSON text, which need not be valid.

        Never empty: [NOBODY] if there are none, [MANY] if there are too many.
        """
        matches = {*_VALUES.findall(text), *_NAMED.findall(text)}
        found = {_read_identity(match) for match in matches} - {""}
        if len(found) > MAX_PEOPLE:
            return [MANY]
        return self.digest_all(found) or [NOBODY]

    def digest_all(self, values: Iterable[str]) -> list[bytes]:
        return list({self.digest(value) for value in values})

    def list_item_people(self, *parts: Any) -> list[bytes]:
        """Returns the digests of the customers of items of webhooks, and of elements of
        `contacts[]`, without those named in the content of a message.
        """
        found: set[str] = set()
        for part in parts:
            if isinstance(part, dict):
                found.update(_list_own(part))
        return self.digest_all(found) or [NOBODY]


_digests: PeopleDigests | None = None


async def open_people_digests(keyring: KeyRing) -> None:
    """Loads the key of the connected database for this process; creates it first if needed.

    Raises:
        DecryptionError: ENCRYPTION_KEYS lacks the key that it is encrypted with.
    """
    secret = keyring.encrypt(os.urandom(32).hex(), **PLACE)
    # The first process wins.
    with suppress(DuplicateKeyError):
        await collection(PeopleKey).update_one(
            {"_id": PEOPLE_KEY_ID}, {"$setOnInsert": {KEY_FIELD: secret}}, upsert=True
        )
    stored = await collection(PeopleKey).find_one({"_id": PEOPLE_KEY_ID}) or {}
    set_people_digests(PeopleDigests(bytes.fromhex(keyring.decrypt(stored[KEY_FIELD], **PLACE))))


def set_people_digests(digests: PeopleDigests) -> None:
    """Replaces the digests of this process, as Beanie's documents are bound to a database."""
    global _digests  # noqa: PLW0603 - belongs to the database that Beanie is bound to
    _digests = digests


def has_people_digests() -> bool:
    """Returns False until `open_people_digests` has reached the database."""
    return _digests is not None


def get_people_digests() -> PeopleDigests:
    if _digests is None:
        raise RuntimeError("open_people_digests must come first")
    return _digests


async def list_text_people(text: str | bytes) -> list[bytes]:
    """See `PeopleDigests.list_people`; reads large texts in a thread."""
    content = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if len(content) > MAX_BYTES_ON_LOOP:
        return await asyncio.to_thread(get_people_digests().list_people, content)
    return get_people_digests().list_people(content)


def _read_identity(match: bytes) -> str:
    value = match.decode("utf-8", "replace")
    if value.startswith("+"):
        return _NOT_DIGITS.sub("", value)
    # A time; phone numbers with a 1 have 11 digits.
    return "" if value.startswith("1") and value.isdigit() and len(value) in {10, 13} else value


def _list_own(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        if isinstance(value, dict):
            if name in _ID_OBJECTS:
                yield from _list_own(value)
        elif (name in _ID_KEYS or name.endswith(_ID_ENDS)) and isinstance(value, str | int):
            yield str(value)


IsPerson = Callable[[str], bool]


def redact(value: Any, is_person: IsPerson) -> Any:
    """Returns a JSON value without the elements of lists that are about a person.

    An element goes if it names the person itself, or if nothing is left of its lists. Returns None
    if nothing is left, or if the person is named outside all lists.
    """
    return None if _names(value, is_person) else _redact_lists(value, is_person)


def _redact_lists(value: Any, is_person: IsPerson) -> Any:
    if isinstance(value, list):
        kept = [
            part
            for element in value
            if not _names(element, is_person)
            and ((part := _redact_lists(element, is_person)) is not None or element is None)
        ]
        return kept if kept or not value else None
    if not isinstance(value, dict):
        return value
    fields = {
        name: part if name in _CONTENT_KEYS else _redact_lists(part, is_person)
        for name, part in value.items()
    }
    emptied = [name for name, part in fields.items() if part is None and value[name] is not None]
    if not emptied:
        return fields
    left = {name: part for name, part in fields.items() if name not in emptied}
    return left if any(map(_has_list, left.values())) else None


def _names(value: Any, is_person: IsPerson) -> bool:
    """Returns True if the value names the person outside of lists and contents."""
    if isinstance(value, Mapping):
        return any(
            name not in _CONTENT_KEYS and _names(part, is_person) for name, part in value.items()
        )
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    return is_person(str(value))


def _has_list(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_list, value.values()))
    return isinstance(value, list) and bool(value)


def make_matcher(people: Collection[bytes]) -> IsPerson:
    """Returns a function that recognises the identities with these digests."""
    digests = get_people_digests()
    wanted = set(people)

    def is_person(text: str) -> bool:
        if len(text) > MAX_IDENTITY or (" " in text and not text.startswith("+")):
            return False
        digits = _NOT_DIGITS.sub("", text) if text.startswith("+") else text
        return digests.digest(digits) in wanted

    return is_person


async def redact_text(text: str, is_person: IsPerson) -> str | None:
    """Returns the JSON text without the person; None if nothing is left, or it can't be divided."""
    if len(text) > MAX_BYTES_ON_LOOP:
        return await asyncio.to_thread(_redact_now, text, is_person)
    return _redact_now(text, is_person)


def _redact_now(text: str, is_person: IsPerson) -> str | None:
    try:
        value = json.loads(text)
        left = redact(value, is_person)
        if left is None or left == value:
            return None if left is None else text
        return _dump(left)
    except (ValueError, RecursionError):
        return None


def _dump(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Halves of surrogate pairs can only be stored as escapes.
    return text if _is_encodable(text) else json.dumps(value, separators=(",", ":"))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
