"""Contacts in the graph: customers as one account knows them."""

import asyncio
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

import models
from graph.core.connections import (
    BY_CONTACT_NAME,
    NEWEST,
    After,
    Before,
    Connection,
    First,
    Last,
    connect,
    read_page,
)
from graph.core.context import Info, IsViewer
from graph.core.enums import describe_enum
from graph.core.ids import parse_id
from graph.core.searching import Search, match_keys
from graph.core.stored import (
    CONTACTS,
    CONVERSATIONS_OF_CONTACTS,
    USERS,
    linked,
    load_contact,
    reads,
    registers_type,
    stored,
)
from graph.inputs.filters import AccountId, NodeId, limit_to_account
from graph.types.accounts import Account, linked_account
from graph.types.users import User

if TYPE_CHECKING:
    from graph.types.conversations import Conversation


@registers_type(models.Contact)
@strawberry.type(description="A customer as one account knows them.")
class Contact(relay.Node):
    node_id: relay.NodeID[str]
    wa_id: str | None = stored(
        "wa_id",
        description="WhatsApp's phone digits; null for somebody who hides their phone number.",
    )
    phone_number: str | None = stored(
        "phone_number", description="Phone number in E.164 form; null for somebody who hides it."
    )
    profile_name: str | None = stored(
        "profile_name", description="The name they gave themselves in WhatsApp."
    )
    username: str | None = stored("username", description="Their WhatsApp username.")
    business_scoped_user_id: str | None = stored(
        "bsuid",
        description="WhatsApp's id of the person for your business; there without a phone too.",
    )
    parent_business_scoped_user_id: str | None = stored(
        "parent_bsuid",
        needs=["identities"],
        description="WhatsApp's id of the person for all linked businesses, where there are some.",
    )
    name: str | None = stored("name", description="The name your staff gave them.")
    tags: list[str] = stored("tags", description="Labels that your staff gave them.")
    attributes: JSON = stored(
        "attributes", description="Whatever else your application keeps here."
    )
    blocked: bool = stored(
        "blocked", description="Whether they are blocked: they can neither write nor be written to."
    )
    marketing_opt_out: bool = stored(
        "marketing_opt_out", description="Whether they want no marketing messages."
    )
    created_at: datetime = stored("created_at", description="When they became known.")
    updated_at: datetime = stored("updated_at", description="When they were last changed.")
    account: Account = linked_account("The account that knows them.")
    user: User | None = linked(
        "user_id",
        USERS,
        description="The person they are; null until they have written or your staff linked them.",
    )
    conversation: Annotated["Conversation", strawberry.lazy("graph.types.conversations")] | None = (
        linked(
            "id",
            CONVERSATIONS_OF_CONTACTS,
            description="What was said with them; null before the first message.",
        )
    )
    document: strawberry.Private[models.Contact]

    @strawberry.field(
        description="Up to 10 contacts that WhatsApp has shown to be the same person."
        " Merge them with `mergeContacts`.",
        metadata=reads("duplicate_ids"),
    )
    async def possible_duplicates(self, info: Info) -> list["Contact"]:
        ids = self.document.duplicate_ids
        found = await asyncio.gather(*(load_contact(info, one) for one in ids))
        return [Contact.from_document(one) for one in found if one is not None]

    @classmethod
    def from_document(cls, document: models.Contact) -> Self:
        return cls(node_id=str(document.id), document=document)


def linked_contact(description: str) -> Any:
    """The contact of a document that can't be without one."""
    return linked("contact_id", CONTACTS, description=description, missing="contact")


@strawberry.input(description="Which contacts; all the given conditions must hold.")
class ContactFilter:
    tags: list[str] | None = strawberry.field(default=None, description="They have all these tags.")
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="They are this person."
    )
    has_user: bool | None = strawberry.field(
        default=None, description="Whether it is known which person they are."
    )
    blocked: bool | None = strawberry.field(default=None, description="Whether they are blocked.")
    marketing_opt_out: bool | None = strawberry.field(
        default=None, description="Whether they want no marketing messages."
    )
    created_since: datetime | None = strawberry.field(
        default=None, description="They became known at this moment or later."
    )

    def list_conditions(self) -> list[dict[str, Any]]:
        conditions: list[dict[str, Any]] = []
        if self.tags:
            conditions.append({"tags": {"$all": self.tags}})
        if self.user_id is not None:
            conditions.append({"user_id": parse_id(self.user_id, "User") or "none"})
        if self.has_user is not None:
            conditions.append({"user_id": {"$ne": None} if self.has_user else None})
        if self.blocked is not None:
            conditions.append({"blocked": self.blocked})
        if self.marketing_opt_out is not None:
            conditions.append({"marketing_opt_out": self.marketing_opt_out})
        if self.created_since is not None:
            conditions.append({"created_at": {"$gte": self.created_since}})
        return conditions


class ContactOrder(Enum):
    NEWEST = "NEWEST"
    NAME = "NAME"


describe_enum(
    ContactOrder,
    name="ContactOrder",
    description="How contacts are sorted.",
    values={
        "NEWEST": "Who became known last comes first.",
        "NAME": "By the name that your staff gave them, else their own, else their number; in any"
        " case and without accents.",
    },
)
_ORDERS = {ContactOrder.NEWEST: NEWEST, ContactOrder.NAME: BY_CONTACT_NAME}


@strawberry.type
class ContactQueries:
    @strawberry.field(
        permission_classes=[IsViewer],
        description="The contact with this id, or null. Requires role VIEWER.",
    )
    async def contact(self, info: Info, id: NodeId) -> Contact | None:
        contact_id = parse_id(id, "Contact")
        document = await load_contact(info, contact_id) if contact_id else None
        return Contact.from_document(document) if document else None

    @strawberry.field(
        permission_classes=[IsViewer],
        description="The contacts you may see. Requires role VIEWER.",
    )
    async def contacts(
        self,
        info: Info,
        account_id: AccountId = None,
        search: Search = None,
        filter: Annotated[
            ContactFilter | None, strawberry.argument(description="Only contacts like these.")
        ] = None,
        order_by: Annotated[
            ContactOrder,
            strawberry.argument(description="How they are sorted; cursors are of one order."),
        ] = ContactOrder.NEWEST,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Contact]:
        page = read_page(info, first=first, after=after, last=last, before=before)
        conditions = [limit_to_account(info, account_id)]
        if search is not None:
            conditions.append(match_keys(search))
        conditions += filter.list_conditions() if filter else []
        return await connect(
            models.Contact,
            {"$and": conditions},
            Contact.from_document,
            order=_ORDERS[order_by],
            page=page,
        )
