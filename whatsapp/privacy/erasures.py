"""Erasure of a contact: requested once, finished by whichever process is there."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Contact, Conversation, Erasure, PendingUpdate
from models.database.base import collection, from_bson, to_bson, utc_now
from models.database.bulk_writes import delete_in_batches
from whatsapp.auth.access import Viewer
from whatsapp.contacts.contact_management import get_contact
from whatsapp.contacts.user_linking import detach_user
from whatsapp.merging.merged_history import finish_merges_into
from whatsapp.messages.removal import remove_conversations_with_messages

logger = logging.getLogger(__name__)

CONTINUED_AT_ONCE = 100
# An erasure that is so old has lost its process, or is so large that help does no harm.
ABANDONED = timedelta(minutes=1)


async def erase_contact(viewer: Viewer, contact_id: PydanticObjectId) -> None:
    """Removes everything the customer wrote and was written, and who they are.

    After a crash `finish_erasures` of any process continues it.

    Raises:
        NotFound: it does not exist, or the viewer may not see it.
    """
    contact = await get_contact(viewer, contact_id)
    await finish_merges_into(contact)
    erasure = Erasure(
        id=contact.id,
        contact=to_bson(contact),
        conversation_ids=await _list_conversations(contact),
    )
    with suppress(DuplicateKeyError):  # somebody erases it already
        await erasure.insert()
    await _finish_erasure(erasure)


async def finish_erasures() -> None:
    """Continues the erasures whose process has ended."""
    left = {"requested_at": {"$lt": utc_now() - ABANDONED}}
    for erasure in await Erasure.find(left).sort("requested_at").limit(CONTINUED_AT_ONCE).to_list():
        logger.info("Continuing the erasure of contact %s", erasure.id)
        await _finish_erasure(erasure)


async def _finish_erasure(erasure: Erasure) -> None:
    contact = from_bson(Contact, erasure.contact)
    await _erase_conversations(contact, erasure.conversation_ids)
    await detach_user(contact)
    fields = await collection(Contact).find_one_and_delete({"_id": contact.id})
    # What came in meanwhile had found the contact, and would outlive it.
    await _erase_conversations(contact, erasure.conversation_ids)
    await detach_user(from_bson(Contact, fields) if fields else contact)
    await collection(Erasure).delete_one({"_id": erasure.id})


async def _erase_conversations(contact: Contact, known: Sequence[PydanticObjectId]) -> None:
    """Removes what was said with the contact, in these conversations and any newer one."""
    found = await _list_conversations(contact)
    await remove_conversations_with_messages(contact.account_id, list({*known, *found}))
    # What the customer said about messages that never came has an author, and may quote them.
    await delete_in_batches(PendingUpdate, {"change.contact_id": contact.id})


async def _list_conversations(contact: Contact) -> list[PydanticObjectId]:
    of_contact = {"account_id": contact.account_id, "contact_id": contact.id}
    return await collection(Conversation).distinct("_id", of_contact)
