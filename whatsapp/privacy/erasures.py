"""Erasure of contacts: requested once, and continued by any process after a crash."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError, PyMongoError

from models import Contact, ContactMerge, Conversation, Erasure, PendingUpdate
from models.database.base import collection, from_bson, to_bson, utc_now
from models.database.bulk_writes import delete_in_batches
from telemetry.log_lines import describe_bug
from whatsapp.auth.access import Viewer
from whatsapp.common.erased_people import remember_people
from whatsapp.common.people import get_people_digests
from whatsapp.contacts.contact_identities import list_identity_variants
from whatsapp.contacts.contact_management import get_contact
from whatsapp.contacts.user_linking import detach_user
from whatsapp.errors import NotFound
from whatsapp.exports.exports import delete_exports
from whatsapp.merging.merged_history import finish_merges_into
from whatsapp.messages.removal import remove_conversations_with_messages
from whatsapp.privacy.erasure_log import ErasedTraces, ErasureLog, ErasureLogUnavailable
from whatsapp.privacy.people_index import index_people
from whatsapp.privacy.traces import erase_traces, is_being_processed, remove_reactions

logger = logging.getLogger(__name__)

CONTINUED_AT_ONCE = 100
# An older erasure has probably lost its process; working on it twice is harmless.
ABANDONED = timedelta(minutes=1)
POLL_SECONDS = 0.05


async def erase_contact(
    viewer: Viewer, contact_id: PydanticObjectId, log: ErasureLog, *, wait_seconds: float = 0.0
) -> None:
    """Removes the contact with all that is stored about the customer.

    `finish_erasures` continues it after a crash, and if webhooks about the customer are still
    being processed after `wait_seconds`.

    Raises:
        NotFound: it does not exist, or the viewer may not see it.
        ErasureLogUnavailable: nothing is removed yet; `finish_erasures` continues it.
    """
    try:
        erasure = await _request(await get_contact(viewer, contact_id))
    except NotFound:
        # An interrupted erasure may have removed the contact already.
        unfinished = await Erasure.get(contact_id)
        if unfinished is None or not viewer.can_see(_read_contact(unfinished)):
            raise
        erasure = unfinished
    if not await _finish_erasure(erasure, log):
        try:
            async with asyncio.timeout(wait_seconds):
                await _wait_for_webhooks(erasure)
        except TimeoutError:
            logger.info("Webhooks delay an erasure", extra={"contact_id": contact_id})
        else:
            await _finish_erasure(erasure, log)


async def _wait_for_webhooks(erasure: Erasure) -> None:
    traces = _describe_traces(_read_contact(erasure), erasure)
    while await is_being_processed(traces):  # noqa: ASYNC110 - by another process, too
        await asyncio.sleep(POLL_SECONDS)


async def erase_again(contact_ids: Sequence[PydanticObjectId], log: ErasureLog) -> int:
    """Erases the contacts that exist again after a restore, and the traces of all of them.

    Returns the number of contacts.
    """
    # First, since the repetition writes to the log.
    logged = await log.read_traces(contact_ids)
    contacts = await Contact.find({"_id": {"$in": list(contact_ids)}}).to_list()
    for contact in contacts:
        await _finish_erasure(await _request(contact, logged.get(contact.id)), log)
    for traces in logged.values():
        await index_people()
        await _erase_all_traces(traces)
    return len(contacts)


async def finish_erasures(log: ErasureLog) -> None:
    """Continues erasures whose process has ended."""
    old = {"requested_at": {"$lt": utc_now() - ABANDONED}}
    for erasure in await Erasure.find(old).sort("requested_at").limit(CONTINUED_AT_ONCE).to_list():
        logger.info("Continuing the erasure of a contact", extra={"contact_id": erasure.id})
        try:
            await _finish_erasure(erasure, log)
        except (PyMongoError, ErasureLogUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - a bug with one must not delay the others
            logger.error("The erasure of a contact failed: %s", describe_bug(error))


async def list_erased_contacts() -> list[PydanticObjectId]:
    """Returns the ids of contacts whose messages are being erased."""
    return [erasure["_id"] async for erasure in collection(Erasure).find({}, {"_id": 1})]


async def _request(contact: Contact, logged: ErasedTraces | None = None) -> Erasure:
    """Stores the request; returns an earlier one if the erasure is already under way.

    `logged` is the entry of the erasure log that is repeated.
    """
    await finish_merges_into(contact)
    erasure = Erasure(
        id=contact.id,
        workspace_id=contact.workspace_id,
        contact=to_bson(contact),
        conversation_ids=await _list_conversations(contact),
    )
    if logged is not None:
        erasure.erased_at = logged.erased_at
        erasure.people = list(logged.people)
        erasure.marketing_opt_out = logged.marketing_opt_out
    with suppress(DuplicateKeyError):
        await erasure.insert()
    return await Erasure.get(contact.id) or erasure


async def _finish_erasure(erasure: Erasure, log: ErasureLog) -> bool:
    """Repeats all steps; returns False if webhooks about the customer are being processed."""
    contact = await _remove_contact(erasure, log)
    traces = _describe_traces(contact, erasure)
    # Looked for first: their processing may store what the steps below remove.
    is_delayed = await is_being_processed(traces)
    await _erase_conversations(contact, erasure)
    await index_people()
    await _erase_all_traces(traces)
    await remove_reactions(contact)
    # Messages that arrived meanwhile may have been stored for the contact.
    await _erase_conversations(contact, erasure)
    await detach_user(contact)
    if is_delayed:
        return False
    # The merges lead to the contact, so they are removed when nothing else is left.
    await collection(ContactMerge).delete_many({"_id": {"$in": await _list_merged(contact)}})
    await collection(Erasure).delete_one({"_id": erasure.id})
    return True


async def _remove_contact(erasure: Erasure, log: ErasureLog) -> Contact:
    """Removes the contact, once its last state is remembered; returns that state."""
    while (fields := await collection(Contact).find_one({"_id": erasure.id})) is not None:
        contact = from_bson(Contact, fields)
        erasure.contact, erasure.requested_at = fields, utc_now()
        changes = {"contact": fields, "requested_at": erasure.requested_at}
        await collection(Erasure).update_one({"_id": erasure.id}, {"$set": changes})
        await _remember(contact, erasure, log)
        # Before the contact, so that its next message finds no user with old data.
        await detach_user(contact)
        remembered = ("_id", "identities", "marketing_opt_out")
        unchanged = {name: fields.get(name) for name in remembered}
        if (await collection(Contact).delete_one(unchanged)).deleted_count:
            return contact
    contact = _read_contact(erasure)
    await _remember(contact, erasure, log)
    return contact


async def _remember(contact: Contact, erasure: Erasure, log: ErasureLog) -> None:
    traces = _describe_traces(contact, erasure)
    # A backup may have the contacts that were merged into it later.
    for contact_id in (*await _list_merged(contact), contact.id):
        await log.record_contact(contact_id, traces)
    await _remember_people(traces)


async def _remember_people(traces: ErasedTraces) -> None:
    await remember_people(
        traces.account_id,
        traces.people,
        erased_at=traces.erased_at,
        marketing_opt_out=traces.marketing_opt_out,
    )


async def _erase_all_traces(traces: ErasedTraces) -> None:
    await _remember_people(traces)
    await erase_traces(traces)


def _read_contact(erasure: Erasure) -> Contact:
    return from_bson(Contact, erasure.contact)


def _describe_traces(contact: Contact, erasure: Erasure) -> ErasedTraces:
    forms = list_identity_variants(contact.identities)
    people = get_people_digests().digest_all(identity.value for identity in forms)
    return ErasedTraces(
        account_id=contact.account_id,
        people=sorted({*people, *erasure.people}),
        erased_at=erasure.erased_at or erasure.requested_at,
        marketing_opt_out=contact.marketing_opt_out or erasure.marketing_opt_out,
    )


async def _list_merged(contact: Contact) -> list[PydanticObjectId]:
    """Returns the ids of all contacts that were merged into the contact."""
    merged: list[PydanticObjectId] = []
    newest = [contact.id]
    while newest:
        into = {"account_id": contact.account_id, "into_id": {"$in": newest}}
        newest = await collection(ContactMerge).distinct("_id", into)
        merged += newest
    return merged


async def _erase_conversations(contact: Contact, erasure: Erasure) -> None:
    """Removes the messages of the known and all newer conversations with the contact."""
    await delete_exports({"contact_id": contact.id})
    current = await _list_conversations(contact)
    if set(current) - set(erasure.conversation_ids):
        erasure.conversation_ids = list({*erasure.conversation_ids, *current})
        changes = {"conversation_ids": erasure.conversation_ids}
        await collection(Erasure).update_one({"_id": erasure.id}, {"$set": changes})
    # First, since a list can't show a conversation without its contact.
    await collection(Conversation).delete_many({"_id": {"$in": current}})
    await remove_conversations_with_messages(
        contact.account_id, erasure.conversation_ids, erased_at=erasure.requested_at
    )
    # Pending updates name their author and may quote messages.
    await delete_in_batches(PendingUpdate, {"change.contact_id": contact.id})


async def _list_conversations(contact: Contact) -> list[PydanticObjectId]:
    of_contact = {"account_id": contact.account_id, "contact_id": contact.id}
    return await collection(Conversation).distinct("_id", of_contact)
