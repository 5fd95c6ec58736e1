"""Batched pages and counts: lists that an operation requests together are read in one command.

A nested list, such as the messages of each conversation, would otherwise need a query per parent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from beanie import Document
from strawberry.dataloader import DataLoader

from models.database.base import collection
from models.database.reading import project
from models.database.shared_reads import SharedRead, get_shared_reads

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


@dataclass(frozen=True, eq=False)
class PageQuery:
    """The first documents of a collection in an order."""

    document_class: type[Document]
    filter: Mapping[str, Any]
    sort: Sequence[tuple[str, int]]
    limit: int
    hidden: Sequence[str] = field(default=())
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


@dataclass(frozen=True, eq=False)
class CountQuery:
    """The number of matching documents, up to MAX_COUNT."""

    document_class: type[Document]
    filter: Mapping[str, Any]

    def list_stages(self) -> list[dict[str, Any]]:
        return [{"$match": dict(self.filter)}, {"$limit": MAX_COUNT}, {"$count": "count"}]


Query = TypeVar("Query", PageQuery, CountQuery)


def describe_filter(filter: object) -> Hashable:
    """Returns the fields and operators of a filter, without values."""
    if isinstance(filter, Mapping):
        return tuple((name, describe_filter(value)) for name, value in filter.items())
    if isinstance(filter, list):
        # Lists of different lengths have the same query plan.
        return tuple(dict.fromkeys(map(describe_filter, filter)))
    return None


def create_page_loader() -> DataLoader[PageQuery, list[Fields]]:
    # Not cached: a mutation of the same request may change the list.
    return DataLoader(_load_pages, max_batch_size=BATCH, cache=False)


def create_count_loader() -> DataLoader[CountQuery, int]:
    return DataLoader(_load_counts, max_batch_size=BATCH, cache=False)


async def _load_pages(queries: list[PageQuery]) -> list[list[Fields]]:
    return await _read_by(
        lambda query: (query.document_class.__name__, query.kind),
        queries,
        lambda pages: _get_shared_read(pages).load_many(pages),
    )


def _get_shared_read(queries: Sequence[PageQuery]) -> SharedRead[PageQuery, list[Fields]]:
    """Returns the read that concurrent operations share for pages of this kind."""
    return get_shared_reads(queries[0].document_class).get(
        queries[0].kind, lambda: SharedRead(_read_together, most=MAX_SHARED_PAGES, at_once=2)
    )


async def _load_counts(queries: list[CountQuery]) -> list[int]:
    results = await _read_by(lambda query: query.document_class.__name__, queries, _read_together)
    return [groups[0]["count"] if groups else 0 for groups in results]


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
