"""Reads all documents about a contact, in pages: no cursor stays open while the file is written."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beanie import Document, PydanticObjectId

from models import (
    AuditEntry,
    Contact,
    ContactMerge,
    Conversation,
    ConversationChange,
    Message,
    Note,
    PendingUpdate,
)
from models.database.base import collection
from whatsapp.messages.wamids import list_wamids, match_wamids

Fields = dict[str, Any]

PAGE_SIZE = 100
_TIMELINE = (Message, Note, ConversationChange)


@dataclass(frozen=True)
class Sources:
    """The ids by which a contact's documents are found."""

    merged_ids: Sequence[PydanticObjectId]
    """Contacts that were merged into it."""
    conversation_ids: Sequence[PydanticObjectId]
    """Its conversation, and those of the merged contacts, whose history may still be moving."""


@dataclass(frozen=True)
class Item:
    """A message, note or change of the timeline."""

    document_class: type[Document]
    fields: Fields


async def find_sources(contact: Contact) -> Sources:
    merged: list[PydanticObjectId] = []
    known: set[PydanticObjectId] = set()
    newest = [contact.id]
    while newest:
        merges = await read_merges(contact, newest)
        newest = [merge["_id"] for merge in merges]
        merged += newest
        known |= {merge["conversation_id"] for merge in merges if merge.get("conversation_id")}
    of_contacts = {"contact_id": {"$in": [contact.id, *merged]}}
    own = await collection(Conversation).distinct("_id", of_contacts)
    return Sources(sorted(merged), sorted({*known, *own}))


async def read_merges(contact: Contact, into_ids: Sequence[PydanticObjectId]) -> list[Fields]:
    query = {"account_id": contact.account_id, "into_id": {"$in": list(into_ids)}}
    return await collection(ContactMerge).find(query).to_list()


async def read_conversations(sources: Sources) -> list[Fields]:
    query = {"_id": {"$in": list(sources.conversation_ids)}}
    return await collection(Conversation).find(query).to_list()


async def count_timeline(sources: Sources) -> int:
    query = {"conversation_id": {"$in": list(sources.conversation_ids)}}
    return sum(
        [
            await collection(document_class).count_documents(query, hint="history")
            for document_class in _TIMELINE
        ]
    )


async def read_timeline(sources: Sources) -> AsyncGenerator[list[Item]]:
    """Yields messages, notes and changes in the order of their times, in pages."""
    query = {"conversation_id": {"$in": list(sources.conversation_ids)}}
    streams = [(kind, read_pages(kind, query, "timestamp")) for kind in _TIMELINE]
    waiting: list[list[Item]] = [[] for _ in streams]
    open_streams = set(range(len(streams)))
    while True:
        for at in [at for at in open_streams if not waiting[at]]:
            kind, pages = streams[at]
            waiting[at] = [Item(kind, fields) for fields in await anext(pages, [])]
            if not waiting[at]:
                open_streams.discard(at)
        page = _take_earliest(waiting)
        if not page:
            return
        yield page


def _take_earliest(waiting: list[list[Item]]) -> list[Item]:
    """Takes the items up to the end of the page that ends first: later pages have none before."""
    filled = [items for items in waiting if items]
    if not filled:
        return []
    end = min(_get_place(items[-1]) for items in filled)
    taken = [item for items in filled for item in items if _get_place(item) <= end]
    for items in filled:
        items[:] = [item for item in items if _get_place(item) > end]
    return sorted(taken, key=_get_place)


def _get_place(item: Item) -> tuple[Any, Any]:
    return item.fields["timestamp"], item.fields["_id"]


async def read_pages(
    document_class: type[Document], query: Mapping[str, Any], order: str
) -> AsyncIterator[list[Fields]]:
    """Yields the matching documents by `order` and id, oldest first, in pages.

    MongoDB ends a page early if its documents have more than 16 MB.
    """
    after: dict[str, Any] = {}
    while True:
        # A negative limit asks for a single batch.
        cursor = collection(document_class).find({"$and": [query, after]}).limit(-PAGE_SIZE)
        page = await cursor.sort([(order, 1), ("_id", 1)]).to_list()
        if not page:
            return
        yield page
        last = page[-1]
        later = [{order: {"$gt": last[order]}}, {"_id": {"$gt": last["_id"]}}]
        after = {order: {"$gte": last[order]}, "$or": later}


def read_audit_entries(contact: Contact, sources: Sources) -> AsyncIterator[list[Fields]]:
    """Yields the entries about the contact, without their other targets."""
    return _read_audit_entries({contact.id, *sources.merged_ids, *sources.conversation_ids})


async def _read_audit_entries(ids: set[PydanticObjectId]) -> AsyncIterator[list[Fields]]:
    texts = {str(key) for key in ids}
    query = {"targets.id": {"$in": sorted(texts)}}
    async for page in read_pages(AuditEntry, query, "created_at"):
        for entry in page:
            entry["targets"] = [each for each in entry["targets"] if each["id"] in texts]
        yield page


def read_pending_updates(contact: Contact, sources: Sources) -> AsyncIterator[list[Fields]]:
    query = {
        "account_id": contact.account_id,
        "change.contact_id": {"$in": [contact.id, *sources.merged_ids]},
    }
    return read_pages(PendingUpdate, query, "created_at")


async def read_quoted(contact: Contact, sources: Sources, wamids: set[str]) -> dict[str, Fields]:
    """Returns text and time of the contact's messages that others reply to, by wamid."""
    of_contact = {"conversation_id": {"$in": list(sources.conversation_ids)}}
    query = {"$and": [match_wamids(contact.account_id, wamids), of_contact]}
    names = ("wamid", "duplicate_wamids", "text", "timestamp", "deleted_at")
    quoted: dict[str, Fields] = {}
    async for fields in collection(Message).find(query, {"_id": 0, **dict.fromkeys(names, 1)}):
        quoted |= dict.fromkeys(list_wamids(fields), fields)
    return quoted
