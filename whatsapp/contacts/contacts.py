"""Contacts: found, created and updated from webhooks and sends.

Contacts are not merged here: if Meta's identities belong to two contacts, both stay and are marked
as possible duplicates.
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
from whatsapp.common.account_workspaces import get_workspace_id
from whatsapp.common.erased_people import ErasedMemory, ErasedPerson, find_erased
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
MAX_ATTEMPTS = 5
_PREFERENCE = (IdentityKind.BSUID, IdentityKind.WA_ID, IdentityKind.PARENT_BSUID)


@dataclass(frozen=True)
class Profile:
    """Profile data from a customer's message, with Meta's time of that message."""

    name: str | None
    username: str | None
    at: datetime


async def find_contact(
    account_id: PydanticObjectId, identities: Sequence[Identity]
) -> Contact | None:
    """Returns the contact with one of these identities, by BSUID, else phone, else parent BSUID."""
    return choose_contact(await list_contacts(account_id, identities), identities)


def choose_contact(contacts: Iterable[Contact], identities: Sequence[Identity]) -> Contact | None:
    """Returns the contact that best matches these identities of one person.

    A contact that shares only a number and has another user id does not match: the number may be
    recycled.
    """
    lookups = _order_lookups(identities)
    candidates = [contact for contact in contacts if names_same_person(contact, identities)]
    matches = [(contact, _list_shared(contact, lookups)) for contact in candidates]
    ranked = [(min(map(lookups.index, shared)), contact) for contact, shared in matches if shared]
    if len(ranked) > 1:
        logger.info("The identities of a sender belong to %d contacts", len(ranked))
    return min(ranked, key=lambda match: match[0])[1] if ranked else None


async def get_or_create_contact(
    account_id: PydanticObjectId,
    identities: Sequence[Identity],
    *,
    profile: Profile | None = None,
    known_contact: Contact | None = None,
    by_customer: bool = False,
    reported_at: datetime | None = None,
) -> Contact:
    """Returns the contact with these identities, created if it is new.

    `profile` comes from a message of the customer and also updates the number to send to.
    `known_contact` is a recent result of `find_contact`. `by_customer` means that the customer
    wrote, which links the contact to a user. `reported_at` is Meta's time of the report.

    Raises:
        ValueError: no identity was given.
        ErasedPerson: the customer was erased after `reported_at`.
    """
    if not identities:
        raise ValueError("a contact needs an identity")
    for _ in range(MAX_ATTEMPTS):
        contact = known_contact or await find_contact(account_id, identities)
        known_contact = None
        if contact is None:
            erased = await find_erased(account_id, identities)
            _check_time(reported_at, erased.erased_at if erased else None)
            contact = await _insert_contact(account_id, identities, profile, erased)
            if contact is None:
                continue
        else:
            _check_time(reported_at, contact.erased_before)
            contact = await _refresh_contact(contact, identities, profile)
        if by_customer and contact.user_id is None and contact.unlinked_at is None:
            return await link_user(contact)
        return contact
    raise RuntimeError(
        f"Contacts of account {account_id} were deleted {MAX_ATTEMPTS} times in a row"
    )


def _check_time(reported_at: datetime | None, erased_at: datetime | None) -> None:
    """Raises ErasedPerson if the report is older than the erasure."""
    if reported_at is not None and erased_at is not None and reported_at <= erased_at:
        raise ErasedPerson


async def change_identities(
    contact: Contact,
    identities: Sequence[Identity],
    *,
    former: Sequence[Identity] = (),
    at: datetime,
    number_moves: bool = False,
) -> Contact:
    """Applies an announced change of the customer's number or user id at `at`.

    The `former` identities stay, so that late messages find the contact. `number_moves` takes the
    number from any other contact.
    """
    if number_moves:
        await release_numbers(contact, identities, at=at)
    known = derive_shown_fields(await join_identities(contact, former, is_proven=True))
    changes = {name: value for name, value in known.items() if getattr(contact, name) is None}
    changes |= derive_shown_fields(await join_identities(contact, identities, is_proven=True))
    if all(getattr(contact, name) == value for name, value in changes.items()):
        return contact
    changed = await _show_newest(contact, changes, at)
    if changed.phone_number != contact.phone_number:
        await replace_user_phone(changed, former=contact.phone_number)
    return changed


async def record_marketing_choice(
    contact_id: PydanticObjectId, *, opts_out: bool, at: datetime
) -> None:
    """Records the customer's marketing decision of `at`, unless a newer one is stored."""
    choice = [TimestampedFields("marketing", at, {"marketing_opt_out": opts_out})]
    result = await collection(Contact).update_one(
        {"_id": contact_id, **match_outdated(choice)}, [make_update_stage(choice)]
    )
    merge = None if result.matched_count else await find_merge({"_id": contact_id})
    if merge is not None:
        await record_marketing_choice(merge.into_id, opts_out=opts_out, at=at)


