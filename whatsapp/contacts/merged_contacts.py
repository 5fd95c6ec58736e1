"""Contacts that were merged into others: which contact is left of them."""

from typing import Any

from beanie import PydanticObjectId

from models import Contact, ContactMerge
from models.database.base import collection, from_bson

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
