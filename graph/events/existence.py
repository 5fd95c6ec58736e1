"""Existence: events of documents that were deleted since are not replayed.

Asked of the database in batches, for replays only. What was found is shared for a moment, so that
many who resume at once do not each ask.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from beanie import Document, PydanticObjectId

from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from models import Account, Contact, Conversation, Message, Template, User
from models.database.shared_reads import Fields, find_by

KEEP_SECONDS = 1.0


class Subject(NamedTuple):
    """What an event is about, as seen from one account."""

    kind: type[Document]
    document_id: PydanticObjectId
    account_id: PydanticObjectId


class Existing(NamedTuple):
    deleted_at: datetime | None = None
    """When a message was deleted for everyone: the message stays, without its content."""
    conversation_id: PydanticObjectId | None = None
    """Of a message: it follows its contact into another conversation where contacts are merged."""


class Existence:
    """Tells which events are of documents that still exist."""

    def __init__(self) -> None:
        self._known: dict[Subject, Existing | None] = {}
        self._generation = 0
        self._is_dated = False

    async def select(self, events: Sequence[LiveEvent]) -> list[LiveEvent]:
        """The events whose documents exist now, in their order.

        Raises:
            PyMongoError
        """
        found = await self._find({_get_subject(event) for event in events})
        selected = []
        for event in events:
            existing = found[_get_subject(event)]
            if existing is not None:
                if existing.conversation_id not in (None, event.conversation_id):
                    continue  # what was said then in a conversation that is no more
                if existing.deleted_at is not None:
                    event.mark_deleted(existing.deleted_at)
                selected.append(event)
        return selected

    def forget(self) -> None:
        """Something was deleted: what is known may be no longer true."""
        self._generation += 1
        self._known.clear()

    async def _find(self, subjects: Collection[Subject]) -> Mapping[Subject, Existing | None]:
        known = {one: self._known[one] for one in subjects if one in self._known}
        unknown = [one for one in subjects if one not in known]
        if not unknown:
            return known
        generation = self._generation
        found = await _look_up(unknown)
        if generation == self._generation:
            self._known.update(found)
            self._clear_soon()
        return {**known, **found}

    def _clear_soon(self) -> None:
        if not self._is_dated:
            self._is_dated = True
            asyncio.get_running_loop().call_later(KEEP_SECONDS, self._clear)

    def _clear(self) -> None:
        self._is_dated = False
        self._known.clear()


_KINDS: dict[EventKind, type[Document]] = {
    EventKind.MESSAGE_ADDED: Message,
    EventKind.MESSAGE_STATUS_CHANGED: Message,
    EventKind.MESSAGE_UPDATED: Message,
    EventKind.CONVERSATION_UPDATED: Conversation,
    EventKind.CONTACT_UPDATED: Contact,
    EventKind.USER_UPDATED: User,
    EventKind.TEMPLATE_UPDATED: Template,
    EventKind.ACCOUNT_UPDATED: Account,
    # The end of a contact is told as long as there is its account, and that of an account always.
    EventKind.CONTACT_DELETED: Account,
}
# What decides of each, besides that it is there.
_SHOWN: dict[type[Document], tuple[str, ...]] = {
    Message: ("deleted_at", "conversation_id"),
    User: ("account_ids",),
    Account: ("deleted_at",),
}


def _get_subject(event: LiveEvent) -> Subject:
    kind = _KINDS.get(event.kind, Document)
    document_id = event.account_id if kind is Account else event.document_id
    return Subject(kind, document_id, event.account_id)


async def _look_up(subjects: Sequence[Subject]) -> dict[Subject, Existing | None]:
    ids: defaultdict[type[Document], set[PydanticObjectId]] = defaultdict(set)
    for one in subjects:
        if one.kind is not Document:
            ids[one.kind].add(one.document_id)
            ids[Account].add(one.account_id)
    stored = await asyncio.gather(*(_read(kind, wanted) for kind, wanted in ids.items()))
    fields = dict(zip(ids, stored, strict=True))
    return {one: _judge(one, fields) for one in subjects}


async def _read(
    kind: type[Document], ids: Iterable[PydanticObjectId]
) -> dict[PydanticObjectId, Fields | None]:
    wanted = list(ids)
    found = await find_by(kind, "_id", shown=_SHOWN.get(kind, ())).load_many(wanted)
    return dict(zip(wanted, found, strict=True))


def _judge(
    subject: Subject, stored: Mapping[type[Document], Mapping[Any, Fields | None]]
) -> Existing | None:
    if subject.kind is Document:
        return Existing()
    document = stored[subject.kind][subject.document_id]
    account = stored[Account][subject.account_id]
    if document is None or (account is not None and account.get("deleted_at") is not None):
        return None
    if subject.kind is User and subject.account_id not in document["account_ids"]:
        return None
    if subject.kind is not Message:
        return Existing()
    return Existing(document.get("deleted_at"), document.get("conversation_id"))
