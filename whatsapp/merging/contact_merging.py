"""Merging of two contacts: one transaction for the documents, then their history in batches.

From the transaction on, messages under any identity of either contact find the surviving contact.
"""

from collections.abc import Mapping
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models import Contact, ContactMerge, Erasure, User
from models.database.base import collection, from_bson, to_bson, utc_now
from whatsapp.auth.access import Viewer, get_visible
from whatsapp.common.timeouts import Timeouts
from whatsapp.contacts.contacts import find_merge, find_survivor
from whatsapp.contacts.search_keys import STALE, derive_contact_fields, index_user
from whatsapp.contacts.users import unshare_user
from whatsapp.errors import InvalidInput, NotFound
from whatsapp.merging.merged_fields import combine_contacts, combine_users
from whatsapp.merging.merged_history import move_history

_INTO_FIELD = ["intoContactId"]


async def merge_contacts(
    viewer: Viewer,
    contact_id: PydanticObjectId,
    *,
    into_id: PydanticObjectId,
    wait_seconds: float = Timeouts.merge_wait_seconds,
) -> Contact:
    """Merges the contact into another contact of its account; returns the surviving contact.

    Irreversible. A repetition completes an interrupted merge, and changes nothing else.

    Raises:
        NotFound: one of the contacts.
        InvalidInput: they are the same contact, or belong to different accounts.
    """
    merge = await find_merge({"_id": contact_id, "into_id": into_id, **viewer.limit_accounts()})
    if merge is None:
        contact = await get_visible(Contact, viewer, contact_id, field="contactId")
        into = await get_visible(Contact, viewer, into_id, field=_INTO_FIELD[0])
        if contact.id == into.id:
            raise InvalidInput("The contacts are the same: choose another one.", field=_INTO_FIELD)
        if contact.account_id != into.account_id:
            raise InvalidInput(
                "The contacts belong to different accounts: choose two of the same account.",
                field=_INTO_FIELD,
            )
        merge = await _merge_documents(contact, into)
    await move_history(merge, wait_seconds=wait_seconds)
    # The contact may have been merged into a third one meanwhile.
    survivor = await find_survivor(into_id)
    if survivor is None:
        raise NotFound("The contact", field=_INTO_FIELD)
    return survivor


async def _merge_documents(contact: Contact, into: Contact) -> ContactMerge:
    async def write(session: AsyncClientSession) -> tuple[ContactMerge, PydanticObjectId | None]:
        return await _write_merge(session, contact.id, into.id)

    async with collection(Contact).database.client.start_session() as session:
        merge, user_id = await session.with_transaction(write)
    if user_id is not None:
        await index_user(user_id)
    for former in (contact.user_id, into.user_id):
        if former is not None and former != user_id:
            await unshare_user(former, contact.account_id)
    return merge


async def _write_merge(
    session: AsyncClientSession, contact_id: PydanticObjectId, into_id: PydanticObjectId
) -> tuple[ContactMerge, PydanticObjectId | None]:
    """Writes all documents that refer to the two contacts, in the transaction."""
    contact = await _read_contact(session, contact_id, ["contactId"])
    into = await _read_contact(session, into_id, _INTO_FIELD)
    user_id = await _combine_users(session, contact, into)
    changes = combine_contacts(into, contact) | {"user_id": user_id, "updated_at": utc_now()}
    if user_id is not None:
        changes["unlinked_at"] = None
    fields = {**to_bson(into), **changes}
    # Deleted first, because identities are unique.
    await collection(Contact).delete_one({"_id": contact.id}, session=session)
    await collection(Contact).update_one(
        {"_id": into.id}, {"$set": {**changes, **derive_contact_fields(fields)}}, session=session
    )
    await _replace_duplicate(session, contact, into)
    merge = ContactMerge(
        id=contact.id,
        workspace_id=into.workspace_id,
        account_id=into.account_id,
        into_id=into.id,
    )
    await collection(ContactMerge).insert_one(to_bson(merge), session=session)
    return merge, user_id


async def _read_contact(
    session: AsyncClientSession, contact_id: PydanticObjectId, field: list[str]
) -> Contact:
    document = await collection(Contact).find_one({"_id": contact_id}, session=session)
    erasing = await collection(Erasure).find_one({"_id": contact_id}, {"_id": 1}, session=session)
    if document is None or erasing is not None:
        raise NotFound("The contact", field=field)
    return from_bson(Contact, document)


async def _combine_users(
    session: AsyncClientSession, contact: Contact, into: Contact
) -> PydanticObjectId | None:
    """Returns the common user; deletes the other user if only these contacts have it."""
    if contact.user_id is None or into.user_id in (None, contact.user_id):
        return into.user_id or contact.user_id
    users = {key: await _read_user(session, key) for key in (into.user_id, contact.user_id)}
    kept, other = users[into.user_id], users[contact.user_id]
    if kept is None or other is None:
        return contact.user_id if kept is None and other is not None else into.user_id
    if kept.from_contact and not other.from_contact:
        kept, other = other, kept
    if await _is_unshared(session, other, contact, into):
        await collection(User).delete_one({"_id": other.id}, session=session)
        changes = combine_users(kept, other)
        update = {"$set": {**changes, **STALE, "updated_at": utc_now()}}
        await collection(User).update_one({"_id": kept.id}, update, session=session)
    return kept.id


async def _read_user(session: AsyncClientSession, user_id: PydanticObjectId) -> User | None:
    document = await collection(User).find_one({"_id": user_id}, session=session)
    return None if document is None else from_bson(User, document)


async def _is_unshared(
    session: AsyncClientSession, user: User, contact: Contact, into: Contact
) -> bool:
    if not user.from_contact or set(user.account_ids) - {into.account_id}:
        return False
    other_contacts = {"user_id": user.id, "_id": {"$nin": [contact.id, into.id]}}
    return await collection(Contact).find_one(other_contacts, {"_id": 1}, session=session) is None


async def _replace_duplicate(session: AsyncClientSession, contact: Contact, into: Contact) -> None:
    """Replaces the merged contact among the possible duplicates of other contacts."""
    other_duplicates = [other_id for other_id in contact.duplicate_ids if other_id != into.id]
    renamed: Mapping[str, Any] = {
        "$setUnion": [{"$setDifference": ["$duplicate_ids", [contact.id]]}, [into.id]]
    }
    await collection(Contact).update_many(
        {
            "_id": {"$in": other_duplicates},
            "account_id": into.account_id,
            "duplicate_ids": contact.id,
        },
        [{"$set": {"duplicate_ids": renamed}}],
        session=session,
    )
