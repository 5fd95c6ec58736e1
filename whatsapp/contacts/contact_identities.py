"""The identities of a contact, joined if Meta reports that they belong to one person.

Contacts are never merged here: an identity of another contact stays there, and both are marked as
possible duplicates. If the user ids differ, a shared number proves nothing: it may be recycled.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from models import Contact, Identity, IdentityKind
from models.database.base import collection, from_bson, utc_now
from whatsapp.common.erased_people import find_erased
from whatsapp.contacts.identities import list_lookups, normalize_phone
from whatsapp.contacts.number_moves import release_from_holder
from whatsapp.contacts.search_keys import STALE, index_contact
from whatsapp.contacts.user_linking import fill_user_phone

logger = logging.getLogger(__name__)

MAX_DUPLICATES = 10


def names_same_person(contact: Contact, identities: Iterable[Identity]) -> bool:
    """Returns False if these identities belong to another person than the contact.

    WhatsApp gives each person a user id per business. A change of it is announced, and the parent
    id survives the change.
    """
    sides = (contact.identities, list(identities))
    known_ids, reported_ids = (_list_values(side, IdentityKind.BSUID) for side in sides)
    if not known_ids or not reported_ids or known_ids & reported_ids:
        return True
    parents = (_list_values(side, IdentityKind.PARENT_BSUID) for side in sides)
    return bool(set.intersection(*parents))


def _list_values(identities: Iterable[Identity], kind: IdentityKind) -> set[str]:
    return {identity.value for identity in identities if identity.kind is kind}


def make_identities_query(
    account_id: PydanticObjectId, identities: Sequence[Identity]
) -> dict[str, Any]:
    """Returns the filter for contacts with any of these identities, which must not be empty."""
    values: dict[str, list[str]] = {}
    for identity in identities:
        for lookup in list_lookups(identity):
            values.setdefault(lookup.kind.value, []).append(lookup.value)
    elements = [{"kind": kind, "value": {"$in": texts}} for kind, texts in values.items()]
    return {
        "$or": [
            {"account_id": account_id, "identities": {"$elemMatch": element}}
            for element in elements
        ]
    }


async def list_contacts(
    account_id: PydanticObjectId, identities: Sequence[Identity]
) -> list[Contact]:
    """Returns all contacts with any of these identities."""
    if not identities:
        return []
    query = make_identities_query(account_id, identities)
    return [from_bson(Contact, fields) async for fields in collection(Contact).find(query)]


def list_identity_variants(identities: Iterable[Identity]) -> list[Identity]:
    """Returns the identities with all forms of each phone number.

    All forms are stored, so that the unique index refuses a second contact for another form.
    """
    variants: list[Identity] = []
    for identity in identities:
        variants += [form for form in list_lookups(identity) if form not in variants]
    return variants


def derive_shown_fields(identities: Iterable[Identity]) -> dict[str, Any]:
    """Returns the contact's fields that show these identities: `bsuid`, `wa_id`, `phone_number`."""
    changes: dict[str, Any] = {}
    for identity in identities:
        if identity.kind is IdentityKind.BSUID:
            changes["bsuid"] = identity.value
        elif identity.kind is IdentityKind.WA_ID:
            digits = normalize_phone(identity.value)
            changes["wa_id"] = identity.value
            changes["phone_number"] = f"+{digits}" if digits else None
    return changes


async def learn_identities(contact: Contact, identities: Sequence[Identity]) -> None:
    """Adds identities that Meta reported to the contact, in place, and fills unknown fields.

    Fields set by the customer's own messages are more reliable, and stay.
    """
    if not names_same_person(contact, identities):
        logger.info(
            "The user id of the contact differs from the reported user id",
            extra={"contact_id": contact.id},
        )
        return
    changes = derive_shown_fields(await join_identities(contact, identities))
    for number in ("wa_id", "phone_number") if contact.wa_id and contact.profile_at else ():
        changes.pop(number, None)
    if contact.bsuid and contact.profile_at:
        changes.pop("bsuid", None)
    if all(getattr(contact, name) == value for name, value in changes.items()):
        return
    unchanged = {"_id": contact.id, "wa_id": contact.wa_id, "bsuid": contact.bsuid}
    result = await collection(Contact).update_one(
        unchanged, {"$set": {**changes, **STALE, "updated_at": utc_now()}}
    )
    if not result.matched_count:
        return  # a concurrent message of the customer set the fields
    await index_contact(contact.id)
    for name, value in changes.items():
        setattr(contact, name, value)
    await fill_user_phone(contact)


async def join_identities(
    contact: Contact,
    identities: Sequence[Identity],
    *,
    at: datetime | None = None,
    is_proven: bool = False,
) -> list[Identity]:
    """Adds missing identities; returns the given identities that belong to the contact afterwards.

    `at` is the time of a message from the contact: a number that another contact had until then
    moves here. `is_proven` means that Meta announced the change of identity.
    """
    joined = []
    for identity in identities:
        missing = [form for form in list_lookups(identity) if form not in contact.identities]
        if missing and not await _add_identities(contact, missing):
            combined = [*contact.identities, *identities]
            holders = await _list_holders(contact, identity)
            strangers = [holder for holder in holders if not names_same_person(holder, combined)]
            same = holders if is_proven else [held for held in holders if held not in strangers]
            await _mark_duplicates(contact, same)
            if at is None or is_proven or same or not await _take_number(identity, strangers, at):
                continue
            if not await _add_identities(contact, missing):
                continue
        joined.append(identity)
    return joined


