"""Contacts in the graph: the customers of an account."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

import models
from graph.core.context import Info, IsViewer
from graph.core.enums import DescribedEnum, describe_enum
from graph.core.pages import BY_ACTIVITY, BY_CONTACT_NAME, NEWEST, write_cursor
from graph.core.scalars import PhoneNumber
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
from graph.inputs.contact_filter import ContactFilter
from graph.types.accounts import HasAccount
from graph.types.connection_field import (
    AccountId,
    DocumentList,
    connection_field,
    describe_list_cursor,
    limit_to_account,
    name_accounts,
    node_field,
    wait_for_summaries,
)
from graph.types.inbox.contact_activity import ActiveContacts
from graph.types.inbox.tags import Taggable
from graph.types.timestamped import Timestamped
from graph.types.users import User

if TYPE_CHECKING:
    from graph.types.conversations import Conversation


class ContactOrder(DescribedEnum):
    NEWEST = "NEWEST", "Most recently created first."
    NAME = (
        "NAME",
        "By staff-given name, else profile name, else phone number; ignores case and accents.",
    )
    LAST_ACTIVITY = (
        "LAST_ACTIVITY",
        "By newest message, most recent first; contacts without a conversation are left out. If a"
        " filter matches more than 10,000 contacts, a page may be shorter than `first` or even"
        " empty although `hasNextPage` is true.",
    )


describe_enum(ContactOrder, description="Sort order of contacts.")
_ORDERS = {ContactOrder.NEWEST: NEWEST, ContactOrder.NAME: BY_CONTACT_NAME}


@registers_type(models.Contact)
@strawberry.type(description="Customer of one account.")
class Contact(Taggable, HasAccount, Timestamped):
    node_id: relay.NodeID[str]
    wa_id: str | None = stored(
        "wa_id",
        description="WhatsApp's id of the phone number, as digits; null if the customer hides the"
        " number.",
    )
    phone_number: PhoneNumber | None = stored(
        "phone_number", description="Phone number; null if the customer hides it."
    )
    profile_name: str | None = stored(
        "profile_name", description="Name that the customer chose in WhatsApp."
    )
    username: str | None = stored("username", description="WhatsApp username.")
    business_scoped_user_id: str | None = stored(
        "bsuid",
        description="WhatsApp's id of the person for your business; available even if the phone"
        " number is hidden.",
    )
    parent_business_scoped_user_id: str | None = stored(
        "parent_bsuid",
        needs=["identities"],
        description="WhatsApp's id of the person across linked businesses; null if there are none.",
    )
    name: str | None = stored("name", description="Name given by your staff.")
    attributes: JSON = stored(
        "attributes", description="JSON object for your application's own data."
    )
    blocked: bool = stored(
        "blocked",
        description="True if the contact is blocked; blocked contacts can neither send nor receive"
        " messages.",
    )
    marketing_opt_out: bool = stored(
        "marketing_opt_out", description="True if the customer opted out of marketing messages."
    )
    user: User | None = linked(
        "user_id",
        USERS,
        description="User behind the contact; null until the customer writes or your staff link"
        " one.",
    )
    conversation: Annotated["Conversation", strawberry.lazy("graph.types.conversations")] | None = (
        linked(
            "id",
            CONVERSATIONS_OF_CONTACTS,
            description="Conversation with the contact; null before the first message.",
        )
    )
    document: strawberry.Private[models.Contact]

    @strawberry.field(
        description="Up to 10 contacts that belong to the same person according to WhatsApp. Merge"
        " them with `mergeContacts`.",
        metadata=reads("duplicate_ids"),
    )
    async def possible_duplicates(self, info: Info) -> list["Contact"]:
        ids = self.document.duplicate_ids
        documents = await asyncio.gather(*(load_contact(info, contact_id) for contact_id in ids))
        return [Contact.from_document(document) for document in documents if document is not None]

    @strawberry.field(
        description=f"{describe_list_cursor('`contacts`')} With LAST_ACTIVITY, it is the cursor"
        " of the contact's conversation in `conversations`; null without a conversation.",
        metadata=reads("id", "created_at", "sort_name"),
    )
    async def list_cursor(
        self,
        info: Info,
        order_by: Annotated[
            ContactOrder, strawberry.argument(description="Sort order of the list.")
        ] = ContactOrder.NEWEST,
    ) -> str | None:
        if order_by is not ContactOrder.LAST_ACTIVITY:
            return write_cursor(_ORDERS[order_by], self.document)
        conversation = await CONVERSATIONS_OF_CONTACTS.load(info, self.document.id)
        return None if conversation is None else write_cursor(BY_ACTIVITY, conversation)

    @classmethod
    def from_document(cls, document: models.Contact) -> Self:
        return cls(node_id=str(document.id), document=document)


def linked_contact(description: str) -> Any:
    """Returns the field for the contact of a document that always has one."""
    return linked("contact_id", CONTACTS, description=description, missing="contact")


@strawberry.type
class ContactQueries:
    contact = node_field(Contact, load_contact)

    @connection_field(
        Contact,
        permission_classes=[IsViewer],
        description="Lists the contacts visible to the caller. Requires role VIEWER.",
    )
    async def contacts(
        self,
        info: Info,
        account_id: AccountId = None,
        search: Search = None,
        filter: Annotated[
            ContactFilter | None,
            strawberry.argument(description="Returns only contacts that match this filter."),
        ] = None,
        order_by: Annotated[
            ContactOrder,
            strawberry.argument(description="Sort order; a cursor is valid for one order only."),
        ] = ContactOrder.NEWEST,
    ) -> DocumentList | ActiveContacts:
        conditions = filter.list_conditions() if filter else []
        if search is not None and (condition := match_keys(search)):
            conditions.append(condition)
        # The indexes of searches and filters begin with the account.
        of_accounts = (
            await name_accounts(info, account_id)
            if conditions
            else await limit_to_account(info, account_id)
        )
        if order_by is ContactOrder.LAST_ACTIVITY:
            await wait_for_summaries(info, account_id)
            return ActiveContacts(of_accounts, conditions)
        return DocumentList(models.Contact, {"$and": [of_accounts, *conditions]}, _ORDERS[order_by])
