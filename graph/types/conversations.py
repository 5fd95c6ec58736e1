"""Conversations in the graph: the inbox."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry
from strawberry import relay

import models
from graph.core.context import Info, IsViewer
from graph.core.enums import ConversationStatus, DescribedEnum, describe_enum
from graph.core.ids import require_id
from graph.core.pages import BY_ACTIVITY, BY_OLDEST_ACTIVITY, BY_TIMESTAMP
from graph.core.stored import (
    LINKED_AGENTS,
    MESSAGES,
    UNREAD_COUNTS,
    linked,
    load_conversation,
    reads,
    registers_type,
    stored,
)
from graph.inputs.conversation_filter import ConversationFilter, list_conditions
from graph.inputs.message_filter import MessageFilter
from graph.inputs.timeline_filter import TimelineFilter, list_selections
from graph.types.accounts import HasAccount
from graph.types.auth.agents import Agent
from graph.types.connection_field import (
    AccountId,
    DocumentList,
    Listed,
    connection_field,
    limit_to_account,
    list_cursor_field,
    name_accounts,
    node_field,
    wait_for_summaries,
)
from graph.types.contacts import Contact, linked_contact
from graph.types.inbox.presence import ConversationViewer
from graph.types.inbox.tags import Taggable
from graph.types.inbox.timeline import TimelineItem
from models.database.base import utc_now
from models.database.coalescing import find_by
from whatsapp.conversations.changes import record_reopenings
from whatsapp.conversations.conversations import window_expires_at, window_is_open
from whatsapp.errors import NotFound

if TYPE_CHECKING:
    from graph.types.messages import Message


Around = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Id of the message to show in the middle of the page; if the filter excludes"
        " it, the page shows the items around its place. Not with `after` or `before`."
    ),
]


class ConversationOrder(DescribedEnum):
    NEWEST_ACTIVITY = "NEWEST_ACTIVITY", "Most recently active first."
    OLDEST_ACTIVITY = "OLDEST_ACTIVITY", "Least recently active first."


describe_enum(ConversationOrder, description="Sort order of conversations.")
_ORDERS = {
    ConversationOrder.NEWEST_ACTIVITY: BY_ACTIVITY,
    ConversationOrder.OLDEST_ACTIVITY: BY_OLDEST_ACTIVITY,
}


@strawberry.type(
    description="Customer service window: the 24 hours after the customer's last message, in which"
    " free-form messages may be sent. Outside it, only templates may be sent."
)
class ServiceWindow:
    is_open: bool = strawberry.field(description="True if the window is open now.")
    expires_at: datetime | None = strawberry.field(
        description="Time at which the window ends or ended; null if the customer never wrote."
    )


@registers_type(models.Conversation)
@strawberry.type(description="Conversation between an account and a contact.")
class Conversation(Taggable, HasAccount):
    node_id: relay.NodeID[str]
    status: ConversationStatus = stored("status", description="Status of the conversation.")
    assignee: Agent | None = linked(
        "assignee_id",
        LINKED_AGENTS,
        description="Agent in charge of the conversation; null if it has no assignee.",
    )
    last_activity_at: datetime = stored(
        "last_activity_at", description="Time of the newest message; lists are sorted by it."
    )
    waiting_since: datetime | None = stored(
        "waiting_since",
        needs=["unanswered_at"],
        description="Time of the first message that the customer wrote after your last message,"
        " not counting failed and cancelled ones; null if you wrote last.",
    )
    created_at: datetime = stored(
        "created_at", description="Time at which the conversation started."
    )
    contact: Contact = linked_contact("Customer of the conversation.")
    unread_count: int = linked(
        "id",
        UNREAD_COUNTS,
        description="Number of unread messages from the customer.",
    )
    last_message: Annotated["Message", strawberry.lazy("graph.types.messages")] | None = linked(
        "last_message_id", MESSAGES, description="Newest message."
    )
    list_cursor: str = list_cursor_field("`conversations`", _ORDERS)
    document: strawberry.Private[models.Conversation]

    @strawberry.field(
        description="Customer service window: whether free-form messages may be sent, and until"
        " when.",
        metadata=reads("last_inbound_at"),
    )
    def service_window(self) -> ServiceWindow:
        return ServiceWindow(
            is_open=window_is_open(self.document, utc_now()),
            expires_at=window_expires_at(self.document),
        )

    @strawberry.field(
        description="Agents that are looking at the conversation or typing in it, in order of"
        " arrival: those that subscribe to its `presenceChanged`. At most two seconds old.",
        metadata=reads("id"),
    )
    async def viewers(self, info: Info) -> list[ConversationViewer]:
        colleagues = await info.context.services.presence.read()
        return [
            ConversationViewer(document=colleague)
            for colleague in colleagues.get(self.document.id, ())
        ]

    @connection_field(
        Annotated["Message", strawberry.lazy("graph.types.messages")],
        description="Messages of the conversation, newest first. With `around`, `first` or `last`"
        " sets the page size; its cursors continue the list in both directions.",
        needs=["id"],
    )
    def messages(
        self,
        filter: Annotated[
            MessageFilter | None,
            strawberry.argument(description="Returns only messages that match this filter."),
        ] = None,
        around: Around = None,
    ) -> Listed:
        said_here = {"conversation_id": self.document.id, **models.NO_OWN_REACTIONS}
        conditions = [said_here, *(filter.list_conditions() if filter else [])]
        listed = DocumentList(models.Message, {"$and": conditions}, BY_TIMESTAMP)
        return listed if around is None else self._list_around(listed, around)

    @connection_field(
        TimelineItem,
        description="Messages, calls, notes and changes of the conversation in one list, newest"
        " first. Cursors of `messages` are valid here, too. With `around`, `first` or `last` sets"
        " the page size; its cursors continue the list in both directions.",
        needs=["id", "reopenings"],
    )
    async def timeline(
        self,
        filter: Annotated[
            TimelineFilter | None,
            strawberry.argument(description="Returns only items that match this filter."),
        ] = None,
        around: Around = None,
    ) -> DocumentList:
        if self.document.reopenings:
            await record_reopenings([self.document.id])
        kinds = None if filter is None else filter.kinds
        (document_class, matched), *others = list_selections(self.document.id, kinds)
        listed = DocumentList(document_class, matched, BY_TIMESTAMP, merged_with=others)
        return listed if around is None else await self._list_around(listed, around)

    async def _list_around(self, listed: DocumentList, message_id: str) -> DocumentList:
        key = require_id(message_id, "Message", "around")
        fields = ("conversation_id", *BY_TIMESTAMP.fields)
        message = await find_by(models.Message, "_id", fields=fields).load(key)
        if message is None or message["conversation_id"] != self.document.id:
            raise NotFound("The message", field=["around"])
        return replace(listed, around=[message[name] for name in BY_TIMESTAMP.fields])

    @classmethod
    def from_document(cls, document: models.Conversation) -> Self:
        return cls(node_id=str(document.id), document=document)


@strawberry.type
class ConversationQueries:
    conversation = node_field(Conversation, load_conversation)

    @connection_field(
        Conversation,
        permission_classes=[IsViewer],
        description="Lists the conversations visible to the caller. Requires role VIEWER.",
    )
    async def conversations(
        self,
        info: Info,
        account_id: AccountId = None,
        filter: Annotated[
            ConversationFilter | None,
            strawberry.argument(description="Returns only conversations that match this filter."),
        ] = None,
        order_by: Annotated[
            ConversationOrder,
            strawberry.argument(description="Sort order; a cursor is valid for one order only."),
        ] = ConversationOrder.NEWEST_ACTIVITY,
    ) -> DocumentList:
        of_accounts = await limit_to_account(info, account_id)
        # A caller limited to accounts names them without a read.
        if filter is not None and filter.needs_accounts and "account_id" not in of_accounts:
            of_accounts = await name_accounts(info, account_id)
        await wait_for_summaries(info, account_id)
        conditions = [of_accounts]
        conditions += (await list_conditions([filter], of_accounts))[0] if filter else []
        return DocumentList(models.Conversation, {"$and": conditions}, _ORDERS[order_by])