async def _add_identities(contact: Contact, missing: Sequence[Identity]) -> bool:
    added = [{"kind": identity.kind.value, "value": identity.value} for identity in missing]
    update = {
        "$addToSet": {"identities": {"$each": added}},
        "$set": {"updated_at": utc_now(), **STALE},
    }
    try:
        await collection(Contact).update_one({"_id": contact.id}, update)
        await _apply_memory(contact, missing)
        await index_contact(contact.id)
    except DuplicateKeyError:
        kind = missing[0].kind.value
        logger.warning(
            "A %s of the contact belongs to another contact", kind, extra={"contact_id": contact.id}
        )
        return False
    contact.identities.extend(missing)
    return True


async def _apply_memory(contact: Contact, added: Sequence[Identity]) -> None:
    """Applies the memory of an erased contact that had one of the added identities."""
    erased = await find_erased(contact.account_id, added)
    if erased is None:
        return
    contacts = collection(Contact)
    await contacts.update_one({"_id": contact.id}, {"$max": {"erased_before": erased.erased_at}})
    if erased.marketing_opt_out:
        # A choice that the customer has made since is newer.
        undecided = {"_id": contact.id, "changed_at.marketing": None}
        await contacts.update_one(undecided, {"$set": {"marketing_opt_out": True}})


async def _list_holders(contact: Contact, identity: Identity) -> list[Contact]:
    contacts = await list_contacts(contact.account_id, [identity])
    return [holder for holder in contacts if holder.id != contact.id]


async def _take_number(identity: Identity, holders: Sequence[Contact], at: datetime) -> bool:
    """Takes a number from its former holders; returns False for other identities."""
    if identity.kind is not IdentityKind.WA_ID:
        return False
    for holder in holders:
        await release_from_holder(holder, identity, at=at)
    return True


async def _mark_duplicates(contact: Contact, others: Iterable[Contact]) -> None:
    """Marks contacts that a message showed to be one person, so that staff may merge them."""
    pairs = [pair for other in others for pair in ((contact.id, other.id), (other.id, contact.id))]
    full = f"duplicate_ids.{MAX_DUPLICATES - 1}"
    writes = [
        UpdateOne(
            {"_id": contact_id, "duplicate_ids": {"$ne": other_id}, full: {"$exists": False}},
            {"$addToSet": {"duplicate_ids": other_id}, "$set": {"updated_at": utc_now()}},
        )
        for contact_id, other_id in pairs
    ]
    if writes:
        await collection(Contact).bulk_write(writes, ordered=False)


@dataclass(frozen=True)
class ReportedIdentities:
    """The identities of a person in a report from Meta."""

    identities: Sequence[Identity] = ()
    contact_id: PydanticObjectId | None = None
    """The contact of the reported message."""
    is_contact: bool = True
    """False if the person may be another one, as in a report about a group member."""


NO_IDENTITIES = ReportedIdentities()


async def learn_reported_identities(
    account_id: PydanticObjectId, reports: Iterable[ReportedIdentities]
) -> None:
    """Adds reported identities to known contacts; creates no contacts.

    Costs one read, and writes only new identities.
    """
    useful = [report for report in reports if _is_useful(report)]
    if not useful:
        return
    known = await _list_known(account_id, useful)
    for report in useful:
        contact = _find_contact(report, known)
        if contact is not None and _adds_identities(contact, report.identities):
            await learn_identities(contact, report.identities)


def _is_useful(report: ReportedIdentities) -> bool:
    """Returns True if it links two identities, or an identity to a message's contact."""
    return len(report.identities) + (_get_contact_id(report) is not None) > 1


def _get_contact_id(report: ReportedIdentities) -> PydanticObjectId | None:
    return report.contact_id if report.is_contact else None


async def _list_known(
    account_id: PydanticObjectId, reports: Sequence[ReportedIdentities]
) -> list[Contact]:
    ids = {_get_contact_id(report) for report in reports} - {None}
    query = {"account_id": account_id, "_id": {"$in": list(ids)}}
    documents = await collection(Contact).find(query).to_list() if ids else []
    without_id = [report for report in reports if _get_contact_id(report) is None]
    identities = [identity for report in without_id for identity in report.identities]
    contacts = [from_bson(Contact, document) for document in documents]
    return contacts + await list_contacts(account_id, identities)


def _find_contact(report: ReportedIdentities, contacts: Sequence[Contact]) -> Contact | None:
    """Returns the message's contact, else a contact with an identity of the report."""
    contact_id = _get_contact_id(report)
    if contact_id is not None:
        return next((contact for contact in contacts if contact.id == contact_id), None)
    forms = list_identity_variants(report.identities)
    matching = (
        contact for contact in contacts if any(form in contact.identities for form in forms)
    )
    return next(
        (contact for contact in matching if names_same_person(contact, report.identities)), None
    )


def _adds_identities(contact: Contact, identities: Sequence[Identity]) -> bool:
    derived = derive_shown_fields(identities)
    is_joined = all(form in contact.identities for form in list_identity_variants(identities))
    return not is_joined or any(getattr(contact, name) is None for name in derived)
