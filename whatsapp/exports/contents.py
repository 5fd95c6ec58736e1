"""The content of an export: reads a contact's documents and files, and yields the ZIP's entries."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from beanie import PydanticObjectId

from models import (
    Account,
    Agent,
    AuditEntry,
    Contact,
    ContactMerge,
    Conversation,
    ConversationChange,
    Message,
    Note,
    PendingUpdate,
    User,
)
from models.database.base import collection, utc_now
from models.database.conversion import from_bson
from whatsapp.exports import history
from whatsapp.exports.files import ExportedFiles, read_media
from whatsapp.exports.history import Fields, Item, Sources
from whatsapp.exports.html_pages import (
    TimelinePage,
    link_page,
    name_contact,
    render_index,
    render_page,
)
from whatsapp.exports.readme import write_readme
from whatsapp.exports.records import encode_record, make_message_record, make_record
from whatsapp.exports.zip_stream import Entry, make_chunks

PAGE_BYTES = 4 * 1024 * 1024
_ITEMS: Mapping[type, str] = {Message: "message", Note: "note", ConversationChange: "change"}


class HistoryMoved(Exception):
    """A merge moved the contact's history meanwhile: the export must begin again."""


class ContactGone(Exception):
    """The contact was erased or merged."""


@dataclass
class Progress:
    """Items of the timeline that are written, and their number at the start."""

    done: int = 0
    total: int | None = None


@dataclass
class _Page:
    """The items of the page that is being filled."""

    items: list[tuple[type, Fields]] = field(default_factory=list)
    encoded: list[bytes] = field(default_factory=list)
    size: int = 0

    def is_full(self, max_items: int) -> bool:
        return len(self.items) >= max_items or self.size >= PAGE_BYTES

    def add(self, kind: type, record: Fields) -> None:
        encoded = encode_record({"item": _ITEMS[kind], **record})
        self.items.append((kind, record))
        self.encoded.append(encoded)
        self.size += len(encoded)