def _order_lookups(identities: Sequence[Identity]) -> list[Identity]:
    ordered = sorted(identities, key=lambda identity: _PREFERENCE.index(identity.kind))
    return [lookup for identity in ordered for lookup in list_lookups(identity)]


def _list_shared(contact: Contact, lookups: Sequence[Identity]) -> list[Identity]:
    return [identity for identity in contact.identities if identity in lookups]


def make_contact(
    workspace_id: PydanticObjectId,
    account_id: PydanticObjectId,
    identities: Sequence[Identity],
    profile: Profile | None,
    erased: ErasedMemory | None = None,
) -> Contact:
    """Returns a new contact that is not stored yet; `erased` is about an earlier contact."""
    return Contact(
        id=new_id(),
        workspace_id=workspace_id,
        account_id=account_id,
        identities=list_identity_variants(identities),
        profile_name=profile.name if profile else None,
        username=profile.username if profile else None,
        profile_at=profile.at if profile else None,
        erased_before=erased.erased_at if erased else None,
        marketing_opt_out=erased.marketing_opt_out if erased else False,
        **derive_shown_fields(identities),
    )


async def _insert_contact(
    account_id: PydanticObjectId,
    identities: Sequence[Identity],
    profile: Profile | None,
    erased: ErasedMemory | None,
) -> Contact | None:
    """Inserts a contact; returns None if the same person was inserted concurrently."""
    workspace_id = await get_workspace_id(account_id)
    contact = make_contact(workspace_id, account_id, identities, profile, erased)
    if await _insert_document(contact):
        return contact
    holders = await list_contacts(account_id, identities)
    if any(names_same_person(holder, identities) for holder in holders):
        return None
    # The number is recycled: former holders lose it unless they wrote since.
    if profile is not None:
        for holder in holders:
            await release_from_holder(holder, *identities, at=profile.at)
        holders = await list_contacts(account_id, identities)
    held_identities = [identity for holder in holders for identity in holder.identities]
    free = [
        identity
        for identity in identities
        if not any(form in held_identities for form in list_lookups(identity))
    ]
    contact = make_contact(workspace_id, account_id, free, profile, erased)
    return contact if free and await _insert_document(contact) else None


async def _insert_document(contact: Contact) -> bool:
    fields = to_bson(contact)
    fields |= derive_contact_fields(fields)
    try:
        await collection(Contact).insert_one(fields)
    except DuplicateKeyError:
        return False
    return True


async def _refresh_contact(
    contact: Contact, identities: Sequence[Identity], profile: Profile | None
) -> Contact:
    if profile is None:
        await learn_identities(contact, identities)
        return contact
    changes = derive_shown_fields(await join_identities(contact, identities, at=profile.at))
    if profile.name is not None:
        changes["profile_name"] = profile.name
    if profile.username is not None:
        changes["username"] = profile.username
    is_same = all(getattr(contact, name) == value for name, value in changes.items())
    if is_same and contact.profile_at is not None:
        return contact
    return await _show_newest(contact, changes, profile.at)


async def _show_newest(contact: Contact, changes: dict[str, Any], at: datetime) -> Contact:
    """Sets the fields of a message unless a newer message of the customer is known.

    The conversation shows which message is the newest. `profile_at` can't, because a message
    without new values does not update it.
    """
    of_contact = {"account_id": contact.account_id, "contact_id": contact.id}
    if await collection(Conversation).find_one(
        {**of_contact, "last_inbound_at": {"$gt": at}}, {"_id": 1}
    ):
        return contact
    names = ("profile_name", "username", "wa_id", "bsuid")
    reported = [at, *(changes.get(name, getattr(contact, name)) for name in names)]
    # Comparing whole tuples makes the result independent of order within Meta's 1 s timestamps.
    stored = ["$profile_at", *(f"${name}" for name in names)]
    document = await collection(Contact).find_one_and_update(
        {"_id": contact.id, "$expr": {"$lt": [stored, {"$literal": reported}]}},
        {"$set": {**changes, **STALE, "profile_at": at, "updated_at": utc_now()}},
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


# Merges can't form a cycle, so this bound is never reached.
MAX_STEPS = 100


async def find_survivor(contact_id: PydanticObjectId) -> Contact | None:
    """Returns the contact, or the contact it was merged into; None if that was erased."""
    for _ in range(MAX_STEPS):
        document = await collection(Contact).find_one({"_id": contact_id})
        if document is not None:
            return from_bson(Contact, document)
        merge = await find_merge({"_id": contact_id})
        if merge is None:
            return None
        contact_id = merge.into_id
    return None


async def find_merge(query: dict[str, Any]) -> ContactMerge | None:
    document = await collection(ContactMerge).find_one(query)
    return None if document is None else from_bson(ContactMerge, document)


async def is_merged(contact_id: PydanticObjectId) -> bool:
    """Returns True if the contact was merged into another contact."""
    return await find_merge({"_id": contact_id}) is not None
