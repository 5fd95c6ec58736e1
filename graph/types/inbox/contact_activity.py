"""Contacts in the order of their conversations' last activity."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from beanie import PydanticObjectId

import models
from graph.core.connections import Connection, Edge, make_connection
from graph.core.context import Info
from graph.core.loaders import CountQuery
from graph.core.pages import BY_ACTIVITY, Page, PageRequest, paginate, write_cursor
from graph.core.stored import CONTACTS, to_node
from models.database.base import collection

# So many contacts are named in the query for their conversations.
MAX_NAMED = 10_000
# With more matching contacts, a page is found in few conversations.
SCANNED_AT_ONCE = 500
# A page ends after this many conversations; its cursor continues behind them.
MAX_SCANNED = 10_000
_FIELDS = ("account_id", "contact_id")

Conversations = list[models.Conversation]


@dataclass(frozen=True)
class _ScannedPage(Page[models.Conversation]):
    """A page that ended early."""

    reached: str | None
    """Cursor of the last conversation that was read."""


@dataclass(frozen=True)
class ActiveContacts:
    """Contacts with a conversation, most recently active first.

    The time of the activity is stored in the conversation only: a copy in the contact would double
    the writes of each message.
    """

    of_accounts: dict[str, Any]
    """Filter by account."""
    conditions: Sequence[dict[str, Any]]
    """Filters for contacts that all must match."""

    async def connect(
        self, info: Info, page: PageRequest, connection_class: type[Connection[Any]]
    ) -> Connection[Any]:
        """Reads a page whose cursors are the cursors of the conversations."""
        result = await self._read(page)
        keys = [conversation.contact_id for conversation in result.documents]
        contacts = await CONTACTS.load_many(info, keys)
        edges = [
            Edge(to_node(contact), BY_ACTIVITY, conversation)
            for contact, conversation in zip(contacts, result.documents, strict=True)
            if contact is not None  # erased meanwhile
        ]
        count = CountQuery(models.Contact, self._match_contacts())
        connection = make_connection(
            connection_class, edges, result, lambda: page.loaders.counts.load(count)
        )
        if isinstance(result, _ScannedPage):
            # A page that ended early continues behind the last conversation it read.
            name = "start_cursor" if page.backward else "end_cursor"
            setattr(connection.page_info, name, result.reached)
        return connection

    def _match_contacts(self) -> dict[str, Any]:
        return {"$and": [self.of_accounts, {"has_conversation": True}, *self.conditions]}

    async def _read(self, page: PageRequest) -> Page[models.Conversation]:
        if not self.conditions:
            return await self._read_conversations(page)
        contacts = collection(models.Contact)
        cursor = contacts.find(self._match_contacts(), {"_id": 1}).limit(MAX_NAMED + 1)
        ids = [contact["_id"] for contact in await cursor.to_list()]
        if len(ids) > MAX_NAMED:
            return await self._scan(page)
        return await self._read_conversations(page, {"contact_id": {"$in": ids}})

    async def _read_conversations(
        self, page: PageRequest, *conditions: dict[str, Any]
    ) -> Page[models.Conversation]:
        query = {"$and": [self.of_accounts, *conditions]}
        return await paginate(
            models.Conversation, query, order=BY_ACTIVITY, page=page, fields=_FIELDS
        )

    async def _scan(self, page: PageRequest) -> Page[models.Conversation]:
        """Reads conversations in their order until a page of them has matching contacts.

        It ends early after MAX_SCANNED conversations.
        """
        kept: Conversations = []
        request, has_more = replace(page, size=SCANNED_AT_ONCE), True
        left = MAX_SCANNED
        while has_more and left > 0 and len(kept) <= page.size:
            left -= SCANNED_AT_ONCE
            scanned = await self._read_conversations(request)
            matching = await self._select_matching(scanned.documents)
            if page.backward:
                kept, has_more = matching + kept, scanned.has_previous
                request = replace(request, before=_write_cursor(scanned.documents[:1]))
            else:
                kept, has_more = kept + matching, scanned.has_next
                request = replace(request, after=_write_cursor(scanned.documents[-1:]))
        is_full = len(kept) > page.size
        if has_more and not is_full:
            reached = request.before if page.backward else request.after
            return _ScannedPage(
                kept,
                has_next=not page.backward or page.before is not None,
                has_previous=page.backward or page.after is not None,
                reached=reached,
            )
        if page.backward:
            kept = kept[max(len(kept) - page.size, 0) :]
            return Page(kept, has_next=page.before is not None, has_previous=is_full)
        return Page(kept[: page.size], has_next=is_full, has_previous=page.after is not None)

    async def _select_matching(self, conversations: Conversations) -> Conversations:
        """Returns the conversations whose contacts match."""
        ids = [conversation.contact_id for conversation in conversations]
        query = {"$and": [{"_id": {"$in": ids}}, *self.conditions]}
        cursor = collection(models.Contact).find(query, {"_id": 1})
        matching: set[PydanticObjectId] = {contact["_id"] for contact in await cursor.to_list()}
        return [
            conversation for conversation in conversations if conversation.contact_id in matching
        ]


def _write_cursor(conversations: Conversations) -> str | None:
    return next((write_cursor(BY_ACTIVITY, document) for document in conversations), None)
