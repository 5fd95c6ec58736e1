"""Fields that return a document by its id or list documents page by page; shared arguments."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import strawberry
from beanie import Document, PydanticObjectId
from strawberry.permission import BasePermission

from graph.core.connections import (
    PAGE_SIZE,
    After,
    Before,
    Connection,
    Edge,
    First,
    Last,
    MakeEdge,
    connect,
    read_page,
)
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.ids import get_label, parse_id
from graph.core.pages import NEWEST, Order, PageRequest, Selection, write_cursor
from graph.core.stored import find_node_class, reads, to_node
from graph.types.id_arguments import read_id_arguments, require_visible
from whatsapp.accounts.accounts import list_account_ids
from whatsapp.common.account_workspaces import select_accounts

NodeId = Annotated[strawberry.ID, strawberry.argument(description="Global id.")]
AccountId = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Returns only items of this account; by default, of all accounts visible to"
        " the caller."
    ),
]


async def limit_to_account(info: Info, account_id: str | None) -> dict[str, Any]:
    """Returns a filter for one account, or for all accounts visible to the viewer.

    It matches nothing if the account is not visible.
    """
    viewer = get_viewer(info)
    if account_id is None:
        return viewer.limit_accounts()
    document_id = parse_id(account_id, "Account")
    if document_id is None or not viewer.is_allowed(document_id):
        return {"account_id": {"$in": []}}
    # Without the workspace, indexes that begin with the account answer alone.
    known = await select_accounts(viewer.workspace_id, [document_id])
    return {"account_id": document_id if known else {"$in": []}}


async def wait_for_summaries(info: Info, account_id: str | None) -> None:
    """Waits until the summaries include all events that were sent to subscribers."""
    requested_id = parse_id(account_id, "Account") if account_id is not None else None
    accounts = None if requested_id is None else [requested_id]
    await info.context.services.live.summaries.wait(get_viewer(info), accounts)


async def name_accounts(info: Info, account_id: str | None) -> dict[str, Any]:
    """Same as `limit_to_account`, without accounts that are being deleted.

    It names each account, so that an index can be used that begins with the account.
    """
    requested_id = parse_id(account_id, "Account") if account_id is not None else None
    if account_id is not None and requested_id is None:
        return {"account_id": {"$in": []}}
    return {"account_id": {"$in": await list_account_ids(get_viewer(info), requested_id)}}


@dataclass(frozen=True)
class DocumentList:
    """Documents listed by a connection field."""

    document_class: type[Document]
    filter: Mapping[str, Any]
    order: Order = NEWEST
    hidden: Sequence[str] = ()
    """Large fields that lists do not read."""
    around: list[Any] | None = None
    """Sort key in the middle of the page."""
    merged_with: Sequence[Selection] = ()
    """Further documents of the list; all have the fields of the order."""
    make_edge: MakeEdge = Edge

    async def connect(
        self, _info: Info, page: PageRequest, connection_class: type[Connection[Any]]
    ) -> Connection[Any]:
        node_class = find_node_class(self.document_class)
        return await connect(
            self.document_class,
            self.filter,
            to_node if self.merged_with else node_class.from_document,
            order=self.order,
            page=page,
            hidden=self.hidden,
            around=self.around,
            merged_with=self.merged_with,
            connection_class=connection_class,
            make_edge=self.make_edge,
        )


class Connectable(Protocol):
    """A list of which a connection field reads a page."""

    async def connect(
        self, _info: Info, page: PageRequest, connection_class: type[Connection[Any]], /
    ) -> Connection[Any]: ...


Listed = Connectable | Awaitable[Connectable]

_PAGE_ARGUMENTS: dict[str, tuple[Any, int | None]] = {
    "first": (First, PAGE_SIZE),
    "after": (After, None),
    "last": (Last, None),
    "before": (Before, None),
}


def node_field(
    node_type: Any, load: Callable[[Info, PydanticObjectId], Awaitable[Document | None]]
) -> Any:
    """Makes a field that returns the object with the given global id, or null.

    `load` returns None for a document that does not exist or is not visible to the viewer.
    """
    type_name = node_type.__strawberry_definition__.name

    async def resolve(self: Any, info: Info, id: NodeId) -> Any:  # noqa: ARG001 - a root type
        document_id = parse_id(id, type_name)
        return to_node(await load(info, document_id)) if document_id else None

    resolve.__annotations__["return"] = node_type | None
    return strawberry.field(
        resolver=resolve,
        description=f"Returns the {get_label(type_name)} with this id, or null. Requires role"
        " VIEWER.",
        permission_classes=[IsViewer],
    )


def list_cursor_field(list_name: str, orders: Mapping[Any, Order]) -> Any:
    """Makes a field that returns the cursor of an object in a list, in one of its orders.

    The first order is the default. `list_name` is in the description.
    """
    default = next(iter(orders))

    def resolve(self: Any, order_by: Any = default) -> str:
        return write_cursor(orders[order_by], self.document)

    resolve.__annotations__["order_by"] = Annotated[
        type(default), strawberry.argument(description="Sort order of the list.")
    ]
    needs = {name for order in orders.values() for name in order.attributes}
    return strawberry.field(
        resolver=resolve, description=describe_list_cursor(list_name), metadata=reads(*needs)
    )


def describe_list_cursor(list_name: str) -> str:
    """Returns the description of a field for the cursor of an object in a list."""
    return (
        f"Cursor that the object's edge in {list_name} has. Objects that an event or a mutation"
        " brings have no edge: `after` continues the list behind them with this cursor. It changes"
        " when the object moves in the list."
    )


def connection_field(
    node_type: Any,
    *,
    description: str,
    permission_classes: Sequence[type[BasePermission]] = (),
    needs: Collection[str] | None = None,
    connection_class: type[Connection[Any]] | None = None,
) -> Callable[[Callable[..., Listed]], Any]:
    """Makes a field of type `Connection[node_type]` from a resolver that returns a list.

    An id in an argument or filter that leads to no object is an error if the list is empty. A
    resolver whose list may have items nevertheless checks it by `require_visible_ids`.
    `needs` names the fields that the resolver reads from its own document. `connection_class` is
    another type of the field, for lists with edges of their own.
    """
    returned: Any = connection_class or Connection[node_type]
    if permission_classes:
        # A root field: a refused role or argument makes it null, not all of the response.
        returned = returned | None

    def decorate(resolver: Callable[..., Listed]) -> Any:
        signature = inspect.signature(resolver)
        takes_info = "info" in signature.parameters

        @functools.wraps(resolver)
        async def resolve(*args: Any, **arguments: Any) -> Connection[Any]:
            info = arguments["info"] if takes_info else arguments.pop("info")
            page_arguments: dict[str, Any] = {
                name: arguments.pop(name, default) for name, (_, default) in _PAGE_ARGUMENTS.items()
            }
            page = read_page(info, **page_arguments)
            ids = read_id_arguments(arguments)
            listed = resolver(*args, **arguments)
            documents = await listed if inspect.isawaitable(listed) else listed
            connection = await documents.connect(info, page, connection_class or Connection)
            if ids and not connection.edges:
                # A list with items proves that the objects exist, without reading them.
                await require_visible(info, ids)
            return connection

        resolve.__signature__ = _add_page_arguments(signature, returned)  # type: ignore[attr-defined]  # read by inspect
        return strawberry.field(
            resolver=resolve,
            description=description,
            permission_classes=list(permission_classes),
            metadata=None if needs is None else reads(*needs),
        )

    return decorate


def _add_page_arguments(signature: inspect.Signature, returned: Any) -> inspect.Signature:
    resolver_parameters = signature.parameters
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, (kind, default) in {**_PAGE_ARGUMENTS, "info": (Info, None)}.items()
        if name not in resolver_parameters
    ]
    return signature.replace(
        parameters=[*resolver_parameters.values(), *added],
        return_annotation=returned,
    )
