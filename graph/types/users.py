"""Users in the graph: the people behind contacts."""

from typing import TYPE_CHECKING, Annotated, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

import models
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.enums import DescribedEnum, describe_enum
from graph.core.pages import BY_USER_NAME, NEWEST
from graph.core.scalars import PhoneNumber
from graph.core.searching import Search, match_keys
from graph.core.stored import load_user, registers_type, stored
from graph.inputs.contact_filter import UserFilter
from graph.types.connection_field import (
    DocumentList,
    connection_field,
    list_cursor_field,
    node_field,
)
from graph.types.timestamped import Timestamped

if TYPE_CHECKING:
    from graph.types.contacts import Contact


class UserOrder(DescribedEnum):
    NEWEST = "NEWEST", "Most recently created first."
    NAME = (
        "NAME",
        "By name, else e-mail address, external id or phone number; ignores case and accents.",
    )


describe_enum(UserOrder, description="Sort order of users.")
_ORDERS = {UserOrder.NEWEST: NEWEST, UserOrder.NAME: BY_USER_NAME}


@registers_type(models.User)
@strawberry.type(description="Person behind contacts of one or more accounts.")
class User(relay.Node, Timestamped):
    node_id: relay.NodeID[str]
    name: str | None = stored("name", description="Name of the person.")
    phone: PhoneNumber | None = stored("phone", description="Phone number.")
    email: str | None = stored("email", description="E-mail address.")
    external_id: str | None = stored(
        "external_id", description="Id of the person in your application."
    )
    attributes: JSON = stored(
        "attributes", description="JSON object for your application's own data."
    )
    list_cursor: str = list_cursor_field("`users`", _ORDERS)
    document: strawberry.Private[models.User]

    @connection_field(
        Annotated["Contact", strawberry.lazy("graph.types.contacts")],
        description="Contacts of this person, newest first.",
        needs=["id"],
    )
    def contacts(self, info: Info) -> DocumentList:
        visible = get_viewer(info).limit_accounts()
        return DocumentList(models.Contact, {"user_id": self.document.id, **visible})

    @classmethod
    def from_document(cls, document: models.User) -> Self:
        return cls(node_id=str(document.id), document=document)


@strawberry.type
class UserQueries:
    user = node_field(User, load_user)

    @connection_field(
        User,
        permission_classes=[IsViewer],
        description="Lists the users visible to the caller. Requires role VIEWER.",
    )
    def users(
        self,
        info: Info,
        search: Search = None,
        filter: Annotated[
            UserFilter | None,
            strawberry.argument(description="Returns only users that match this filter."),
        ] = None,
        order_by: Annotated[
            UserOrder,
            strawberry.argument(description="Sort order; a cursor is valid for one order only."),
        ] = UserOrder.NEWEST,
    ) -> DocumentList:
        conditions = [get_viewer(info).limit_accounts("account_ids")]
        if search is not None:
            conditions.append(match_keys(search))
        conditions += filter.list_conditions() if filter else []
        return DocumentList(models.User, {"$and": conditions}, _ORDERS[order_by])
