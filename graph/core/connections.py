"""Keyset pagination: cursors are sort keys, so pages stay correct while lists change."""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Generic, Self, TypeVar

import strawberry
from beanie import Document, PydanticObjectId
from beanie.odm.enums import SortDirection
from bson import ObjectId
from bson.errors import InvalidId
from graphql import VariableNode
from strawberry import relay
from strawberry.relay.types import NodeType

from graph.core.context import Info, get_loaders
from graph.core.errors import bad_input
from graph.core.loaders import MAX_COUNT, Count, CountQuery, Loaders, PageQuery
from graph.core.strawberry_internals import get_resolve_info
from models.database.conversion import from_bson

DocumentT = TypeVar("DocumentT", bound=Document)
NodeT = TypeVar("NodeT", bound=relay.Node)

PAGE_SIZE = 50
MAX_PAGE_SIZE = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

First = Annotated[
    int | None,
    strawberry.argument(description="Number of items from the start, 0 to 100; not with `last`."),
]
After = Annotated[str | None, strawberry.argument(description="Only items after this cursor.")]
Last = Annotated[
    int | None,
    strawberry.argument(description="Number of items from the end, 0 to 100; not with `first`."),
]
Before = Annotated[str | None, strawberry.argument(description="Only items before this cursor.")]


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
BY_CONTACT_NAME = Order("name", {"sort_name": str, "_id": PydanticObjectId}, descending=False)
# Unique within an account only.
BY_SHORTCUT = Order("shortcut", {"shortcut_key": str}, descending=False)
BY_TEMPLATE_NAME = Order(
    "name", {"name": str, "language": str, "_id": PydanticObjectId}, descending=False
)


@strawberry.type(description="Number of items in a list, up to a maximum.")
class ListCount:
    value: int = strawberry.field(description=f"Number of items, at most {MAX_COUNT:,}.")
    is_capped: bool = strawberry.field(description="True if the list has more items than `value`.")

    @classmethod
    def from_count(cls, count: Count) -> Self:
        return cls(value=count.value, is_capped=count.is_capped)


@strawberry.type(description="A page of a list.")
class Connection(relay.Connection[NodeType]):
    load_count: strawberry.Private[Callable[[], Awaitable[Count]]]

    @strawberry.field(description="Items of the page, without the cursors of `edges`.")
    def nodes(self) -> list[NodeType]:
        return [edge.node for edge in self.edges]

    @strawberry.field(
        description="Number of items in the whole list, whatever the page. Costs 10 objects."
    )
    async def count(self) -> ListCount:
        return ListCount.from_count(await self.load_count())


class Edge(relay.Edge[NodeType]):
    """An edge that encodes its cursor on demand, because most clients read `endCursor` only."""

    def __init__(self, node: NodeType, order: Order, document: Document) -> None:
        self.node = node
        self._order = order
        self._document = document

    @property
    def cursor(self) -> str:  # type: ignore[override]  # a field of the class it is shown as
        return write_cursor(self._order, self._document)


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


def read_page(
    info: Info, *, first: int | None, after: str | None, last: int | None, before: str | None
) -> PageRequest:
    """Checks the arguments of a connection field.

    Raises:
        RequestError: BAD_USER_INPUT, `first` and `last` together or outside 0..100.
    """
    if last is not None and first is not None and _is_given(info, "first"):
        raise bad_input("Use `first` or `last`, not both.")
    backward = last is not None
    size = last if last is not None else PAGE_SIZE if first is None else first
    if not 0 <= size <= MAX_PAGE_SIZE:
        raise bad_input(f"`first` and `last` must be between 0 and {MAX_PAGE_SIZE}.")
    return PageRequest(size, get_loaders(info), backward, after, before)


def _is_given(info: Info, name: str) -> bool:
    """Checks whether the document gives the argument, as opposed to its default."""
    for argument in get_resolve_info(info).field_nodes[0].arguments or ():
        if argument.name.value == name:
            value = argument.value
            return not isinstance(value, VariableNode) or value.name.value in info.variable_values
    return False


async def paginate(
    document_class: type[DocumentT],
    filter: Mapping[str, Any],
    *,
    order: Order,
    page: PageRequest,
    hidden: Sequence[str] = (),
) -> Page[DocumentT]:
    """Reads a page of the documents that match `filter`, without the fields `hidden`.

    Raises:
        RequestError: BAD_USER_INPUT, invalid cursor.
    """
    bounds = [dict(filter)] if filter else []
    for cursor, is_after in ((page.after, True), (page.before, False)):
        if cursor is not None:
            bounds.append(_build_bound(order, read_cursor(order, cursor), is_after=is_after))
    query = {"$and": bounds} if bounds else {}
    sort = order.list_sort(backward=page.backward)
    projection = page.loaders.projections.get(document_class)
    # One more document shows whether the list continues.
    stored = await page.loaders.pages.load(
        PageQuery(
            document_class,
            query,
            sort=[(field, direction.value) for field, direction in sort],
            limit=page.size + 1,
            hidden=hidden,
            fields=None if projection is None else {*projection, *order.fields},
        )
    )
    documents = [
        from_bson(document_class, fields, fields=projection, tolerant=True)
        for fields in stored[: page.size]
    ]
    has_more = len(stored) > page.size
    if page.backward:
        return Page(documents[::-1], has_next=page.before is not None, has_previous=has_more)
    return Page(documents, has_next=has_more, has_previous=page.after is not None)


def _build_bound(order: Order, values: list[Any], *, is_after: bool) -> dict[str, Any]:
    descends = order.descending == is_after
    fields = list(order.fields)
    choices = [
        {**dict(zip(fields[:depth], values, strict=False)), **beyond}
        for depth, field in enumerate(fields)
        if (beyond := _build_comparison(field, values[depth], descends=descends))
    ]
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


async def connect(
    document_class: type[DocumentT],
    filter: Mapping[str, Any],
    to_node: Callable[[DocumentT], NodeT],
    *,
    order: Order,
    page: PageRequest,
    hidden: Sequence[str] = (),
) -> Connection[NodeT]:
    """Reads a page like `paginate` and returns a Relay connection."""
    result = await paginate(document_class, filter, order=order, page=page, hidden=hidden)
    edges = [Edge(to_node(document), order, document) for document in result.documents]
    page_info = relay.PageInfo(
        has_next_page=result.has_next,
        has_previous_page=result.has_previous,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(
        page_info=page_info,
        edges=list(edges),
        load_count=lambda: page.loaders.counts.load(CountQuery(document_class, filter)),
    )


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
