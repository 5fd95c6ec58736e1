"""Existence checks: events of documents deleted since are not replayed.

Only replays are checked, in batches. Results are shared for a moment among subscribers that resume
together.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from beanie import Document, PydanticObjectId

from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from models import (
    Account,
    Contact,
    Conversation,
    ConversationChange,
    Message,
    Note,
    Template,
    User,
)
from models.database.coalescing import Fields, find_by

KEEP_SECONDS = 1.0


class Subject(NamedTuple):
    """The document of an event and the account that sees it; None for an agent."""

    kind: type[Document]
    document_id: PydanticObjectId
    account_id: PydanticObjectId | None


class Existing(NamedTuple):
    deleted_at: datetime | None = None
    """Time at which a message was deleted for everyone; the document remains, without content."""
    conversation_id: PydanticObjectId | None = None
    """The conversation of an item in a timeline, which changes when contacts are merged."""


class Existence:
    """Selects events whose documents still exist."""

    def __init__(self) -> None:
        self._known: dict[Subject, Existing | None] = {}
        self._epoch = 0
        self._is_expiring = False

    async def select(self, events: Sequence[LiveEvent]) -> list[LiveEvent]:
        """Returns the events whose documents exist now, in order.

        Raises:
            PyMongoError
        """
        states = await self._find_states({_get_subject(event) for event in events})
        selected = []
        for event in events:
            existing = states[_get_subject(event)]
            if existing is not None:
                if existing.conversation_id not in (None, event.conversation_id):
                    continue  # in a conversation that was merged into another
                if existing.deleted_at is not None:
                    event.mark_deleted(existing.deleted_at)
                selected.append(event)
        return selected

    def forget(self) -> None:
        """Drops cached results after a deletion."""
        self._epoch += 1
        self._known.clear()

    async def _find_states(
        self, subjects: Collection[Subject]
    ) -> Mapping[Subject, Existing | None]:
        cached = {subject: self._known[subject] for subject in subjects if subject in self._known}
        unknown = [subject for subject in subjects if subject not in cached]
        if not unknown:
            return cached
        epoch = self._epoch
        loaded = await _load_states(unknown)
        if epoch == self._epoch:
            self._known.update(loaded)
            self._clear_soon()
        return {**cached, **loaded}

    def _clear_soon(self) -> None:
        if not self._is_expiring:
            self._is_expiring = True
            asyncio.get_running_loop().call_later(KEEP_SECONDS, self._clear)

    def _clear(self) -> None:
        self._is_expiring = False
        self._known.clear()


_KINDS: dict[EventKind, type[Document]] = {
    EventKind.MESSAGE_ADDED: Message,
    EventKind.MESSAGE_STATUS_CHANGED: Message,
    EventKind.MESSAGE_UPDATED: Message,
    EventKind.CONVERSATION_UPDATED: Conversation,
    EventKind.NOTE_ADDED: Note,
    EventKind.NOTE_UPDATED: Note,
    EventKind.CONVERSATION_CHANGE_ADDED: ConversationChange,
    EventKind.CONTACT_UPDATED: Contact,
    EventKind.USER_UPDATED: User,
    EventKind.TEMPLATE_UPDATED: Template,
    EventKind.ACCOUNT_UPDATED: Account,
    # These are replayed while the account exists, AccountDeleted always.
    EventKind.CONTACT_DELETED: Account,
    EventKind.NOTE_DELETED: Account,
}
# Fields that decide, besides existence.
_FIELDS_BY_CLASS: dict[type[Document], tuple[str, ...]] = {
    Message: ("deleted_at", "conversation_id"),
    Note: ("conversation_id",),
    ConversationChange: ("conversation_id",),
    User: ("account_ids",),
    Account: ("deleted_at",),
}


def _get_subject(event: LiveEvent) -> Subject:
    kind = _KINDS.get(event.kind, Document)
    document_id = event.document_id
    if kind is Account and event.account_id is not None:
        document_id = event.account_id
    return Subject(kind, document_id, event.account_id)


async def _load_states(subjects: Sequence[Subject]) -> dict[Subject, Existing | None]:
    ids: defaultdict[type[Document], set[PydanticObjectId]] = defaultdict(set)
    for subject in subjects:
        if subject.kind is not Document and subject.account_id is not None:
            ids[subject.kind].add(subject.document_id)
            ids[Account].add(subject.account_id)
    stored = await asyncio.gather(*(_load_fields(kind, kind_ids) for kind, kind_ids in ids.items()))
    fields = dict(zip(ids, stored, strict=True))
    return {subject: _check(subject, fields) for subject in subjects}


async def _load_fields(
    kind: type[Document], ids: Iterable[PydanticObjectId]
) -> dict[PydanticObjectId, Fields | None]:
    keys = list(ids)
    documents = await find_by(kind, "_id", fields=_FIELDS_BY_CLASS.get(kind, ())).load_many(keys)
    return dict(zip(keys, documents, strict=True))


def _check(
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
    return Existing(document.get("deleted_at"), document.get("conversation_id"))
