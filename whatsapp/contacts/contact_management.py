"""Contacts as staff keep them: named, labelled, linked to a user."""

from collections.abc import Mapping
from typing import Any

from beanie import PydanticObjectId

from models import Contact, User
from models.database.base import collection, utc_now
from whatsapp.auth.access import Viewer
from whatsapp.common.values import check_attributes, check_tags, check_text
from whatsapp.contacts.search_keys import STALE, index_contact
from whatsapp.contacts.users import get_user, unshare_user
from whatsapp.errors import NotFound


async def get_contact(viewer: Viewer, contact_id: PydanticObjectId) -> Contact:
    """The contact.

    Raises:
        NotFound: it does not exist, or the viewer may not see it.
    """
    found = await Contact.find_one({"_id": contact_id, **viewer.limit_accounts()})
    if found is None:
        raise NotFound("The contact", field=["contactId"])
    return found


async def update_contact(
    viewer: Viewer, contact_id: PydanticObjectId, *, changes: Mapping[str, Any]
) -> Contact:
    """Changes those of `name`, `tags`, `attributes` and `marketing_opt_out` that are named.

    Raises:
        NotFound: the contact.
        InvalidInput: a value is malformed.
    """
    contact = await get_contact(viewer, contact_id)
    checked = dict(changes)
    if "name" in checked:
        checked["name"] = check_text(checked["name"], field="name")
    if "tags" in checked:
        checked["tags"] = check_tags(checked["tags"])
    if "attributes" in checked:
        checked["attributes"] = check_attributes(checked["attributes"])
    # A customer's own decision from before is void, should it come in only now.
    decided = {"changed_at.marketing": utc_now()} if "marketing_opt_out" in checked else None
    return await _change(contact, checked, decided)


async def link_contact(
    viewer: Viewer, contact_id: PydanticObjectId, user_id: PydanticObjectId
) -> Contact:
    """Says which person the contact is, in place of any other.

    Raises:
        NotFound: the contact or the user.
    """
    contact = await get_contact(viewer, contact_id)
    await get_user(viewer, user_id)
    # First the user is shared with the account: a link to somebody unseen would be of no use.
    await collection(User).update_one(
        {"_id": user_id}, {"$addToSet": {"account_ids": contact.account_id}}
    )
    linked = await _change(contact, {"user_id": user_id, "unlinked_at": None})
    if contact.user_id not in (None, user_id):
        await unshare_user(contact.user_id, contact.account_id)
    return linked


async def unlink_contact(viewer: Viewer, contact_id: PydanticObjectId) -> Contact:
    """Takes the person away; a later message does not bring one back.

    Raises:
        NotFound: the contact.
    """
    contact = await get_contact(viewer, contact_id)
    if contact.user_id is None and contact.unlinked_at is not None:
        return contact
    unlinked = await _change(contact, {"user_id": None, "unlinked_at": utc_now()})
    if contact.user_id is not None:
        await unshare_user(contact.user_id, contact.account_id)
    return unlinked


async def _change(
    contact: Contact, wanted: Mapping[str, Any], also: Mapping[str, Any] | None = None
) -> Contact:
    """Sets what is wanted and, only if that changes anything, what comes with it."""
    stale = STALE if "name" in wanted else {}
    if wanted:
        await collection(Contact).update_one(
            {"_id": contact.id, "$nor": [dict(wanted)]},
            {"$set": {**wanted, **(also or {}), **stale, "updated_at": utc_now()}},
        )
        if stale:
            await index_contact(contact.id)
    return await Contact.get(contact.id) or contact
