"""New customers, many at once: contact, user and conversation of each in a few writes.

One by one each takes some ten round trips. Here only what nobody disputes is done: whatever another
process is doing at this moment, or what was known in part, is left as it is, and
`get_or_create_contact` and the others complete it, as after a crash in the middle.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from pymongo import InsertOne

from models import Contact, Conversation, Identity, User
from models.database.base import collection, from_bson, to_bson, utc_now
from models.database.bulk_writes import write_unless_duplicate
from whatsapp.contacts.contacts import Profile, is_merged, make_contact
from whatsapp.contacts.identities import list_lookups
from whatsapp.contacts.search_keys import derive_contact_fields, derive_user_fields
from whatsapp.contacts.user_linking import detach_user, list_known_phones, make_user
from whatsapp.conversations.conversations import remove_conversations

_Names = frozenset[tuple[str, str]]


@dataclass
class NewContact:
    """Somebody whom nobody of the account knows yet, by what they sent first."""

    identities: Sequence[Identity]
    profile: Profile | None
    writes: bool
    """Whether they said something that stands in a conversation."""
    by_customer: bool
    """Whether they said anything themselves: then they get a user."""


def select_unambiguous(
    new_contacts: Iterable[NewContact], *, named: Iterable[Sequence[Identity]]
) -> list[NewContact]:
    """One for each person. Who shares an identity with somebody else, also with one of `named`, is
    left out: what comes first decides there.
    """
    found: dict[_Names, NewContact] = {}
    for one in new_contacts:
        first = found.setdefault(_list_names(one.identities), one)
        first.writes |= one.writes
        first.by_customer |= one.by_customer
    taken = Counter(name for names in found for name in names)
    taken.update(name for one in named for name in _list_names(one))
    return [one for names, one in found.items() if all(taken[name] == 1 for name in names)]


def _list_names(identities: Iterable[Identity]) -> _Names:
    return frozenset(
        (lookup.kind.value, lookup.value) for one in identities for lookup in list_lookups(one)
    )


async def create_contacts(
    account_id: PydanticObjectId, new_contacts: Sequence[NewContact]
) -> tuple[list[Contact], list[Conversation]]:
    """Makes them; gives back those that are certainly there, each with its user.

    Raises:
        PyMongoError: some may be made, or made in part.
    """
    contacts = [make_contact(account_id, one.identities, one.profile) for one in new_contacts]
    made = await _insert(Contact, [_derive_contact(contact) for contact in contacts])
    pairs = list(zip(contacts, new_contacts, strict=True))
    await _link_users([one for one, told in pairs if one.id in made and told.by_customer])
    writing = {contact.id for contact, one in pairs if one.writes}
    conversations = [
        Conversation(account_id=account_id, contact_id=contact_id) for contact_id in made & writing
    ]
    begun = await _insert(Conversation, [to_bson(one) for one in conversations])
    # Looked for after the writes: who erases a contact from now on finds the conversation too.
    query = {"_id": {"$in": list(made)}}
    there = [from_bson(Contact, one) async for one in collection(Contact).find(query)]
    ids = {contact.id for contact in there}
    await _forget_users(one for one in contacts if one.id in made - ids)
    gone = [one for one in conversations if one.contact_id not in ids]
    erased = [one.id for one in gone if not await is_merged(one.contact_id)]
    if erased:
        await remove_conversations(erased)
    return there, [one for one in conversations if one.id in begun and one.contact_id in ids]


def _derive_contact(contact: Contact) -> dict[str, Any]:
    fields = to_bson(contact)
    return fields | derive_contact_fields(fields)


async def _link_users(contacts: Sequence[Contact]) -> None:
    """Those whose phone belongs to a user already are left without one, to be linked later."""
    known = await list_known_phones(one.phone_number for one in contacts if one.phone_number)
    strangers = [one for one in contacts if one.phone_number not in known]
    users = [to_bson(make_user(contact)) for contact in strangers]
    made = await _insert(User, [fields | derive_user_fields(fields) for fields in users])
    if made:
        # A user that is made for a contact has the contact's own id.
        await collection(Contact).update_many(
            {"_id": {"$in": list(made)}, "user_id": None, "unlinked_at": None},
            [{"$set": {"user_id": "$_id", "updated_at": utc_now()}}],
        )


async def _forget_users(erased: Iterable[Contact]) -> None:
    """Whoever erased them may have looked for their users before these were made."""
    for contact in erased:
        await detach_user(contact)


async def _insert(document_class: type[Any], documents: Sequence[dict[str, Any]]) -> set[Any]:
    """Inserts those of which nobody has the unique keys; returns their ids."""
    inserts = [InsertOne(fields) for fields in documents]
    duplicates = (await write_unless_duplicate(document_class, inserts)).duplicates
    return {
        fields["_id"] for position, fields in enumerate(documents) if position not in duplicates
    }
