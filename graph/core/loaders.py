"""Loaders: the documents, pages and counts that an operation needs are read in batches.

Loaders cache documents, so they live as long as a request, an operation or a live event.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from beanie import Document, PydanticObjectId
from strawberry.dataloader import DataLoader

from models import (
    Account,
    AccountEvent,
    Agent,
    Contact,
    Conversation,
    ConversationChange,
    Media,
    Message,
    Note,
    QuickReply,
    Template,
    UploadedMedia,
    User,
    Workspace,
    WorkspaceUsage,
)
from models.database.base import collection
from models.database.coalescing import SharedRead, find_by, get_shared_commands
from models.database.conversion import from_bson, project
from whatsapp.messages.wamids import list_wamids, match_wamids

# The maximum page size: one batch holds a nested list of each item. MongoDB allows 1,000 stages.
BATCH = 100
# Counting takes as long as reading, so counts stop here.
MAX_COUNT = 10_000
# Pages of concurrent operations in one command, each with up to 101 documents.
MAX_SHARED_PAGES = 16
# One batch is enough; MongoDB limits it to 16 MB.
FIRST_BATCH = 10_000
_PLACE = "_place"

Fields = dict[str, Any]

DocumentT = TypeVar("DocumentT", bound=Document)
Value = TypeVar("Value")
Projections = Mapping[type[Document], Collection[str]]
ById = DataLoader[PydanticObjectId, Value | None]
WamidKey = tuple[PydanticObjectId, str]


@dataclass(frozen=True, eq=False)
class PageQuery:
    """The first documents of a collection in an order."""

    document_class: type[Document]
    filter: Mapping[str, Any]
    sort: Sequence[tuple[str, int]]
    limit: int
    hidden: Sequence[str] = ()
    fields: Collection[str] | None = None
    """Fields to read; None for all but `hidden`."""

    @property
    def projection(self) -> dict[str, int] | None:
        if self.fields is not None:
            return project([name for name in self.fields if name not in self.hidden])
        return dict.fromkeys(self.hidden, 0) or None

    @property
    def kind(self) -> Hashable:
        """Key of pages with the same query plan, which take about the same time."""
        return "page", describe_filter(self.filter), tuple(self.sort)

    def list_stages(self) -> list[dict[str, Any]]:
        stages: list[dict[str, Any]] = [
            {"$match": dict(self.filter)},
            {"$sort": dict(self.sort)},
            {"$limit": self.limit},
        ]
        return stages + ([{"$project": self.projection}] if self.projection else [])

    async def find(self) -> list[Fields]:
        cursor = collection(self.document_class).find(dict(self.filter), self.projection)
        return await cursor.sort(list(self.sort)).limit(self.limit).to_list()


class Count(NamedTuple):
    value: int
    """At most MAX_COUNT."""
    is_capped: bool
    """True if there are more."""


@dataclass(frozen=True, eq=False)
class CountQuery:
    """The number of matching documents, up to MAX_COUNT + 1."""

    document_class: type[Document]
    filter: Mapping[str, Any]

    def list_stages(self) -> list[dict[str, Any]]:
        return [{"$match": dict(self.filter)}, {"$limit": MAX_COUNT + 1}, {"$count": "count"}]


Query = TypeVar("Query", PageQuery, CountQuery)


class Loaders:
    """The loaders of an operation; each loads None for an unknown key.

    `projections` limits the fields that are read of a document class.
    """

    def __init__(self, projections: Projections | None = None) -> None:
        self.projections: Projections = projections or {}
        self.large_texts: dict[tuple[type[Document], str], DataLoader[str, str | None]] = {}
        """Loaders of `graph.core.large_texts`."""

    # Created on first use, since an operation needs two or three.
    @cached_property
    def accounts(self) -> ById[Account]:
        return self._create_loader(Account)

    @cached_property
    def agents(self) -> ById[Agent]:
        return self._create_loader(Agent)

    @cached_property
    def contacts(self) -> ById[Contact]:
        return self._create_loader(Contact)

    @cached_property
    def users(self) -> ById[User]:
        return self._create_loader(User)

    @cached_property
    def conversations(self) -> ById[Conversation]:
        return self._create_loader(Conversation)

    @cached_property
    def messages(self) -> ById[Message]:
        return self._create_loader(Message)

    @cached_property
    def notes(self) -> ById[Note]:
        return self._create_loader(Note)

    @cached_property
    def conversation_changes(self) -> ById[ConversationChange]:
        return self._create_loader(ConversationChange)

    @cached_property
    def media(self) -> ById[Media]:
        return self._create_loader(Media)

    @cached_property
    def uploads(self) -> ById[UploadedMedia]:
        return self._create_loader(UploadedMedia)

    @cached_property
    def quick_replies(self) -> ById[QuickReply]:
        return self._create_loader(QuickReply)

    @cached_property
    def templates(self) -> ById[Template]:
        return self._create_loader(Template)

    @cached_property
    def workspace_usages(self) -> ById[WorkspaceUsage]:
        return self._create_loader(WorkspaceUsage)

    @cached_property
    def workspaces(self) -> ById[Workspace]:
        return self._create_loader(Workspace)

    @cached_property
    def conversations_of_contacts(self) -> ById[Conversation]:
        return DataLoader(_make_load(Conversation, field="contact_id"))

    @cached_property
    def messages_by_wamid(self) -> DataLoader[WamidKey, Message | None]:
        return DataLoader(_load_messages)

    @cached_property
    def account_events(self) -> DataLoader[str, AccountEvent | None]:
        return DataLoader(_load_account_events)

    @cached_property
    def unread_counts(self) -> DataLoader[PydanticObjectId, int]:
        return DataLoader(_load_unread_counts)

    @cached_property
    def pages(self) -> DataLoader[PageQuery, list[Fields]]:
        # Not cached: a mutation of the same request may change the list.
        return DataLoader(_load_pages, max_batch_size=BATCH, cache=False)

    @cached_property
    def counts(self) -> DataLoader[CountQuery, Count]:
        return DataLoader(count_documents, max_batch_size=BATCH, cache=False)

    def _create_loader(self, document_class: type[DocumentT]) -> ById[DocumentT]:
        projection = self.projections.get(document_class)
        return DataLoader(_make_load(document_class, projection=projection))


def _make_load(
    document_class: type[DocumentT],
    *,
    field: str = "_id",
    projection: Collection[str] | None = None,
) -> Callable[[list[Any]], Awaitable[list[DocumentT | None]]]:
    async def load(keys: list[Any]) -> list[DocumentT | None]:
        stored = await find_by(document_class, field, fields=projection).load_many(keys)
        return [
            None
            if fields is None
            else from_bson(document_class, fields, fields=projection, tolerant=True)
            for fields in stored
        ]

    return load


async def _load_messages(keys: list[WamidKey]) -> list[Message | None]:
    wamids: dict[PydanticObjectId, list[str]] = defaultdict(list)
    for account_id, wamid in keys:
        wamids[account_id].append(wamid)
    filters = [match_wamids(account_id, of_account) for account_id, of_account in wamids.items()]
    stored = await collection(Message).find({"$or": filters}).to_list()
    by_key: dict[tuple[PydanticObjectId, str], Message] = {}
    for fields in stored:
        message = from_bson(Message, fields, tolerant=True)
        by_key |= {(message.account_id, wamid): message for wamid in list_wamids(fields)}
    return [by_key.get(key) for key in keys]


async def _load_account_events(ids: list[str]) -> list[AccountEvent | None]:
    """Loads events without `raw`, which may have megabytes."""
    cursor = collection(AccountEvent).find({"_id": {"$in": ids}}, {"raw": 0})
    events = {
        fields["_id"]: from_bson(AccountEvent, fields, tolerant=True) async for fields in cursor
    }
    return [events.get(event_id) for event_id in ids]


async def _load_unread_counts(conversation_ids: list[PydanticObjectId]) -> list[int]:
    reads = get_shared_commands(Message)
    counts: SharedRead[PydanticObjectId, int] = reads.get(
        "unread", lambda: SharedRead(_count_unread, max_keys=2000)
    )
    return await counts.load_many(conversation_ids)


async def _count_unread(conversation_ids: list[PydanticObjectId]) -> list[int]:
    groups = await collection(Message).aggregate(
        [
            {"$match": {"conversation_id": {"$in": conversation_ids}, "unread": True}},
            {"$group": {"_id": "$conversation_id", "unread": {"$sum": 1}}},
        ]
    )
    counts = {group["_id"]: int(group["unread"]) async for group in groups}
    return [counts.get(conversation_id, 0) for conversation_id in conversation_ids]


def describe_filter(filter: object) -> Hashable:
    """Returns the fields and operators of a filter, without values."""
    if isinstance(filter, Mapping):
        return tuple((name, describe_filter(value)) for name, value in filter.items())
    if isinstance(filter, list):
        # Lists of different lengths have the same query plan.
        return tuple(dict.fromkeys(map(describe_filter, filter)))
    return None


async def _load_pages(queries: list[PageQuery]) -> list[list[Fields]]:
    return await _read_by(
        lambda query: (query.document_class.__name__, query.kind),
        queries,
        lambda pages: _get_shared_read(pages).load_many(pages),
    )


def _get_shared_read(queries: Sequence[PageQuery]) -> SharedRead[PageQuery, list[Fields]]:
    """Returns the read that concurrent operations share for pages of this kind."""
    return get_shared_commands(queries[0].document_class).get(
        queries[0].kind,
        lambda: SharedRead(_read_together, max_keys=MAX_SHARED_PAGES, max_running=2),
    )


async def count_documents(queries: list[CountQuery]) -> list[Count]:
    """Counts all queries of a collection in one command."""
    results = await _read_by(lambda query: query.document_class.__name__, queries, _read_together)
    numbers = [groups[0]["count"] if groups else 0 for groups in results]
    return [Count(min(number, MAX_COUNT), number > MAX_COUNT) for number in numbers]


async def _read_by(
    get_kind: Callable[[Query], Hashable],
    queries: Sequence[Query],
    read: Callable[[list[Query]], Awaitable[list[list[Fields]]]],
) -> list[list[Fields]]:
    """Reads all queries, the queries of each kind together."""
    by_kind: dict[Hashable, list[Query]] = {}
    for query in queries:
        by_kind.setdefault(get_kind(query), []).append(query)
    results = await asyncio.gather(*map(read, by_kind.values()))
    by_query = {
        query: documents
        for kind_queries, lists in zip(by_kind.values(), results, strict=True)
        for query, documents in zip(kind_queries, lists, strict=True)
    }
    return [by_query[query] for query in queries]


async def _read_together(queries: Sequence[PageQuery | CountQuery]) -> list[list[Fields]]:
    """Reads queries of the same collection in one command."""
    first = queries[0]
    if len(queries) == 1 and isinstance(first, PageQuery):
        return [await first.find()]
    target = collection(first.document_class)
    pipelines = [
        [*query.list_stages(), {"$set": {_PLACE: place}}] for place, query in enumerate(queries)
    ]
    union = [
        {"$unionWith": {"coll": target.name, "pipeline": pipeline}} for pipeline in pipelines[1:]
    ]
    results: list[list[Fields]] = [[] for _ in queries]
    cursor = await target.aggregate(pipelines[0] + union, batchSize=FIRST_BATCH)
    for document in await cursor.to_list():
        results[document.pop(_PLACE)].append(document)
    return results
