"""Keyset pagination: cursors are sort keys, so pages stay correct while lists change."""

import asyncio
import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, TypeVar

from beanie import Document, PydanticObjectId
from beanie.odm.enums import SortDirection
from bson import ObjectId
from bson.errors import InvalidId

from graph.core.errors import bad_input
from graph.core.loaders import Loaders, PageQuery
from models.database.conversion import from_bson

DocumentT = TypeVar("DocumentT", bound=Document)
Selection = tuple[type[Document], Mapping[str, Any]]
"""The documents of a class that match a filter."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Order:
    """A total order of a collection: fields with their types, the last field unique and not null.

    Cursors contain the name, so that a cursor of another order is refused.
    """

    name: str
    fields: Mapping[str, type]
    descending: bool = True

    @cached_property
    def attributes(self) -> list[str]:
        """Attributes of a document for these fields."""
        return [name.lstrip("_") for name in self.fields]

    def list_sort(self, *, backward: bool) -> list[tuple[str, SortDirection]]:
        is_descending = self.descending != backward
        direction = SortDirection.DESCENDING if is_descending else SortDirection.ASCENDING
        return [(field, direction) for field in self.fields]


NEWEST = Order("newest", {"created_at": datetime, "_id": PydanticObjectId})
NEWEST_TEXT_ID = Order("newest", {"created_at": datetime, "_id": str})
NEWEST_REPORTED = Order("told", {"at": datetime, "_id": str})
BY_ACTIVITY = Order("activity", {"last_activity_at": datetime, "_id": PydanticObjectId})
BY_OLDEST_ACTIVITY = Order(
    "oldest_activity", {"last_activity_at": datetime, "_id": PydanticObjectId}, descending=False
)
BY_TIMESTAMP = Order("timestamp", {"timestamp": datetime, "_id": PydanticObjectId})
BY_AGENT_NAME = Order("agent_name", {"sort_name": str, "_id": PydanticObjectId}, descending=False)
BY_CONTACT_NAME = Order("name", {"sort_name": str, "_id": PydanticObjectId}, descending=False)
BY_USER_NAME = Order("user_name", {"sort_name": str, "_id": PydanticObjectId}, descending=False)
# Unique within an account only.
BY_SHORTCUT = Order("shortcut", {"shortcut_key": str}, descending=False)
BY_TEMPLATE_NAME = Order(
    "name", {"name": str, "language": str, "_id": PydanticObjectId}, descending=False
)


@dataclass(frozen=True)
class PageRequest:
    """The checked arguments of a connection field."""

    size: int
    loaders: Loaders
    """Loaders that batch the read."""
    backward: bool = False
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class Page(Generic[DocumentT]):
    documents: list[DocumentT]
    has_next: bool
    has_previous: bool


async def paginate(
    document_class: type[DocumentT],
    filter: Mapping[str, Any],
    *,
    order: Order,
    page: PageRequest,
    hidden: Sequence[str] = (),
    around: list[Any] | None = None,
    fields: Collection[str] | None = None,
    merged_with: Sequence[Selection] = (),
) -> Page[Any]:
    """Reads a page of the documents that match `filter`, without the fields `hidden`.

    `around` is a sort key: the page has it in its middle, if the list has enough items on both
    sides. `fields` are read instead of the fields that the operation needs. The list also has the
    documents of `merged_with`; all collections have the fields of the order.

    Raises:
        RequestError: BAD_USER_INPUT, invalid cursor.
    """
    selections: list[Selection] = [(document_class, filter), *merged_with]
    loaders = page.loaders
    sources: list[_Source[Any]] = [
        _Source(
            kind,
            matched,
            order,
            loaders,
            hidden,
            loaders.projections.get(kind) if fields is None else fields,
        )
        for kind, matched in selections
    ]
    source = _MergedSource(order, sources) if merged_with else sources[0]
    if around is not None:
        return await _read_around(source, around, size=page.size)
    bounds = [
        _build_bound(order, read_cursor(order, cursor), is_after=is_after)
        for cursor, is_after in ((page.after, True), (page.before, False))
        if cursor is not None
    ]
    documents, has_more = await source.read(bounds, size=page.size, backward=page.backward)
    if page.backward:
        return Page(documents, has_next=page.before is not None, has_previous=has_more)
    return Page(documents, has_next=has_more, has_previous=page.after is not None)


@dataclass(frozen=True)
class _Source(Generic[DocumentT]):
    """A list that pages are read from."""

    document_class: type[DocumentT]
    filter: Mapping[str, Any]
    order: Order
    loaders: Loaders
    hidden: Sequence[str]
    fields: Collection[str] | None
    """Fields to read; None for all but `hidden`."""

    async def read(
        self, bounds: Sequence[dict[str, Any]], *, size: int, backward: bool
    ) -> tuple[list[DocumentT], bool]:
        """Returns the first documents within the bounds, and whether there are more.

        `backward` reads the last documents; they are in the order of the list, too.
        """
        conditions = [*([dict(self.filter)] if self.filter else []), *bounds]
        sort = self.order.list_sort(backward=backward)
        # One more document shows whether the list continues.
        stored = await self.loaders.pages.load(
            PageQuery(
                self.document_class,
                {"$and": conditions} if conditions else {},
                sort=[(field, direction.value) for field, direction in sort],
                limit=size + 1,
                hidden=self.hidden,
                fields=None if self.fields is None else {*self.fields, *self.order.fields},
            )
        )
        documents = [
            from_bson(self.document_class, fields, fields=self.fields, tolerant=True)
            for fields in stored[:size]
        ]
        return documents[::-1] if backward else documents, len(stored) > size


@dataclass(frozen=True)
class _MergedSource:
    """A list of the documents of several collections."""

    order: Order
    sources: Sequence[_Source[Any]]

    async def read(
        self, bounds: Sequence[dict[str, Any]], *, size: int, backward: bool
    ) -> tuple[list[Any], bool]:
        """Same as `_Source.read`."""
        reads = [source.read(bounds, size=size, backward=backward) for source in self.sources]
        parts = await asyncio.gather(*reads)
        documents = sorted(
            (document for part, _ in parts for document in part),
            key=attrgetter(*self.order.attributes),
            reverse=self.order.descending,
        )
        start = max(len(documents) - size, 0) if backward else 0
        has_more = len(documents) > size or any(more for _, more in parts)
        return documents[start : start + size], has_more


async def _read_around(
    source: _Source[Any] | _MergedSource, key: list[Any], *, size: int
) -> Page[Any]:
    order = source.order
    from_key = _build_bound(order, key, is_after=True, inclusive=True)
    before_key = _build_bound(order, key, is_after=False)
    (after, has_next), (before, has_previous) = await asyncio.gather(
        source.read([from_key], size=size, backward=False),
        source.read([before_key], size=size, backward=True),
    )
    # A short half leaves its room to the other.
    number_before = min(len(before), max(size // 2, size - len(after)))
    number_after = min(len(after), size - number_before)
    return Page(
        before[len(before) - number_before :] + after[:number_after],
        has_next=has_next or number_after < len(after),
        has_previous=has_previous or number_before < len(before),
    )


def _build_bound(
    order: Order, values: list[Any], *, is_after: bool, inclusive: bool = False
) -> dict[str, Any]:
    descends = order.descending == is_after
    fields = list(order.fields)
    choices = [
        {**dict(zip(fields[:depth], values, strict=False)), **beyond}
        for depth, field in enumerate(fields)
        if (beyond := _build_comparison(field, values[depth], descends=descends))
    ]
    if inclusive:
        choices.append(dict(zip(fields, values, strict=True)))
    first = values[0]
    if first is None or (descends and order.fields[fields[0]] is str):
        # Null sorts below every string, which a range of strings does not cover.
        return {"$or": choices}
    # A separate range of the first field bounds the index scan.
    return {fields[0]: {"$lte" if descends else "$gte": first}, "$or": choices}


def _build_comparison(field: str, value: Any, *, descends: bool) -> dict[str, Any] | None:
    """Matches values beyond `value`, with null as the least; None if there are none."""
    if not descends:
        return {field: {"$ne": None} if value is None else {"$gt": value}}
    if value is None:
        return None
    if isinstance(value, str) and field != "_id":
        return {"$or": [{field: {"$lt": value}}, {field: None}]}
    return {field: {"$lt": value}}


def write_cursor(order: Order, document: Document) -> str:
    values = ",".join([_write_value(getattr(document, name)) for name in order.attributes])
    text = f'["{order.name}",{values}]'
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _write_value(value: Any) -> str:
    """Encodes a value as JSON, faster than `json.dumps`: every edge has two values."""
    if isinstance(value, ObjectId):
        return f'"{value.binary.hex()}"'
    if isinstance(value, datetime):
        since = value - _EPOCH
        return str(since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000)
    return json.dumps(None if value is None else str(value))


def read_cursor(order: Order, cursor: str) -> list[Any]:
    """Returns the sort key in a cursor.

    Raises:
        RequestError: BAD_USER_INPUT, the cursor is invalid or of another order.
    """
    kinds = list(order.fields.values())
    try:
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", True))
        if not isinstance(values, list) or values[:1] != [order.name]:
            raise bad_input("Invalid cursor: it belongs to another list or order.")
        key = [_read_value(kind, value) for kind, value in zip(kinds, values[1:], strict=True)]
    except (binascii.Error, ValueError, RecursionError, InvalidId, OverflowError, TypeError):
        raise bad_input("Invalid cursor.") from None
    if key[-1] is None:
        raise bad_input("Invalid cursor.")
    return key


def _read_value(kind: type, value: Any) -> Any:
    if kind is datetime:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(value)
        return _EPOCH + value * _MILLISECOND
    if kind is str and value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(value)
    value.encode()  # raises ValueError for a lone surrogate
    return kind(value)
