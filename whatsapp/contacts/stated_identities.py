"""What Meta states in passing: under which names it knows the customer that a report is about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from beanie import PydanticObjectId

from models import Contact, Identity
from models.database.base import collection, from_bson
from whatsapp.contacts.contact_identities import (
    derive_shown_fields,
    learn_identities,
    list_contacts,
    list_identity_variants,
    names_same_person,
)


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
