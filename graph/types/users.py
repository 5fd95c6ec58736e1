"""Users in the graph: the persons behind the contacts."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

import models
from graph.core.connections import (
    NEWEST,
    After,
    Before,
    Connection,
    First,
    Last,
    connect,
    read_page,
)
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.ids import parse_id
from graph.core.searching import Search, match_keys
from graph.core.stored import load_user, reads, registers_type, stored
from graph.inputs.filters import NodeId

if TYPE_CHECKING:
    from graph.types.contacts import Contact


@registers_type(models.User)
@strawberry.type(description="A person, who may be a contact of several accounts.")
class User(relay.Node):
    node_id: relay.NodeID[str]
    name: str | None = stored("name", description="Their name.")
    phone: str | None = stored("phone", description="Their phone number in E.164 form.")
    email: str | None = stored("email", description="Their e-mail address.")
    external_id: str | None = stored(
        "external_id", description="Your own application's id of this person."
    )
    attributes: JSON = stored(
        "attributes", description="Whatever else your application keeps here."
    )
    created_at: datetime = stored("created_at", description="When they became known.")
    updated_at: datetime = stored("updated_at", description="When they were last changed.")
    document: strawberry.Private[models.User]

    @strawberry.field(
        description="The contacts that are this person, newest first.", metadata=reads("id")
    )
    async def contacts(
        self,
        info: Info,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Contact", strawberry.lazy("graph.types.contacts")]]:
        from graph.types.contacts import Contact  # noqa: PLC0415 - contacts and users name each other

        page = read_page(info, first=first, after=after, last=last, before=before)
        linked = {"user_id": self.document.id, **get_viewer(info).limit_accounts()}
        return await connect(models.Contact, linked, Contact.from_document, order=NEWEST, page=page)

    @classmethod
    def from_document(cls, document: models.User) -> Self:
        return cls(node_id=str(document.id), document=document)


@strawberry.type
class UserQueries:
    @strawberry.field(
        permission_classes=[IsViewer],
        description="The user with this id, or null. Requires role VIEWER.",
    )
    async def user(self, info: Info, id: NodeId) -> User | None:
        user_id = parse_id(id, "User")
        document = await load_user(info, user_id) if user_id else None
        return User.from_document(document) if document else None

    @strawberry.field(
        permission_classes=[IsViewer],
        description="The users you may see, newest first. Requires role VIEWER.",
    )
    async def users(
        self,
        info: Info,
        search: Search = None,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[User]:
        page = read_page(info, first=first, after=after, last=last, before=before)
        conditions: dict[str, Any] = get_viewer(info).limit_accounts("account_ids")
        if search is not None:
            conditions.update(match_keys(search))
        return await connect(models.User, conditions, User.from_document, order=NEWEST, page=page)
