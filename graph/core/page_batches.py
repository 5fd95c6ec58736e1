"""Pages and counts of lists: those that one operation asks for together are read in one command.

A list within a list, such as the messages of each conversation of the inbox, would otherwise be a
query for each of them.
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

# MongoDB allows 1,000 stages; a list has at most 100 items, whose lists are read together.
BATCH = 100
# Beyond it nobody counts: the number of a million messages takes as long as reading them.
MAX_COUNT = 10_000
# Pages that different operations ask for at the same time: each has up to 101 documents.
PAGES_TOGETHER = 16
# All at once; MongoDB itself ends a batch at 16 MB.
FIRST_BATCH = 10_000
_PLACE = "_place"

Fields = dict[str, Any]


@dataclass(frozen=True, eq=False)
class PageQuery:
    """Documents of one collection, from the first on in this order."""

    document_class: type[Document]
    filter: Mapping[str, Any]
    sort: Sequence[tuple[str, int]]
    limit: int
    hidden: Sequence[str] = field(default=())
    shown: Collection[str] | None = None
    """The only fields that are read; None for all but the hidden ones."""

    @property
    def projection(self) -> dict[str, int] | None:
        if self.shown is not None:
            return project([name for name in self.shown if name not in self.hidden])
        return dict.fromkeys(self.hidden, 0) or None

    @property
    def kind(self) -> Hashable:
        """What pages have in common that MongoDB finds in the same way, and so about as fast."""
        return "page", describe_form(self.filter), tuple(self.sort)

    def list_stages(self) -> list[dict[str, Any]]:
        stages: list[dict[str, Any]] = [
            {"$match": dict(self.filter)},
            {"$sort": dict(self.sort)},
            {"$limit": self.limit},
        ]
        return stages + ([{"$project": self.projection}] if self.projection else [])

    async def find(self) -> list[Fields]:
        found = collection(self.document_class).find(dict(self.filter), self.projection)
        return await found.sort(list(self.sort)).limit(self.limit).to_list()


@dataclass(frozen=True, eq=False)
class CountQuery:
    """How many documents match, up to MAX_COUNT."""

    document_class: type[Document]
    filter: Mapping[str, Any]

    def list_stages(self) -> list[dict[str, Any]]:
        return [{"$match": dict(self.filter)}, {"$limit": MAX_COUNT}, {"$count": "count"}]


Query = TypeVar("Query", PageQuery, CountQuery)


def describe_form(filter: object) -> Hashable:
    """A filter without its values: fields and operators, at any depth."""
    if isinstance(filter, Mapping):
        return tuple((name, describe_form(value)) for name, value in filter.items())
    if isinstance(filter, list):
        # How many values there are does not matter, whatever their forms.
        return tuple(dict.fromkeys(map(describe_form, filter)))
    return None


def create_page_loader() -> DataLoader[PageQuery, list[Fields]]:
    # Nothing is kept: a mutation may have changed a list that was read a moment ago.
    return DataLoader(_load_pages, max_batch_size=BATCH, cache=False)


def create_count_loader() -> DataLoader[CountQuery, int]:
    return DataLoader(_load_counts, max_batch_size=BATCH, cache=False)


async def _load_pages(queries: list[PageQuery]) -> list[list[Fields]]:
    return await _read_by(
        lambda query: (query.document_class.__name__, query.kind),
        queries,
        lambda own: _share(own).load_many(own),
    )


def _share(queries: Sequence[PageQuery]) -> SharedRead[PageQuery, list[Fields]]:
    """Pages of one kind, also those that other operations ask for at this moment."""
    return get_shared_reads(queries[0].document_class).get(
        queries[0].kind, lambda: SharedRead(_read_together, most=PAGES_TOGETHER, at_once=2)
    )


async def _load_counts(queries: list[CountQuery]) -> list[int]:
    found = await _read_by(lambda query: query.document_class.__name__, queries, _read_together)
    return [groups[0]["count"] if groups else 0 for groups in found]


async def _read_by(
    get_kind: Callable[[Query], Hashable],
    queries: Sequence[Query],
    read: Callable[[list[Query]], Awaitable[list[list[Fields]]]],
) -> list[list[Fields]]:
    """What each query finds, side by side for each kind."""
    by_kind: dict[Hashable, list[Query]] = {}
    for query in queries:
        by_kind.setdefault(get_kind(query), []).append(query)
    found = await asyncio.gather(*map(read, by_kind.values()))
    by_query = {
        query: documents
        for own, lists in zip(by_kind.values(), found, strict=True)
        for query, documents in zip(own, lists, strict=True)
    }
    return [by_query[query] for query in queries]


async def _read_together(queries: Sequence[PageQuery | CountQuery]) -> list[list[Fields]]:
    """What each of these finds, all of them of one collection."""
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
    found = await target.aggregate(pipelines[0] + union, batchSize=FIRST_BATCH)
    for document in await found.to_list():
        results[document.pop(_PLACE)].append(document)
    return results
