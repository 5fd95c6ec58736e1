"""Links contacts to users: found by phone or created, one user per phone."""

import logging
from collections.abc import Iterable
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Contact, User
from models.database.base import collection, match_workspace, to_bson, utc_now
from whatsapp.contacts.search_keys import STALE, derive_user_fields, index_user
from whatsapp.contacts.users import list_phone_forms, unshare_user

logger = logging.getLogger(__name__)

# Each further attempt means that the user was erased concurrently.
MAX_ATTEMPTS = 5


async def link_user(contact: Contact) -> Contact:
    """Links the contact to its user, unless staff unlinked it; returns the contact.

    Only for a contact who wrote: a message from staff does not prove who has the phone.
    """
    user_id = await _get_or_create_user(contact)
    await collection(Contact).update_one(
        {"_id": contact.id, "user_id": None, "unlinked_at": None},
        {"$set": {"user_id": user_id, "updated_at": utc_now()}},
    )
    linked = await Contact.get(contact.id)
    if linked is None:
        # The contact was erased concurrently, possibly before its user was created.
        await detach_user(contact.model_copy(update={"user_id": user_id}))
    return linked or contact


async def detach_user(contact: Contact) -> None:
    """Detaches the user from an erased contact.

    The account loses its access to the user unless another of its contacts is linked. Users of the
    contact or of its phone that no other contact is linked to are deleted, also if unlinked.
    """
    if contact.user_id is not None:
        await unshare_user(contact.user_id, contact.account_id, besides=contact.id)
    # A user has the id of the contact it was created for.
    keys: list[dict[str, Any]] = [{"_id": {"$in": [contact.user_id, contact.id]}}]
    if contact.phone_number is not None:
        phones = {"phone": {"$in": list_phone_forms(contact.phone_number)}}
        keys.append(match_workspace(contact.workspace_id) | phones)
    unshared = {"account_ids": {"$in": [[], [contact.account_id]]}}
    async for user in collection(User).find({**unshared, "$or": keys}, {"_id": 1}):
        other_contacts = {"user_id": user["_id"], "_id": {"$ne": contact.id}}
        if await collection(Contact).find_one(other_contacts, {"_id": 1}) is None:
            await collection(User).delete_one({"_id": user["_id"]})


async def fill_user_name(contact: Contact) -> None:
    """Sets the name of a user that was created without a name."""
    if contact.user_id is not None and contact.profile_name is not None:
        await collection(User).update_one(
            {"_id": contact.user_id, "from_contact": True, "name": None},
            {"$set": {"name": contact.profile_name, **STALE, "updated_at": utc_now()}},
        )
        await index_user(contact.user_id)


async def fill_user_phone(contact: Contact) -> None:
    """Sets the phone of a user that has none, unless another user has it."""
    await _set_phone(contact, replacing=None)


async def replace_user_phone(contact: Contact, *, former: str | None) -> None:
    """Replaces the user's former phone by the contact's new one, unless another user has it.

    A phone that was set by staff stays.
    """
    if former is not None:
        await _set_phone(contact, replacing={"$in": list_phone_forms(former)})


async def _set_phone(contact: Contact, *, replacing: Any) -> None:
    if contact.user_id is None or contact.phone_number is None:
        return
    holder = await _find_user(contact)
    if holder is not None and contact.account_id in holder["account_ids"]:
        return
    # Staff who can't see the other user must not notice it.
    scope = None if holder is None else str(contact.account_id)
    changes = {"phone": contact.phone_number, "phone_scope": scope}
    try:
        await collection(User).update_one(
            {"_id": contact.user_id, "from_contact": True, "phone": replacing},
            {"$set": {**changes, **STALE, "updated_at": utc_now()}},
        )
        await index_user(contact.user_id)
    except DuplicateKeyError:
        logger.info(
            "The phone of the contact belongs to another user", extra={"contact_id": contact.id}
        )


async def _get_or_create_user(contact: Contact) -> PydanticObjectId:
    for _ in range(MAX_ATTEMPTS):
        user = await _find_user(contact)
        user_id = user["_id"] if user else None
        if user_id is not None and await _is_former_owner(user_id, contact):
            user_id, contact = None, contact.model_copy(update={"phone_number": None})
        user_id = user_id or await _insert_user(contact)
        if user_id is None:
            continue
        result = await collection(User).update_one(
            {"_id": user_id}, {"$addToSet": {"account_ids": contact.account_id}}
        )
        if result.matched_count:
            return user_id
    raise RuntimeError(f"New users of contact {contact.id} were deleted {MAX_ATTEMPTS} times")


async def _is_former_owner(user_id: PydanticObjectId, contact: Contact) -> bool:
    """Returns True if the user with the contact's phone has another WhatsApp user id here."""
    if contact.bsuid is None:
        return False
    other_contacts = {
        "user_id": user_id,
        "account_id": contact.account_id,
        "_id": {"$ne": contact.id},
        "bsuid": {"$nin": [None, contact.bsuid]},
    }
    return await collection(Contact).find_one(other_contacts, {"_id": 1}) is not None


async def list_known_phones(workspace_id: PydanticObjectId, phones: Iterable[str]) -> set[str]:
    """Returns the phones that a user of the workspace has, in any form."""
    forms = {phone: list_phone_forms(phone) for phone in phones}
    if not forms:
        return set()
    query = match_workspace(workspace_id)
    query["phone"] = {"$in": [form for variants in forms.values() for form in variants]}
    known_phones = {user["phone"] async for user in collection(User).find(query, {"phone": 1})}
    return {phone for phone, variants in forms.items() if not known_phones.isdisjoint(variants)}


async def _find_user(contact: Contact) -> dict[str, Any] | None:
    """Returns the user with the contact's phone, preferring one whom the account's staff can see.

    A phone that staff of other accounts entered proves nothing.
    """
    if contact.phone_number is None:
        return None
    account_id, phones = contact.account_id, list_phone_forms(contact.phone_number)
    usable = [{"phone_scope": None}, {"account_ids": account_id}]
    query = match_workspace(contact.workspace_id) | {"phone": {"$in": phones}, "$or": usable}
    users = await collection(User).find(query, {"phone": 1, "account_ids": 1}).to_list()
    return min(
        users,
        key=lambda user: (account_id not in user["account_ids"], phones.index(user["phone"])),
        default=None,
    )


def make_user(contact: Contact) -> User:
    """Returns a new user with the contact's id, not stored yet."""
    return User(
        id=contact.id,
        workspace_id=contact.workspace_id,
        name=contact.profile_name,
        phone=contact.phone_number,
        account_ids=[contact.account_id],
        from_contact=True,
    )


async def _insert_user(contact: Contact) -> PydanticObjectId | None:
    """Inserts a user for this contact; returns None if another user got its phone concurrently.

    The user has the contact's id, so that concurrent inserts create a single user.
    """
    user = make_user(contact)
    fields = to_bson(user)
    fields |= derive_user_fields(fields)
    try:
        await collection(User).insert_one(fields)
    except DuplicateKeyError:
        exists = await collection(User).find_one({"_id": contact.id}, {"_id": 1})
        return contact.id if exists else None
    return user.id
