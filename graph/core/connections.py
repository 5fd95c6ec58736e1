"""Relay connections: their arguments, types and pages."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Self, TypeVar

import strawberry
from beanie import Document
from graphql import VariableNode
from strawberry import relay
from strawberry.relay.types import NodeType

from graph.core.context import Info, get_loaders
from graph.core.errors import bad_input
from graph.core.loaders import MAX_COUNT, Count, CountQuery
from graph.core.pages import (
    DocumentT,
    Order,
    Page,
    PageRequest,
    Selection,
    paginate,
    write_cursor,
)
from graph.core.strawberry_internals import get_resolve_info

NodeT = TypeVar("NodeT", bound=relay.Node)

PAGE_SIZE = 50
MAX_PAGE_SIZE = 100

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


MakeEdge = Callable[[Any, Order, Any], Edge[Any]]
"""Makes the edge of a node from the order and the document."""


async def connect(
    document_class: type[DocumentT],
    filter: Mapping[str, Any],
    to_node: Callable[[DocumentT], NodeT],
    *,
    order: Order,
    page: PageRequest,
    hidden: Sequence[str] = (),
    around: list[Any] | None = None,
    merged_with: Sequence[Selection] = (),
    connection_class: type[Connection[Any]] = Connection,
    make_edge: MakeEdge = Edge,
) -> Connection[NodeT]:
    """Reads a page like `paginate` and returns a Relay connection."""
    is_bounded = page.after is not None or page.before is not None
    if around is not None and is_bounded:
        raise bad_input("Use `around` without `after` and `before`.")
    result = await paginate(
        document_class,
        filter,
        order=order,
        page=page,
        hidden=hidden,
        around=around,
        merged_with=merged_with,
    )
    edges = [make_edge(to_node(document), order, document) for document in result.documents]
    selections: list[Selection] = [(document_class, filter), *merged_with]
    return make_connection(connection_class, edges, result, lambda: _load_count(page, selections))


def make_connection(
    connection_class: type[Connection[Any]],
    edges: Sequence[Edge[NodeT]],
    page: Page[Any],
    load_count: Callable[[], Awaitable[Count]],
) -> Connection[NodeT]:
    """Returns the connection of a page with these edges."""
    page_info = relay.PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return connection_class(page_info=page_info, edges=list(edges), load_count=load_count)


async def _load_count(page: PageRequest, selections: Sequence[Selection]) -> Count:
    queries = [CountQuery(document_class, matched) for document_class, matched in selections]
    counts = await page.loaders.counts.load_many(queries)
    total = sum(count.value for count in counts)
    is_capped = total > MAX_COUNT or any(count.is_capped for count in counts)
    return Count(min(total, MAX_COUNT), is_capped)
