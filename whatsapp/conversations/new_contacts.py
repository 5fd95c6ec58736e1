"""Batch creation of contacts with their users and conversations, in a few writes.

A single sender takes about ten round trips. Senders whose documents exist in part or are written
concurrently are left to functions such as `get_or_create_contact`, as after a crash.
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
from whatsapp.common.account_workspaces import get_workspace_id
from whatsapp.common.erased_people import list_erased
from whatsapp.common.people import get_people_digests
from whatsapp.contacts.contacts import Profile, is_merged, make_contact
from whatsapp.contacts.identities import list_lookups
from whatsapp.contacts.search_keys import derive_contact_fields, derive_user_fields
from whatsapp.contacts.user_linking import detach_user, list_known_phones, make_user
from whatsapp.conversations.conversations import remove_conversations

_Keys = frozenset[tuple[str, str]]


@dataclass
class NewContact:
    """A sender without a contact in the account, from their first messages."""

    identities: Sequence[Identity]
    profile: Profile | None
    has_messages: bool
    """True if the sender has messages to store, and so needs a conversation."""
    by_customer: bool
    """True if the customer wrote a message; the contact is then linked to a user."""


def select_unambiguous(
    new_contacts: Iterable[NewContact], *, named: Iterable[Sequence[Identity]]
) -> list[NewContact]:
    """Returns an item per person, without persons who share an identity with others.

    `named` are identities of other persons. For shared identities the order of messages decides.
    """
    by_keys: dict[_Keys, NewContact] = {}
    for contact in new_contacts:
        first = by_keys.setdefault(_list_keys(contact.identities), contact)
        first.has_messages |= contact.has_messages
        first.by_customer |= contact.by_customer
    counts = Counter(key for keys in by_keys for key in keys)
    counts.update(key for identities in named for key in _list_keys(identities))
    return [contact for keys, contact in by_keys.items() if all(counts[key] == 1 for key in keys)]


def _list_keys(identities: Iterable[Identity]) -> _Keys:
    return frozenset(
        (lookup.kind.value, lookup.value)
        for identity in identities
        for lookup in list_lookups(identity)
    )


async def create_contacts(
    account_id: PydanticObjectId, new_contacts: Sequence[NewContact]
) -> tuple[list[Contact], list[Conversation]]:
    """Creates contacts with users and conversations; returns the documents that exist.

    Erased customers are left to `get_or_create_contact`, which drops old reports.

    Raises:
        PyMongoError: some may be created, or created in part.
    """
    new_contacts = await _leave_out_erased(account_id, new_contacts)
    workspace_id = await get_workspace_id(account_id)
    contacts = [
        make_contact(workspace_id, account_id, new.identities, new.profile) for new in new_contacts
    ]
    for contact, new in zip(contacts, new_contacts, strict=True):
        contact.has_conversation = new.has_messages
    inserted = await _insert_documents(Contact, [_derive_contact(contact) for contact in contacts])
    pairs = list(zip(contacts, new_contacts, strict=True))
    to_link = [contact for contact, new in pairs if contact.id in inserted and new.by_customer]
    await _link_users(workspace_id, to_link)
    with_messages = {contact.id for contact, new in pairs if new.has_messages}
    conversations = [
        Conversation(workspace_id=workspace_id, account_id=account_id, contact_id=contact_id)
        for contact_id in inserted & with_messages
    ]
    started = await _insert_documents(Conversation, [to_bson(item) for item in conversations])
    # Checked after the writes, so that a later erasure finds the conversations.
    query = {"_id": {"$in": list(inserted)}}
    existing = [from_bson(Contact, fields) async for fields in collection(Contact).find(query)]
    ids = {contact.id for contact in existing}
    await _detach_users(contact for contact in contacts if contact.id in inserted - ids)
    gone = [item for item in conversations if item.contact_id not in ids]
    erased = [item.id for item in gone if not await is_merged(item.contact_id)]
    if erased:
        await remove_conversations(erased)
    return existing, [
        item for item in conversations if item.id in started and item.contact_id in ids
    ]


async def _leave_out_erased(
    account_id: PydanticObjectId, new_contacts: Sequence[NewContact]
) -> list[NewContact]:
    digests = get_people_digests()
    people = {
        digests.digest(identity.value): new for new in new_contacts for identity in new.identities
    }
    erased = {document.person for document in await list_erased(account_id, people)}
    left_out = [id(new) for person, new in people.items() if person in erased]
    return [new for new in new_contacts if id(new) not in left_out]


def _derive_contact(contact: Contact) -> dict[str, Any]:
    fields = to_bson(contact)
    return fields | derive_contact_fields(fields)


async def _link_users(workspace_id: PydanticObjectId, contacts: Sequence[Contact]) -> None:
    """Creates and links users; contacts whose phone has a user are linked later."""
    phones = (contact.phone_number for contact in contacts if contact.phone_number)
    known_phones = await list_known_phones(workspace_id, phones)
    unknown = [contact for contact in contacts if contact.phone_number not in known_phones]
    users = [to_bson(make_user(contact)) for contact in unknown]
    inserted = await _insert_documents(
        User, [fields | derive_user_fields(fields) for fields in users]
    )
    if inserted:
        # A user has the id of the contact it was created for.
        await collection(Contact).update_many(
            {"_id": {"$in": list(inserted)}, "user_id": None, "unlinked_at": None},
            [{"$set": {"user_id": "$_id", "updated_at": utc_now()}}],
        )


async def _detach_users(erased: Iterable[Contact]) -> None:
    """Detaches users that were created after the erasure looked for them."""
    for contact in erased:
        await detach_user(contact)


async def _insert_documents(
    document_class: type[Any], documents: Sequence[dict[str, Any]]
) -> set[Any]:
    """Inserts the documents whose unique keys are free; returns their ids."""
    inserts = [InsertOne(fields) for fields in documents]
    duplicates = (await write_unless_duplicate(document_class, inserts)).duplicates
    return {
        fields["_id"] for position, fields in enumerate(documents) if position not in duplicates
    }
