"""The user behind a contact: found by phone or made, never a second one for the same phone."""

import logging
from collections.abc import Iterable
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Contact, User
from models.database.base import collection, to_bson, utc_now
from whatsapp.contacts.search_keys import STALE, index_user, make_user_keys
from whatsapp.contacts.users import list_phone_forms, unshare_user

logger = logging.getLogger(__name__)

# Each further round means that the user found was erased in between.
MAX_ROUNDS = 5


async def link_user(contact: Contact) -> Contact:
    """The contact with its user linked, unless staff unlinked it in the meantime.

    Only for one who has written: what staff send to a phone proves nothing.
    """
    user_id = await _get_or_create_user(contact)
    await collection(Contact).update_one(
        {"_id": contact.id, "user_id": None, "unlinked_at": None},
        {"$set": {"user_id": user_id, "updated_at": utc_now()}},
    )
    linked = await Contact.get(contact.id)
    if linked is None:
        # Erased since it was found: whoever erased it may have looked for its user before this.
        await detach_user(contact.model_copy(update={"user_id": user_id}))
    return linked or contact


async def detach_user(contact: Contact) -> None:
    """Of a contact that is being erased, or is: takes its account's view of the user, and removes
    whomever a first message made and who is nobody else's, somebody unlinked too.
    """
    if contact.user_id is not None:
        await unshare_user(contact.user_id, contact.account_id, besides=contact.id)
    # A user has the id of the contact that it was made for.
    known_by: list[dict[str, Any]] = [{"_id": {"$in": [contact.user_id, contact.id]}}]
    if contact.phone_number is not None:
        known_by.append({"phone": contact.phone_number})
    unshared = {"from_contact": True, "account_ids": {"$in": [[], [contact.account_id]]}}
    async for user in collection(User).find({**unshared, "$or": known_by}, {"_id": 1}):
        others = {"user_id": user["_id"], "_id": {"$ne": contact.id}}
        if await collection(Contact).find_one(others, {"_id": 1}) is None:
            await collection(User).delete_one({"_id": user["_id"]})


async def fill_user_name(contact: Contact) -> None:
    """Names a user that was made before anybody knew the customer's name."""
    if contact.user_id is not None and contact.profile_name is not None:
        await collection(User).update_one(
            {"_id": contact.user_id, "from_contact": True, "name": None},
            {"$set": {"name": contact.profile_name, **STALE, "updated_at": utc_now()}},
        )
        await index_user(contact.user_id)


async def fill_user_phone(contact: Contact) -> None:
    """Gives the user the phone that has become known, unless it is another user's."""
    await _give_phone(contact, instead_of=None)


async def replace_user_phone(contact: Contact, *, former: str | None) -> None:
    """Gives the user the contact's new phone, if theirs is the former one and nobody has the new.

    A user whose phone staff have set keeps it.
    """
    if former is not None:
        await _give_phone(contact, instead_of={"$in": list_phone_forms(former)})


async def _give_phone(contact: Contact, *, instead_of: Any) -> None:
    if contact.user_id is None or contact.phone_number is None:
        return
    holder = await _find_user(contact.phone_number, contact.account_id)
    if holder is not None and contact.account_id in holder["account_ids"]:
        return
    # Whoever can't see the other user must not notice it.
    scope = None if holder is None else str(contact.account_id)
    shown = {"phone": contact.phone_number, "phone_scope": scope}
    try:
        await collection(User).update_one(
            {"_id": contact.user_id, "from_contact": True, "phone": instead_of},
            {"$set": {**shown, **STALE, "updated_at": utc_now()}},
        )
        await index_user(contact.user_id)
    except DuplicateKeyError:
        logger.info("The phone of contact %s already belongs to another user", contact.id)


async def _get_or_create_user(contact: Contact) -> PydanticObjectId:
    for _ in range(MAX_ROUNDS):
        user = await _find_user(contact.phone_number, contact.account_id)
        user_id = user["_id"] if user else None
        if user_id is not None and await _is_of_former_owner(user_id, contact):
            user_id, contact = None, contact.model_copy(update={"phone_number": None})
        user_id = user_id or await _insert_user(contact)
        if user_id is None:
            continue
        seen = await collection(User).update_one(
            {"_id": user_id}, {"$addToSet": {"account_ids": contact.account_id}}
        )
        if seen.matched_count:
            return user_id
    raise RuntimeError(f"The user of contact {contact.id} vanished again and again")


async def _is_of_former_owner(user_id: PydanticObjectId, contact: Contact) -> bool:
    """Whether the user with the contact's phone is known here under another user id."""
    if contact.bsuid is None:
        return False
    others = {
        "user_id": user_id,
        "account_id": contact.account_id,
        "_id": {"$ne": contact.id},
        "bsuid": {"$nin": [None, contact.bsuid]},
    }
    return await collection(Contact).find_one(others, {"_id": 1}) is not None


async def list_known_phones(phones: Iterable[str]) -> set[str]:
    """Those of the phones that some user has, in whatever form."""
    forms = {phone: list_phone_forms(phone) for phone in phones}
    if not forms:
        return set()
    query = {"phone": {"$in": [form for some in forms.values() for form in some]}}
    found = {user["phone"] async for user in collection(User).find(query, {"phone": 1})}
    return {phone for phone, some in forms.items() if not found.isdisjoint(some)}


async def _find_user(phone: str | None, account_id: PydanticObjectId) -> dict[str, Any] | None:
    """The user with this phone whom a contact of the account may be linked to: first one that its
    staff see already. A phone that staff of other accounts entered proves nothing.
    """
    if phone is None:
        return None
    phones = list_phone_forms(phone)
    usable = [{"phone_scope": None}, {"account_ids": account_id}]
    query = {"phone": {"$in": phones}, "$or": usable}
    found = await collection(User).find(query, {"phone": 1, "account_ids": 1}).to_list()
    return min(
        found,
        key=lambda user: (account_id not in user["account_ids"], phones.index(user["phone"])),
        default=None,
    )


def make_user(contact: Contact) -> User:
    """The user of a contact that has none, not stored yet: it gets the contact's own id."""
    return User(
        id=contact.id,
        name=contact.profile_name,
        phone=contact.phone_number,
        account_ids=[contact.account_id],
        from_contact=True,
    )


async def _insert_user(contact: Contact) -> PydanticObjectId | None:
    """The user made for this contact, or None if its phone has just become another user's.

    It gets the contact's own id: made twice for a contact without a phone, it is still one.
    """
    user = make_user(contact)
    fields = to_bson(user)
    fields["search_keys"] = make_user_keys(fields)
    try:
        await collection(User).insert_one(fields)
    except DuplicateKeyError:
        is_made = await collection(User).find_one({"_id": contact.id}, {"_id": 1})
        return contact.id if is_made else None
    return user.id
