"""Search keys: what a contact or user is found by, without case and accents, from an index.

A key is a word of a name, or a phone number from one of its digits on: so the beginning of a key is
the beginning of a word, or any piece of a number. They follow from the other fields of a document;
whoever changes these marks the document as stale in the same write and indexes it afterwards, and
what a crash leaves stale is found by its mark.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from beanie import PydanticObjectId

from models import Contact, IdentityKind, User
from models.database.base import collection
from models.messages.words import is_unspaced, join_apostrophes, list_words
from whatsapp.contacts.identities import SHORTEST_NUMBER, list_phone_variants, read_digits

logger = logging.getLogger(__name__)

STALE: Mapping[str, Any] = {"stale_keys": True}
"""What goes into the `$set` of every write that changes a name, a number or a user id."""

MAX_KEYS = 200
MAX_SORT_NAME = 120

_CONTACT_FIELDS = ("name", "profile_name", "username", "bsuid", "phone_number", "identities")
_USER_FIELDS = ("name", "email", "external_id", "phone")
# More often only if others write the same document all the time; the mark stays then.
_ROUNDS = 3
_SWEPT_AT_ONCE = 1000


def make_contact_keys(fields: Mapping[str, Any]) -> list[str]:
    """The keys of a contact, of its fields as MongoDB has them."""
    numbers, user_ids = [fields.get("phone_number")], [fields.get("bsuid")]
    for identity in fields.get("identities") or ():
        is_number = identity["kind"] == IdentityKind.WA_ID
        (numbers if is_number else user_ids).append(identity["value"])
    names = [fields.get(name) for name in ("name", "profile_name", "username")]
    return _combine([*names, *user_ids], numbers)


def make_sort_name(fields: Mapping[str, Any]) -> str:
    """What a contact is sorted by: the name that is shown of it, in lower case, without accents."""
    shown = (fields.get(name) for name in ("name", "profile_name", "username", "phone_number"))
    identities = [identity["value"] for identity in fields.get("identities") or ()]
    plain = (" ".join(list_words(text)) for text in [*shown, *identities] if text)
    return next(filter(None, plain), "")[:MAX_SORT_NAME]


def derive_contact_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a contact that follow from its others, as MongoDB has them."""
    return {"search_keys": make_contact_keys(fields), "sort_name": make_sort_name(fields)}


def derive_user_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a user."""
    return {"search_keys": make_user_keys(fields)}


def make_user_keys(fields: Mapping[str, Any]) -> list[str]:
    """The keys of a user, of its fields as MongoDB has them."""
    names = [fields.get(name) for name in ("name", "email", "external_id")]
    digits = read_digits(fields.get("phone") or "")
    # A contact has both forms of its number among its identities.
    return _combine(names, list_phone_variants(digits) if digits else [])


async def index_contact(contact_id: PydanticObjectId) -> None:
    """Brings the keys of a contact up to date."""
    await _index(Contact, contact_id)


async def index_user(user_id: PydanticObjectId) -> None:
    """Brings the keys of a user up to date."""
    await _index(User, user_id)


async def index_stale() -> None:
    """Indexes what a crash left between a change and its keys."""
    await _sweep(STALE, (Contact, User))


async def _sweep(
    waiting: Mapping[str, Any], document_classes: Iterable[type[Contact] | type[User]]
) -> None:
    for document_class in document_classes:
        ids: list[Any] = [None] * _SWEPT_AT_ONCE
        while len(ids) == _SWEPT_AT_ONCE:
            found = collection(document_class).find(dict(waiting), {"_id": 1})
            ids = [fields["_id"] for fields in await found.limit(_SWEPT_AT_ONCE).to_list()]
            for document_id in ids:
                await _index(document_class, document_id)


async def _index(document_class: type[Contact] | type[User], document_id: Any) -> None:
    is_contact = document_class is Contact
    names = _CONTACT_FIELDS if is_contact else _USER_FIELDS
    documents = collection(document_class)
    for _ in range(_ROUNDS):
        shown = dict.fromkeys((*names, "search_keys", "sort_name", "stale_keys"), 1)
        fields = await documents.find_one({"_id": document_id}, shown)
        if fields is None:
            return
        derived = derive_contact_fields(fields) if is_contact else derive_user_fields(fields)
        is_current = all(fields.get(name) == value for name, value in derived.items())
        if is_current and not fields.get("stale_keys"):
            return
        # Somebody else may have changed it meanwhile: then these keys are old already.
        unchanged = {name: fields.get(name) for name in names}
        done = await documents.update_one(
            {"_id": document_id, **unchanged},
            {"$set": {**derived, "stale_keys": False}},
        )
        if done.matched_count:
            return
    logger.info("A %s changes all the time: it is indexed later", document_class.__name__.lower())


def _combine(texts: Iterable[str | None], numbers: Iterable[str | None]) -> list[str]:
    keys: set[str] = set()
    for text in filter(None, texts):
        for word in [*list_words(text), *list_words(join_apostrophes(text))]:
            keys.update(_list_beginnings(word))
    for number in filter(None, numbers):
        digits = read_digits(number) or ""
        keys.update(digits[at:] for at in range(max(1, len(digits) - SHORTEST_NUMBER + 1)))
    # Sorted, so that equal fields give equal documents.
    return sorted(filter(None, keys))[:MAX_KEYS]


def _list_beginnings(word: str) -> list[str]:
    """Where a search may begin in a word: at its beginning, or anywhere if it has no spaces."""
    if is_unspaced(word):
        return [word[at:] for at in range(len(word))]
    return [word]
