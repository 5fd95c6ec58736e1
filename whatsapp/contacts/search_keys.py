"""Derived fields of contacts and users: keys for indexed searches and filters, and sort names.

A search key is a word of a name, without case and accents, or a suffix of a phone number. A search
for a key prefix therefore finds the beginning of a word or any part of a number. A write that
changes the fields from which others are derived sets `STALE`, and its caller then indexes the
document. Documents left stale by a crash are indexed later.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from beanie import PydanticObjectId

from models import Contact, IdentityKind, User
from models.database.base import collection
from models.messages.words import is_unspaced, join_apostrophes, list_words
from whatsapp.contacts.attribute_keys import list_attribute_keys
from whatsapp.contacts.identities import SHORTEST_NUMBER, list_phone_variants, read_digits

logger = logging.getLogger(__name__)

STALE: Mapping[str, Any] = {"stale_keys": True}
"""Fields of the `$set` of every write that changes a name, a number or a user id."""

MAX_KEYS = 200
MAX_SORT_NAME = 120

_CONTACT_FIELDS = (
    *("name", "profile_name", "username", "bsuid", "phone_number", "identities", "attributes"),
)
_USER_FIELDS = ("name", "email", "external_id", "phone", "attributes")
_DERIVED_FIELDS = ("search_keys", "sort_name", "attribute_keys")
# An attempt fails only because of a concurrent change. After the last one the document stays stale.
_MAX_ATTEMPTS = 3
_SWEEP_BATCH = 1000


def make_contact_keys(fields: Mapping[str, Any]) -> list[str]:
    """Returns the search keys of a contact, from its stored fields."""
    numbers, user_ids = [fields.get("phone_number")], [fields.get("bsuid")]
    for identity in fields.get("identities") or ():
        is_number = identity["kind"] == IdentityKind.WA_ID
        (numbers if is_number else user_ids).append(identity["value"])
    names = [fields.get(name) for name in ("name", "profile_name", "username")]
    return _combine_keys([*names, *user_ids], numbers)


def make_sort_name(fields: Mapping[str, Any]) -> str:
    """Returns the displayed name in lower case and without accents, for sorting."""
    names = (fields.get(name) for name in ("name", "profile_name", "username", "phone_number"))
    identities = [identity["value"] for identity in fields.get("identities") or ()]
    return _normalize_first([*names, *identities])


def _normalize_first(texts: Iterable[str | None]) -> str:
    """Returns the first text with words, in lower case and without accents."""
    plain = (" ".join(list_words(text)) for text in texts if text)
    return next(filter(None, plain), "")[:MAX_SORT_NAME]


def derive_contact_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the derived fields of a contact, from its stored fields."""
    return {
        "search_keys": make_contact_keys(fields),
        "sort_name": make_sort_name(fields),
        "attribute_keys": list_attribute_keys(fields.get("attributes")),
    }


def derive_user_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the derived fields of a user, from its stored fields."""
    names = ("name", "email", "external_id", "phone")
    return {
        "search_keys": make_user_keys(fields),
        "sort_name": _normalize_first(fields.get(name) for name in names),
        "attribute_keys": list_attribute_keys(fields.get("attributes")),
    }


def make_user_keys(fields: Mapping[str, Any]) -> list[str]:
    """Returns the search keys of a user, from its stored fields."""
    names = [fields.get(name) for name in ("name", "email", "external_id")]
    digits = read_digits(fields.get("phone") or "")
    # Both forms of a number that WhatsApp may use. A contact has both among its identities.
    return _combine_keys(names, list_phone_variants(digits) if digits else [])


async def index_contact(contact_id: PydanticObjectId) -> None:
    """Updates the search keys of a contact."""
    await _index_document(Contact, contact_id)


async def index_user(user_id: PydanticObjectId) -> None:
    """Updates the search keys of a user."""
    await _index_document(User, user_id)


async def index_stale() -> None:
    """Indexes contacts and users that a crash left stale."""
    for document_class in (Contact, User):
        ids: list[Any] = [None] * _SWEEP_BATCH
        while len(ids) == _SWEEP_BATCH:
            stale = collection(document_class).find(dict(STALE), {"_id": 1})
            ids = [fields["_id"] for fields in await stale.limit(_SWEEP_BATCH).to_list()]
            for document_id in ids:
                await _index_document(document_class, document_id)


async def _index_document(document_class: type[Contact] | type[User], document_id: Any) -> None:
    is_contact = document_class is Contact
    names = _CONTACT_FIELDS if is_contact else _USER_FIELDS
    documents = collection(document_class)
    for _ in range(_MAX_ATTEMPTS):
        projection = dict.fromkeys((*names, *_DERIVED_FIELDS, "stale_keys"), 1)
        fields = await documents.find_one({"_id": document_id}, projection)
        if fields is None:
            return
        derived = derive_contact_fields(fields) if is_contact else derive_user_fields(fields)
        is_current = all(fields.get(name) == value for name, value in derived.items())
        if is_current and not fields.get("stale_keys"):
            return
        # The update fails if the fields were changed concurrently.
        unchanged = {name: fields.get(name) for name in names}
        result = await documents.update_one(
            {"_id": document_id, **unchanged},
            {"$set": {**derived, "stale_keys": False}},
        )
        if result.matched_count:
            return
    logger.info(
        "A %s changed during indexing; it is indexed later", document_class.__name__.lower()
    )


def _combine_keys(texts: Iterable[str | None], numbers: Iterable[str | None]) -> list[str]:
    keys: set[str] = set()
    for text in filter(None, texts):
        for word in [*list_words(text), *list_words(join_apostrophes(text))]:
            keys.update(_list_searchable_parts(word))
    for number in filter(None, numbers):
        digits = read_digits(number) or ""
        keys.update(digits[at:] for at in range(max(1, len(digits) - SHORTEST_NUMBER + 1)))
    # Sorted, so that equal fields give equal documents.
    return sorted(filter(None, keys))[:MAX_KEYS]


def _list_searchable_parts(word: str) -> list[str]:
    """Returns the word, or all its suffixes if its script is written without spaces."""
    if is_unspaced(word):
        return [word[at:] for at in range(len(word))]
    return [word]
