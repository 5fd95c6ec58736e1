"""The identities of a contact: joined where Meta states that they are one person's.

No contacts are merged here: an identity of another contact stays there, and both are noted as
possible duplicates. A number alone proves nothing where the user ids differ: it may be recycled.
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
from whatsapp.contacts.identities import list_lookups, normalize_phone
from whatsapp.contacts.number_moves import release_from_holder
from whatsapp.contacts.search_keys import STALE, index_contact
from whatsapp.contacts.user_linking import fill_user_phone

logger = logging.getLogger(__name__)

MAX_DUPLICATES = 10


def names_same_person(contact: Contact, identities: Iterable[Identity]) -> bool:
    """Returns False if these identities name somebody else than the contact.

    WhatsApp gives each person one user id per business; it changes with an announcement only. A
    parent id outlives such changes.
    """
    known, stated = contact.identities, list(identities)
    known_ids, stated_ids = (_list_values(some, IdentityKind.BSUID) for some in (known, stated))
    if not known_ids or not stated_ids or known_ids & stated_ids:
        return True
    parents = (_list_values(some, IdentityKind.PARENT_BSUID) for some in (known, stated))
    return bool(set.intersection(*parents))


def _list_values(identities: Iterable[Identity], kind: IdentityKind) -> set[str]:
    return {one.value for one in identities if one.kind is kind}


def make_identities_query(
    account_id: PydanticObjectId, identities: Sequence[Identity]
) -> dict[str, Any]:
    """The filter of the contacts that have one of these identities; at least one is needed."""
    values: dict[str, list[str]] = {}
    for identity in identities:
        for lookup in list_lookups(identity):
            values.setdefault(lookup.kind.value, []).append(lookup.value)
    elements = [{"kind": kind, "value": {"$in": found}} for kind, found in values.items()]
    return {
        "$or": [
            {"account_id": account_id, "identities": {"$elemMatch": element}}
            for element in elements
        ]
    }


async def list_contacts(
    account_id: PydanticObjectId, identities: Sequence[Identity]
) -> list[Contact]:
    """All contacts that have one of these identities, of however many persons."""
    if not identities:
        return []
    query = make_identities_query(account_id, identities)
    return [from_bson(Contact, fields) async for fields in collection(Contact).find(query)]


def list_identity_variants(identities: Iterable[Identity]) -> list[Identity]:
    """Both forms of a phone are stored, so that the unique index refuses a second contact for
    the other form even when both arrive at the same moment.
    """
    variants: list[Identity] = []
    for identity in identities:
        variants += [one for one in list_lookups(identity) if one not in variants]
    return variants


def derive_shown_fields(identities: Iterable[Identity]) -> dict[str, Any]:
    """The fields of a contact that show these identities."""
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
    """Joins what Meta states in passing about the contact, in place, and shows what was unknown.

    What the customer's own messages show is surer, and stays.
    """
    if not names_same_person(contact, identities):
        logger.info("A user id of contact %s differs from the stated one", contact.id)
        return
    shown = derive_shown_fields(await join_identities(contact, identities))
    for number in ("wa_id", "phone_number") if contact.wa_id and contact.profile_at else ():
        shown.pop(number, None)
    if contact.bsuid and contact.profile_at:
        shown.pop("bsuid", None)
    if all(getattr(contact, name) == value for name, value in shown.items()):
        return
    as_read = {"_id": contact.id, "wa_id": contact.wa_id, "bsuid": contact.bsuid}
    done = await collection(Contact).update_one(
        as_read, {"$set": {**shown, **STALE, "updated_at": utc_now()}}
    )
    if not done.matched_count:
        return  # a message of the customer told more at this very moment
    await index_contact(contact.id)
    for name, value in shown.items():
        setattr(contact, name, value)
    await fill_user_phone(contact)


async def join_identities(
    contact: Contact,
    identities: Sequence[Identity],
    *,
    at: datetime | None = None,
    is_proven: bool = False,
) -> list[Identity]:
    """Adds what is missing; returns those of the given that are this contact's afterwards.

    `at` is the time of a message from the contact itself: a number that somebody else had until
    then is theirs from now on. `is_proven` says that Meta announced the change of identity.
    """
    joined = []
    for identity in identities:
        missing = [one for one in list_lookups(identity) if one not in contact.identities]
        if missing and not await _add(contact, missing):
            stated = [*contact.identities, *identities]
            holders = await _list_holders(contact, identity)
            others = [one for one in holders if not names_same_person(one, stated)]
            same = holders if is_proven else [one for one in holders if one not in others]
            await _note_duplicates(contact, same)
            if at is None or is_proven or same or not await _take(identity, others, at):
                continue
            if not await _add(contact, missing):
                continue
        joined.append(identity)
    return joined


async def _add(contact: Contact, missing: Sequence[Identity]) -> bool:
    added = [{"kind": one.kind.value, "value": one.value} for one in missing]
    update = {
        "$addToSet": {"identities": {"$each": added}},
        "$set": {"updated_at": utc_now(), **STALE},
    }
    try:
        await collection(Contact).update_one({"_id": contact.id}, update)
        await index_contact(contact.id)
    except DuplicateKeyError:
        kind = missing[0].kind.value
        logger.warning("A %s of contact %s belongs to another contact", kind, contact.id)
        return False
    contact.identities.extend(missing)
    return True


async def _list_holders(contact: Contact, identity: Identity) -> list[Contact]:
    found = await list_contacts(contact.account_id, [identity])
    return [one for one in found if one.id != contact.id]


async def _take(identity: Identity, holders: Sequence[Contact], at: datetime) -> bool:
    """Takes a number from those who had it before; returns False for other identities."""
    if identity.kind is not IdentityKind.WA_ID:
        return False
    for holder in holders:
        await release_from_holder(holder, identity, at=at)
    return True


async def _note_duplicates(contact: Contact, others: Iterable[Contact]) -> None:
    """One message proved that they are one person: staff may merge them."""
    pairs = [pair for other in others for pair in ((contact.id, other.id), (other.id, contact.id))]
    full = f"duplicate_ids.{MAX_DUPLICATES - 1}"
    writes = [
        UpdateOne(
            {"_id": one, "duplicate_ids": {"$ne": other}, full: {"$exists": False}},
            {"$addToSet": {"duplicate_ids": other}, "$set": {"updated_at": utc_now()}},
        )
        for one, other in pairs
    ]
    if writes:
        await collection(Contact).bulk_write(writes, ordered=False)


@dataclass(frozen=True)
class ReportedIdentities:
    """The identities of one person, as one report names them."""

    identities: Sequence[Identity] = ()
    contact_id: PydanticObjectId | None = None
    """The contact of the message that the report is about."""
    is_contact: bool = True
    """Whether the person is that contact; a report from a group is about one of its members."""


NO_IDENTITIES = ReportedIdentities()


async def learn_reported_identities(
    account_id: PydanticObjectId, reports: Iterable[ReportedIdentities]
) -> None:
    """Teaches the contacts what the reports state; a report of somebody unknown makes no contact.

    Costs one read, and writes only where something is new.
    """
    useful = [one for one in reports if _is_useful(one)]
    if not useful:
        return
    known = await _list_known(account_id, useful)
    for report in useful:
        contact = _find(report, known)
        if contact is not None and _is_news(contact, report.identities):
            await learn_identities(contact, report.identities)


def _is_useful(report: ReportedIdentities) -> bool:
    """Whether it joins two identities, or one with the contact of a message."""
    return len(report.identities) + (_get_contact_id(report) is not None) > 1


def _get_contact_id(report: ReportedIdentities) -> PydanticObjectId | None:
    return report.contact_id if report.is_contact else None


async def _list_known(
    account_id: PydanticObjectId, reports: Sequence[ReportedIdentities]
) -> list[Contact]:
    ids = {_get_contact_id(one) for one in reports} - {None}
    query = {"account_id": account_id, "_id": {"$in": list(ids)}}
    found = await collection(Contact).find(query).to_list() if ids else []
    unnamed = [one for one in reports if _get_contact_id(one) is None]
    named = [identity for one in unnamed for identity in one.identities]
    return [from_bson(Contact, one) for one in found] + await list_contacts(account_id, named)


def _find(report: ReportedIdentities, contacts: Sequence[Contact]) -> Contact | None:
    """The message's contact, else the one that has an identity of the report."""
    contact_id = _get_contact_id(report)
    if contact_id is not None:
        return next((one for one in contacts if one.id == contact_id), None)
    forms = list_identity_variants(report.identities)
    named = [one for one in contacts if any(form in one.identities for form in forms)]
    return next((one for one in named if names_same_person(one, report.identities)), None)


def _is_news(contact: Contact, identities: Sequence[Identity]) -> bool:
    shown = derive_shown_fields(identities)
    is_joined = all(one in contact.identities for one in list_identity_variants(identities))
    return not is_joined or any(getattr(contact, name) is None for name in shown)
