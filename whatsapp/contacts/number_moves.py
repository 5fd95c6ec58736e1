"""Moves of a number to another contact: the former holder and its user lose it."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from models import Contact, Conversation, Identity, IdentityKind, User
from models.database.base import collection, from_bson, utc_now
from whatsapp.contacts.identities import list_lookups
from whatsapp.contacts.search_keys import STALE, index_contact, index_user

logger = logging.getLogger(__name__)


async def release_numbers(
    contact: Contact, identities: Iterable[Identity], *, at: datetime
) -> None:
    """Takes the numbers among these identities from other contacts of the account.

    A contact keeps its number if it wrote since `at`, or if it has no other identity: it may be the
    same person, and contacts are not merged here.
    """
    for identity in identities:
        if identity.kind is not IdentityKind.WA_ID:
            continue
        variants = list_lookups(identity)
        values = [variant.value for variant in variants]
        query = {
            "account_id": contact.account_id,
            "_id": {"$ne": contact.id},
            "identities": {"$elemMatch": {"kind": identity.kind.value, "value": {"$in": values}}},
        }
        for fields in await collection(Contact).find(query).to_list():
            await _release_numbers(from_bson(Contact, fields), variants, at)


async def release_from_holder(holder: Contact, *identities: Identity, at: datetime) -> None:
    """Takes the numbers among these identities from this contact; see `release_numbers`."""
    for identity in identities:
        if identity.kind is IdentityKind.WA_ID:
            await _release_numbers(holder, list_lookups(identity), at)


async def _release_numbers(holder: Contact, numbers: Sequence[Identity], at: datetime) -> None:
    elements = [{"kind": number.kind.value, "value": number.value} for number in numbers]
    if all(identity in numbers for identity in holder.identities) or await _wrote_since(holder, at):
        logger.warning(
            "A moved number stays with its contact: it may be the same person",
            extra={"contact_id": holder.id},
        )
        return
    values = [number.value for number in numbers]
    is_shown = {"$in": ["$wa_id", values]}
    kept = {"$not": [{"$in": ["$$this", elements]}]}
    await collection(Contact).update_one(
        # Other identities may be taken concurrently; at least one must be left.
        {"_id": holder.id, "identities": {"$elemMatch": {"$nor": elements}}},
        [
            {
                "$set": {
                    "identities": {"$filter": {"input": "$identities", "as": "this", "cond": kept}},
                    "wa_id": {"$cond": [is_shown, None, "$wa_id"]},
                    "phone_number": {"$cond": [is_shown, None, "$phone_number"]},
                    "updated_at": utc_now(),
                    **STALE,
                }
            }
        ],
    )
    await index_contact(holder.id)
    await collection(User).update_one(
        {
            "_id": holder.user_id,
            "from_contact": True,
            "phone": {"$in": [f"+{value}" for value in values]},
        },
        {"$set": {"phone": None, **STALE, "updated_at": utc_now()}},
    )
    if holder.user_id is not None:
        await index_user(holder.user_id)


async def _wrote_since(holder: Contact, at: datetime) -> bool:
    query = {
        "account_id": holder.account_id,
        "contact_id": holder.id,
        "last_inbound_at": {"$gt": at},
    }
    return await collection(Conversation).find_one(query, {"_id": 1}) is not None
