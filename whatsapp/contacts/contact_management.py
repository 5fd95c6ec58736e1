"""Changes of contacts by staff: name, tags, attributes, linked user."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models import Contact, User
from models.database.base import collection, utc_now
from whatsapp.auth.access import Viewer, get_visible
from whatsapp.common.tags import add_tags, remove_tags
from whatsapp.common.values import check_attributes, check_tags, check_text
from whatsapp.contacts.attribute_keys import list_attribute_keys
from whatsapp.contacts.search_keys import STALE, index_contact
from whatsapp.contacts.users import get_user, unshare_user
from whatsapp.errors import NotFound, RefusalCollector


async def get_contact(viewer: Viewer, contact_id: PydanticObjectId) -> Contact:
    """Returns the contact; raises NotFound."""
    return await get_visible(Contact, viewer, contact_id, field="contactId")


async def update_contact(
    viewer: Viewer, contact_id: PydanticObjectId, *, changes: Mapping[str, Any]
) -> Contact:
    """Updates `name`, `tags`, `attributes` and `marketing_opt_out`, as named in `changes`.

    Raises:
        NotFound: the contact.
        InvalidInput: a value is malformed.
    """
    contact = await get_contact(viewer, contact_id)
    checked = dict(changes)
    with RefusalCollector() as collect:
        if "name" in checked:
            checked["name"] = collect(check_text, checked["name"], field="name")
        if "tags" in checked:
            checked["tags"] = collect(check_tags, checked["tags"])
        if "attributes" in checked:
            checked["attributes"] = collect(check_attributes, checked["attributes"])
    derived: dict[str, Any] = {}
    if "marketing_opt_out" in checked:
        # An earlier decision of the customer that arrives later must not override this.
        derived["changed_at.marketing"] = utc_now()
    if "attributes" in checked:
        derived["attribute_keys"] = list_attribute_keys(checked["attributes"])
    return await _update_contact(contact, checked, derived)


async def add_contact_tags(
    viewer: Viewer, contact_id: PydanticObjectId, tags: Iterable[str]
) -> Contact:
    """Adds tags to the contact and keeps those added concurrently.

    Raises:
        NotFound: the contact.
        InvalidInput: a tag is malformed, or there would be too many.
    """
    contact = await get_contact(viewer, contact_id)
    await add_tags(Contact, contact.id, tags)
    return await Contact.get(contact.id) or contact


async def remove_contact_tags(
    viewer: Viewer, contact_id: PydanticObjectId, tags: Iterable[str]
) -> Contact:
    """Removes tags from the contact.

    Raises:
        NotFound: the contact.
        InvalidInput: a tag is malformed.
    """
    contact = await get_contact(viewer, contact_id)
    await remove_tags(Contact, contact.id, tags)
    return await Contact.get(contact.id) or contact


async def set_contact_attributes(
    viewer: Viewer, contact_id: PydanticObjectId, attributes: Any
) -> Contact:
    """Sets these attributes of the contact and keeps the others.

    Raises:
        NotFound: the contact.
        InvalidInput: the attributes are malformed, or would be too large together.
    """
    contact = await get_contact(viewer, contact_id)
    given = check_attributes(attributes)
    return await _change_attributes(contact, lambda stored: check_attributes({**stored, **given}))


async def remove_contact_attributes(
    viewer: Viewer, contact_id: PydanticObjectId, names: Iterable[str]
) -> Contact:
    """Removes the attributes of these names from the contact.

    Those that are left may be too large, as after a merge.

    Raises:
        NotFound: the contact.
    """
    contact = await get_contact(viewer, contact_id)
    removed = set(names)
    return await _change_attributes(
        contact,
        lambda stored: {name: value for name, value in stored.items() if name not in removed},
    )


async def _change_attributes(
    contact: Contact, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> Contact:
    """Applies the change to the stored attributes, so that no concurrent change is lost."""

    async def write(session: AsyncClientSession) -> None:
        fields = await collection(Contact).find_one({"_id": contact.id}, session=session)
        if fields is None:
            raise NotFound("The contact", field=["contactId"])
        stored = fields.get("attributes") or {}
        changed = change(stored)
        # As JSON, in which 1 and true are different.
        if json.dumps(changed, sort_keys=True) == json.dumps(stored, sort_keys=True):
            return
        derived = {"attribute_keys": list_attribute_keys(changed), "updated_at": utc_now()}
        await collection(Contact).update_one(
            {"_id": contact.id}, {"$set": {"attributes": changed, **derived}}, session=session
        )

    async with collection(Contact).database.client.start_session() as session:
        await session.with_transaction(write)
    return await Contact.get(contact.id) or contact


async def link_contact(
    viewer: Viewer, contact_id: PydanticObjectId, user_id: PydanticObjectId
) -> Contact:
    """Links the contact to a user, replacing any other link.

    Raises:
        NotFound: the contact or the user.
    """
    contact = await get_contact(viewer, contact_id)
    await get_user(viewer, user_id)
    # Shared with the account first: its staff could not see a user linked before.
    await collection(User).update_one(
        {"_id": user_id}, {"$addToSet": {"account_ids": contact.account_id}}
    )
    linked = await _update_contact(contact, {"user_id": user_id, "unlinked_at": None})
    if contact.user_id not in (None, user_id):
        await unshare_user(contact.user_id, contact.account_id)
    return linked


async def unlink_contact(viewer: Viewer, contact_id: PydanticObjectId) -> Contact:
    """Removes the contact's user; later messages do not link one again.

    Raises:
        NotFound: the contact.
    """
    contact = await get_contact(viewer, contact_id)
    if contact.user_id is None and contact.unlinked_at is not None:
        return contact
    unlinked = await _update_contact(contact, {"user_id": None, "unlinked_at": utc_now()})
    if contact.user_id is not None:
        await unshare_user(contact.user_id, contact.account_id)
    return unlinked


async def _update_contact(
    contact: Contact, changes: Mapping[str, Any], extra: Mapping[str, Any] | None = None
) -> Contact:
    """Sets the changes and, only if they change anything, the extra fields."""
    stale = STALE if "name" in changes else {}
    if changes:
        await collection(Contact).update_one(
            {"_id": contact.id, "$nor": [dict(changes)]},
            {"$set": {**changes, **(extra or {}), **stale, "updated_at": utc_now()}},
        )
        if stale:
            await index_contact(contact.id)
    return await Contact.get(contact.id) or contact