class ContactArchive:
    """The entries of one export. Holds a page of the timeline, and a link to each."""

    def __init__(
        self,
        account: Account,
        contact: Fields,
        files: ExportedFiles,
        progress: Progress,
        *,
        page_items: int,
    ) -> None:
        self._account = account
        self._stored = contact
        self._contact = from_bson(Contact, contact, fields=["workspace_id", "account_id"])
        self._files = files
        self._progress = progress
        self._page_items = page_items
        self._name = name_contact(contact)
        self._at = utc_now()
        self._agents: dict[PydanticObjectId, str] = {}
        self._links: list[Element] = []

    async def list_entries(self) -> AsyncGenerator[Entry]:
        """Yields all entries.

        Raises:
            HistoryMoved
            StoreUnavailable
        """
        sources = await history.find_sources(self._contact)
        self._progress.total = await history.count_timeline(sources)
        summary = await self._read_summary(sources)
        yield self._make_entry("README.txt", write_readme(self._at, page_items=self._page_items))
        yield self._make_entry("contact.json", encode_record(summary))
        async with aclosing(self._list_timeline(sources)) as entries:
            async for entry in entries:
                yield entry
        audit = history.read_audit_entries(self._contact, sources)
        yield Entry("audit.json", self._at, _encode_entries(audit))
        index = await asyncio.to_thread(self._render_index, summary)
        if await history.find_sources(self._contact) != sources:
            raise HistoryMoved
        yield self._make_entry("index.html", index)

    def _make_entry(self, name: str, data: bytes) -> Entry:
        return Entry(name, self._at, make_chunks(data), len(data))

    def _render_index(self, summary: dict[str, Any]) -> bytes:
        titles = {
            "Contact": summary["contact"],
            "Person": summary["user"],
            "Conversation": summary["conversations"],
            "Merged contacts": summary["merges"],
            "Updates of messages that have not arrived": summary["pending_updates"],
            "Your number": summary["account"],
        }
        return render_index(summary["contact"], titles, self._links)

    async def _read_summary(self, sources: Sources) -> dict[str, Any]:
        user_id = self._stored.get("user_id")
        user = await collection(User).find_one({"_id": user_id}) if user_id else None
        conversations = await history.read_conversations(sources)
        await self._load_agents(conversations)
        into = [self._contact.id, *sources.merged_ids]
        merges = await history.read_merges(self._contact, into)
        account = self._account
        return {
            "exported_at": self._at,
            "account": {"name": account.name, "phone_number": account.display_phone_number},
            "contact": make_record(Contact, self._stored),
            "user": make_record(User, user) if user else None,
            "conversations": [
                make_record(Conversation, each, **self._name_agents(each)) for each in conversations
            ],
            "merges": [make_record(ContactMerge, merge) for merge in merges],
            "pending_updates": [
                make_record(PendingUpdate, update)
                async for page in history.read_pending_updates(self._contact, sources)
                for update in page
            ],
        }

    async def _list_timeline(self, sources: Sources) -> AsyncGenerator[Entry]:
        page = _Page()
        async with aclosing(history.read_timeline(sources)) as batches:
            async for items in batches:
                async for item, media, more in self._complete(items, sources):
                    if page.is_full(self._page_items):
                        for entry in await self._write_page(page, has_next=True):
                            yield entry
                        page = _Page()
                    file, file_entry = None, None
                    if media is not None:
                        file, file_entry = await self._files.open(media)
                    if file_entry is not None:
                        yield file_entry
                    page.add(item.document_class, self._make_record(item, file, more))
                    self._progress.done += 1
        if page.items:
            for entry in await self._write_page(page, has_next=False):
                yield entry

    async def _complete(
        self, items: Sequence[Item], sources: Sources
    ) -> AsyncIterator[tuple[Item, Fields | None, Fields]]:
        """Yields items with their file and the objects that they refer to."""
        messages = [item.fields for item in items if item.document_class is Message]
        medias = await read_media([fields["_id"] for fields in messages])
        wamids = {wamid for fields in messages if (wamid := fields.get("reply_to_wamid"))}
        quoted = await history.read_quoted(self._contact, sources, wamids) if wamids else {}
        await self._load_agents([item.fields for item in items])
        for item in items:
            more: Fields = self._name_agents(item.fields)
            if wamid := item.fields.get("reply_to_wamid"):
                target = quoted.get(wamid, {"wamid": wamid})
                is_deleted = target.get("deleted_at") is not None
                more["reply_to"] = target | {"text": None} if is_deleted else target
            yield item, medias.get(item.fields["_id"]), more

    def _make_record(self, item: Item, file: Fields | None, more: Fields) -> Fields:
        if item.document_class is Message:
            return make_message_record(item.fields, file=file, **more)
        return make_record(item.document_class, item.fields, **more)

    async def _load_agents(self, documents: Sequence[Fields]) -> None:
        ids = {fields.get(name) for fields in documents for name in ("agent_id", "assignee_id")}
        if unknown := ids - {None} - self._agents.keys():
            agents = collection(Agent).find({"_id": {"$in": list(unknown)}}, {"name": 1})
            self._agents |= {agent["_id"]: agent["name"] async for agent in agents}

    def _name_agents(self, fields: Fields) -> Fields:
        """Returns the names of the agents that the document refers to."""
        named = {"agent_id": "agent_name", "assignee_id": "assignee_name"}
        keys = ((name, fields.get(field_name)) for field_name, name in named.items())
        return {name: self._agents[key] for name, key in keys if key in self._agents}

    async def _write_page(self, page: _Page, *, has_next: bool) -> list[Entry]:
        number = len(self._links) + 1
        shown = TimelinePage(number, page.items, has_next, self._name)
        self._links.append(link_page(shown))
        # In a thread, since it takes as long as hundreds of requests.
        html = await asyncio.to_thread(render_page, shown)
        data = b"[\n" + b",\n".join(page.encoded) + b"\n]\n"
        return [
            self._make_entry(f"timeline/{number:04}.json", data),
            self._make_entry(shown.name, html),
        ]


async def _encode_entries(pages: AsyncIterable[list[Fields]]) -> AsyncIterator[bytes]:
    separator = b"[\n"
    async for page in pages:
        for entry in page:
            yield separator + encode_record(make_record(AuditEntry, entry))
            separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"
