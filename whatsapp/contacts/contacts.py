"""Contacts: finds, makes and keeps up to date who writes to an account.

Nothing here merges two contacts: where Meta's identities point at two of them, both stay, and are
noted as possible duplicates.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from models import Contact, ContactMerge, Conversation, Identity, IdentityKind
from models.database.base import collection, from_bson, new_id, to_bson, utc_now
from whatsapp.common.timestamped_fields import TimestampedFields, make_update_stage, match_outdated
from whatsapp.contacts.contact_identities import (
    derive_shown_fields,
    join_identities,
    learn_identities,
    list_contacts,
    list_identity_variants,
    names_same_person,
)
from whatsapp.contacts.identities import list_lookups
from whatsapp.contacts.number_moves import release_from_holder, release_numbers
from whatsapp.contacts.search_keys import STALE, derive_contact_fields, index_contact
from whatsapp.contacts.user_linking import (
    fill_user_name,
    fill_user_phone,
    link_user,
    replace_user_phone,
)

logger = logging.getLogger(__name__)

# A lookup after a lost race fails only if the winner was deleted meanwhile.
MAX_ROUNDS = 5
_PREFERENCE = (IdentityKind.BSUID, IdentityKind.WA_ID, IdentityKind.PARENT_BSUID)


@dataclass(frozen=True)
class Profile:
    """What a customer's own message told about them, with Meta's time of that message."""

    name: str | None
    username: str | None
    at: datetime


async def find_contact(
    account_id: PydanticObjectId, identities: Sequence[Identity]
) -> Contact | None:
    """The contact that has one of these, by BSUID, else phone (either form), else parent."""
    return choose_contact(await list_contacts(account_id, identities), identities)


def choose_contact(contacts: Iterable[Contact], identities: Sequence[Identity]) -> Contact | None:
    """Which of the contacts these identities of one person name the most surely.

    None where only a number leads to somebody whose user id is another: it may be recycled.
    """
    wanted = _order_lookups(identities)
    named = [contact for contact in contacts if names_same_person(contact, identities)]
    found = [(contact, _shared(contact, wanted)) for contact in named]
    ranked = [(min(map(wanted.index, shared)), contact) for contact, shared in found if shared]
    if len(ranked) > 1:
        logger.info("The identities of one sender belong to %d contacts", len(ranked))
    return min(ranked, key=lambda one: one[0])[1] if ranked else None


async def get_or_create_contact(
    account_id: PydanticObjectId,
    identities: Sequence[Identity],
    *,
    profile: Profile | None = None,
    found: Contact | None = None,
    by_customer: bool = False,
) -> Contact:
    """The one contact of these identities, made if it is new.

    `profile` comes with a message of the customer: it also moves the number to send to. `found` is
    what `find_contact` gave a moment ago, where the caller has asked already. `by_customer` says
    that the customer wrote: only this links the contact to its user.

    Raises:
        ValueError: no identity was given.
    """
    if not identities:
        raise ValueError("a contact needs an identity")
    for _ in range(MAX_ROUNDS):
        contact, found = found or await find_contact(account_id, identities), None
        if contact is None:
            contact = await _insert_contact(account_id, identities, profile)
            if contact is None:
                continue
        else:
            contact = await _refresh(contact, identities, profile)
        if by_customer and contact.user_id is None and contact.unlinked_at is None:
            return await link_user(contact)
        return contact
    raise RuntimeError(f"A contact of account {account_id} vanished again and again")


async def change_identities(
    contact: Contact,
    identities: Sequence[Identity],
    *,
    former: Sequence[Identity] = (),
    at: datetime,
    number_moves: bool = False,
) -> Contact:
    """WhatsApp says that the customer has another number or user id since `at`.

    The `former` ones stay, so that a late message under them finds its contact. `number_moves` says
    that the number is this customer's from now on, whoever had it before.
    """
    if number_moves:
        await release_numbers(contact, identities, at=at)
    known = derive_shown_fields(await join_identities(contact, former, is_proven=True))
    shown = {name: value for name, value in known.items() if getattr(contact, name) is None}
    shown |= derive_shown_fields(await join_identities(contact, identities, is_proven=True))
    if all(getattr(contact, name) == value for name, value in shown.items()):
        return contact
    changed = await _show_newest(contact, shown, at)
    if changed.phone_number != contact.phone_number:
        await replace_user_phone(changed, former=contact.phone_number)
    return changed


async def record_marketing_choice(
    contact_id: PydanticObjectId, *, opts_out: bool, at: datetime
) -> None:
    """The customer decided at `at` whether they want marketing; a newer decision stands."""
    choice = [TimestampedFields("marketing", at, {"marketing_opt_out": opts_out})]
    done = await collection(Contact).update_one(
        {"_id": contact_id, **match_outdated(choice)}, [make_update_stage(choice)]
    )
    merge = None if done.matched_count else await find_merge({"_id": contact_id})
    if merge is not None:
        await record_marketing_choice(merge.into_id, opts_out=opts_out, at=at)


def _order_lookups(identities: Sequence[Identity]) -> list[Identity]:
    ordered = sorted(identities, key=lambda one: _PREFERENCE.index(one.kind))
    return [lookup for one in ordered for lookup in list_lookups(one)]


def _shared(contact: Contact, wanted: Sequence[Identity]) -> list[Identity]:
    return [identity for identity in contact.identities if identity in wanted]


def make_contact(
    account_id: PydanticObjectId, identities: Sequence[Identity], profile: Profile | None
) -> Contact:
    """The contact of somebody new, not stored yet."""
    return Contact(
        id=new_id(),
        account_id=account_id,
        identities=list_identity_variants(identities),
        profile_name=profile.name if profile else None,
        username=profile.username if profile else None,
        profile_at=profile.at if profile else None,
        **derive_shown_fields(identities),
    )


async def _insert_contact(
    account_id: PydanticObjectId, identities: Sequence[Identity], profile: Profile | None
) -> Contact | None:
    """The new contact, or None if somebody else has just made one with such an identity."""
    contact = make_contact(account_id, identities, profile)
    if await _insert(contact):
        return contact
    holders = await list_contacts(account_id, identities)
    if any(names_same_person(holder, identities) for holder in holders):
        return None
    # Others have the number: it is recycled, and theirs no longer, unless they wrote since.
    if profile is not None:
        for holder in holders:
            await release_from_holder(holder, *identities, at=profile.at)
        holders = await list_contacts(account_id, identities)
    held = [identity for holder in holders for identity in holder.identities]
    free = [one for one in identities if not any(form in held for form in list_lookups(one))]
    contact = make_contact(account_id, free, profile)
    return contact if free and await _insert(contact) else None


async def _insert(contact: Contact) -> bool:
    fields = to_bson(contact)
    fields |= derive_contact_fields(fields)
    try:
        await collection(Contact).insert_one(fields)
    except DuplicateKeyError:
        return False
    return True


async def _refresh(
    contact: Contact, identities: Sequence[Identity], profile: Profile | None
) -> Contact:
    if profile is None:
        await learn_identities(contact, identities)
        return contact
    shown = derive_shown_fields(await join_identities(contact, identities, at=profile.at))
    if profile.name is not None:
        shown["profile_name"] = profile.name
    if profile.username is not None:
        shown["username"] = profile.username
    is_same = all(getattr(contact, name) == value for name, value in shown.items())
    if is_same and contact.profile_at is not None:
        return contact
    return await _show_newest(contact, shown, profile.at)


async def _show_newest(contact: Contact, shown: dict[str, Any], at: datetime) -> Contact:
    """Sets what the message shows, unless a newer message of the same customer is known.

    A message that shows what is known already writes nothing, so `profile_at` alone can't tell
    which message is the newest: the conversation can.
    """
    newer = {"account_id": contact.account_id, "contact_id": contact.id}
    if await collection(Conversation).find_one(
        {**newer, "last_inbound_at": {"$gt": at}}, {"_id": 1}
    ):
        return contact
    names = ("profile_name", "username", "wa_id", "bsuid")
    offered = [at, *(shown.get(name, getattr(contact, name)) for name in names)]
    # Comparing whole tuples gives the same winner in any order, also within Meta's 1 s steps.
    stored = ["$profile_at", *(f"${name}" for name in names)]
    document = await collection(Contact).find_one_and_update(
        {"_id": contact.id, "$expr": {"$lt": [stored, {"$literal": offered}]}},
        {"$set": {**shown, **STALE, "profile_at": at, "updated_at": utc_now()}},
        return_document=ReturnDocument.AFTER,
    )
    if document is None:
        return contact
    await index_contact(contact.id)
    updated = from_bson(Contact, document)
    if contact.profile_name is None:
        await fill_user_name(updated)
    if contact.phone_number is None:
        await fill_user_phone(updated)
    return updated


# More merges in a row are a circle, which no merge makes.
MAX_STEPS = 100


async def find_survivor(contact_id: PydanticObjectId) -> Contact | None:
    """The contact, or the one that it was merged into; None where that was erased."""
    for _ in range(MAX_STEPS):
        found = await collection(Contact).find_one({"_id": contact_id})
        if found is not None:
            return from_bson(Contact, found)
        merge = await find_merge({"_id": contact_id})
        if merge is None:
            return None
        contact_id = merge.into_id
    return None


async def find_merge(query: dict[str, Any]) -> ContactMerge | None:
    found = await collection(ContactMerge).find_one(query)
    return None if found is None else from_bson(ContactMerge, found)


async def is_merged(contact_id: PydanticObjectId) -> bool:
    """Whether the contact was merged into another one, and not erased."""
    return await find_merge({"_id": contact_id}) is not None
