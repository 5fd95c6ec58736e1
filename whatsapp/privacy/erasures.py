"""Erasure of contacts: requested once, and continued by any process after a crash."""

import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import timedelta

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Contact, ContactMerge, Conversation, Erasure, PendingUpdate
from models.database.base import collection, from_bson, to_bson, utc_now
from models.database.bulk_writes import delete_in_batches
from whatsapp.auth.access import Viewer
from whatsapp.contacts.contact_management import get_contact
from whatsapp.contacts.user_linking import detach_user
from whatsapp.merging.merged_history import finish_merges_into
from whatsapp.messages.removal import remove_conversations_with_messages
from whatsapp.privacy.erasure_log import ErasedKind, ErasureLog

logger = logging.getLogger(__name__)

CONTINUED_AT_ONCE = 100
# An older erasure has probably lost its process; working on it twice is harmless.
ABANDONED = timedelta(minutes=1)


async def erase_contact(viewer: Viewer, contact_id: PydanticObjectId, log: ErasureLog) -> None:
    """Removes the contact with all messages from and to the customer.

    `finish_erasures` continues it after a crash.

    Raises:
        NotFound: it does not exist, or the viewer may not see it.
        ErasureLogUnavailable: nothing is removed yet; `finish_erasures` continues it.
    """
    await _erase(await get_contact(viewer, contact_id), log)


async def erase_again(contact_ids: Collection[PydanticObjectId], log: ErasureLog) -> int:
    """Erases those of the contacts that exist, after a restore. Returns their number."""
    contacts = await Contact.find({"_id": {"$in": list(contact_ids)}}).to_list()
    for contact in contacts:
        await _erase(contact, log)
    return len(contacts)


async def finish_erasures(log: ErasureLog) -> None:
    """Continues erasures whose process has ended."""
    old = {"requested_at": {"$lt": utc_now() - ABANDONED}}
    for erasure in await Erasure.find(old).sort("requested_at").limit(CONTINUED_AT_ONCE).to_list():
        logger.info("Continuing the erasure of a contact", extra={"contact_id": erasure.id})
        await _finish_erasure(erasure, log)


async def list_erased_contacts() -> list[PydanticObjectId]:
    """Returns the ids of contacts whose messages are being erased."""
    return [erasure["_id"] async for erasure in collection(Erasure).find({}, {"_id": 1})]


async def _erase(contact: Contact, log: ErasureLog) -> None:
    await finish_merges_into(contact)
    erasure = Erasure(
        id=contact.id,
        contact=to_bson(contact),
        conversation_ids=await _list_conversations(contact),
    )
    with suppress(DuplicateKeyError):  # the erasure is already under way
        await erasure.insert()
    await _finish_erasure(erasure, log)


async def _finish_erasure(erasure: Erasure, log: ErasureLog) -> None:
    contact = from_bson(Contact, erasure.contact)
    # A backup may have the contacts that were merged into it later.
    await log.record(ErasedKind.CONTACT, [contact.id, *await _list_merged(contact)])
    await _erase_conversations(contact, erasure.conversation_ids)
    await detach_user(contact)
    fields = await collection(Contact).find_one_and_delete({"_id": contact.id})
    # Messages that arrived meanwhile may have been stored for the contact.
    await _erase_conversations(contact, erasure.conversation_ids)
    await detach_user(from_bson(Contact, fields) if fields else contact)
    await collection(Erasure).delete_one({"_id": erasure.id})


async def _list_merged(contact: Contact) -> list[PydanticObjectId]:
    """Returns the ids of all contacts that were merged into the contact."""
    merged: list[PydanticObjectId] = []
    newest = [contact.id]
    while newest:
        into = {"account_id": contact.account_id, "into_id": {"$in": newest}}
        newest = await collection(ContactMerge).distinct("_id", into)
        merged += newest
    return merged


async def _erase_conversations(contact: Contact, known: Sequence[PydanticObjectId]) -> None:
    """Removes the messages of these and all newer conversations with the contact."""
    current = await _list_conversations(contact)
    await remove_conversations_with_messages(contact.account_id, list({*known, *current}))
    # Pending updates name their author and may quote messages.
    await delete_in_batches(PendingUpdate, {"change.contact_id": contact.id})


async def _list_conversations(contact: Contact) -> list[PydanticObjectId]:
    of_contact = {"account_id": contact.account_id, "contact_id": contact.id}
    return await collection(Conversation).distinct("_id", of_contact)
