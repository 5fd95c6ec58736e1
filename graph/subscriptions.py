"""The root type Subscription and its events, each with a cursor to resume from."""

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Self, TypeVar

import pymongo
import strawberry
from beanie import Document, PydanticObjectId

import models
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.enums import MessageStatus
from graph.core.errors import RequestError, bad_input
from graph.core.ids import parse_id
from graph.core.loaders import Loaders
from graph.core.stored import load_account, load_conversation
from graph.core.strawberry_internals import get_resolve_info
from graph.events.cursors import Position
from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from graph.events.subscription import CheckedSubscription, EventFilter
from graph.execution.run import Memo
from graph.types.accounts import Account, require_account
from graph.types.contacts import Contact
from graph.types.conversations import Conversation
from graph.types.messages import Message
from graph.types.templates import Template
from graph.types.users import User
from telemetry.global_ids import encode_id

AccountId = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Returns only events of this account; by default, of all accounts visible to"
        " the caller."
    ),
]
ConversationId = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Returns only events of this conversation and its messages."),
]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Cursor of the last event received, or `eventCursor`. Later events are"
        " replayed first, without gaps or duplicates; by default, only new events are sent."
        " CURSOR_EXPIRED means that they are no longer stored: reload your lists."
    ),
]


@strawberry.interface(description="Change reported to subscribers.")
class Event:
    cursor: str = strawberry.field(
        description="Position of the event in the stream; pass it as `after` to continue behind it."
    )
    at: datetime = strawberry.field(description="Time at which the event was stored.")
    event: strawberry.Private[LiveEvent]
    # Read at once, because the event may be erased during its execution.
    document: strawberry.Private[Document | None]
    # An event is a root value with loaders of its own, so documents are as new as the event.
    loaders: strawberry.Private[Loaders]
    # Resolved values, shared by all groups that select them.
    memo: strawberry.Private[Memo]

    @strawberry.field(description="Account of the event.")
    async def account(self, info: Info) -> Account:
        return await require_account(info, self.event.account_id)

    @classmethod
    def from_event(cls, event: LiveEvent) -> Self:
        return cls(
            cursor=event.cursor,
            at=event.at,
            event=event,
            document=event.document if event.has_document else None,
            loaders=Loaders(),
            memo=Memo(),
        )


@strawberry.type(description="A message was received or queued.")
class MessageAdded(Event):
    @strawberry.field(description="New message, as of the event.")
    def message(self) -> Message:
        return Message.from_document(_require(models.Message, self.document))


@strawberry.type(description="An outbound message reached a new status.")
class MessageStatusChanged(Event):
    @strawberry.field(description="Message, as of the event.")
    def message(self) -> Message:
        return Message.from_document(_require(models.Message, self.document))

    @strawberry.field(description="Status that was reached; each status has its own event.")
    def status(self) -> MessageStatus:
        if self.event.status is None:
            raise TypeError("a status event without a status")
        return self.event.status

    @strawberry.field(
        description="Time of the status; for statuses of WhatsApp, as reported by WhatsApp."
    )
    def status_at(self) -> datetime:
        return self.event.status_at or self.event.at


@strawberry.type(
    description="A message was edited, deleted or reacted to, or its status history was completed"
    " by a late report."
)
class MessageUpdated(Event):
    @strawberry.field(description="Message, as of the event.")
    def message(self) -> Message:
        return Message.from_document(_require(models.Message, self.document))


@strawberry.type(description="A conversation started or changed; a new message also changes it.")
class ConversationUpdated(Event):
    @strawberry.field(description="Conversation, as of the event.")
    def conversation(self) -> Conversation:
        return Conversation.from_document(_require(models.Conversation, self.document))


@strawberry.type(description="A contact was created or changed.")
class ContactUpdated(Event):
    @strawberry.field(description="Contact, as of the event.")
    def contact(self) -> Contact:
        return Contact.from_document(_require(models.Contact, self.document))


@strawberry.type(description="An account was connected or changed.")
class AccountUpdated(Event):
    @strawberry.field(description="Account, as of the event.")
    async def account(self) -> Account:
        return Account.from_document(_require(models.Account, self.document))


@strawberry.type(
    description="A contact was deleted with its conversation and messages; remove them from your"
    " cache. Their earlier events are not replayed."
)
class ContactDeleted(Event):
    @strawberry.field(description="Id of the deleted contact.")
    def contact_id(self) -> strawberry.ID:
        return strawberry.ID(encode_id("Contact", self.event.document_id))


@strawberry.type(
    description="A user was created or changed; each account of the user has its own event."
)
class UserUpdated(Event):
    @strawberry.field(description="User, as of the event.")
    def user(self) -> User:
        return User.from_document(_require(models.User, self.document))


@strawberry.type(description="A message template was created or changed.")
class TemplateUpdated(Event):
    @strawberry.field(description="Template, as of the event.")
    def template(self) -> Template:
        return Template.from_document(_require(models.Template, self.document))


@strawberry.type(
    description="An account was deleted with all its data; remove it from your cache. It has no"
    " later events, and earlier ones are not replayed."
)
class AccountDeleted(Event):
    @strawberry.field(description="Account, as it was before the deletion.")
    async def account(self) -> Account:
        return Account.from_document(_require(models.Account, self.document))


EVENT_TYPES: dict[EventKind, type[Event]] = {
    EventKind.MESSAGE_ADDED: MessageAdded,
    EventKind.MESSAGE_STATUS_CHANGED: MessageStatusChanged,
    EventKind.MESSAGE_UPDATED: MessageUpdated,
    EventKind.CONVERSATION_UPDATED: ConversationUpdated,
    EventKind.CONTACT_UPDATED: ContactUpdated,
    EventKind.CONTACT_DELETED: ContactDeleted,
    EventKind.USER_UPDATED: UserUpdated,
    EventKind.TEMPLATE_UPDATED: TemplateUpdated,
    EventKind.ACCOUNT_UPDATED: AccountUpdated,
    EventKind.ACCOUNT_DELETED: AccountDeleted,
}
EventT = TypeVar("EventT", bound=Event)
DocumentT = TypeVar(
    "DocumentT",
    models.Account,
    models.Contact,
    models.Conversation,
    models.Message,
    models.Template,
    models.User,
)


# Resolvers await the checks before they return a stream, so that an error ends the subscription
# instead of being its first event.
@strawberry.type
class Subscription:
    @strawberry.subscription(
        permission_classes=[IsViewer],
        description="Sends messages when they are received or queued. Requires role VIEWER.",
    )
    async def message_added(
        self,
        info: Info,
        account_id: AccountId = None,
        conversation_id: ConversationId = None,
        after: After = None,
    ) -> AsyncIterator[MessageAdded]:
        return await _open(info, MessageAdded, account_id, conversation_id, after)

    @strawberry.subscription(
        permission_classes=[IsViewer],
        description="Sends each status that an outbound message reaches, in order. Requires role"
        " VIEWER.",
    )
    async def message_status_changed(
        self,
        info: Info,
        account_id: AccountId = None,
        conversation_id: ConversationId = None,
        after: After = None,
    ) -> AsyncIterator[MessageStatusChanged]:
        return await _open(info, MessageStatusChanged, account_id, conversation_id, after)

    @strawberry.subscription(
        permission_classes=[IsViewer],
        description="Sends messages that were edited, deleted or reacted to. Requires role VIEWER.",
    )
    async def message_updated(
        self,
        info: Info,
        account_id: AccountId = None,
        conversation_id: ConversationId = None,
        after: After = None,
    ) -> AsyncIterator[MessageUpdated]:
        return await _open(info, MessageUpdated, account_id, conversation_id, after)

    @strawberry.subscription(
        permission_classes=[IsViewer],
        description="Sends conversations that started or changed. Requires role VIEWER.",
    )
    async def conversation_updated(
        self,
        info: Info,
        account_id: AccountId = None,
        conversation_id: ConversationId = None,
        after: After = None,
    ) -> AsyncIterator[ConversationUpdated]:
        return await _open(info, ConversationUpdated, account_id, conversation_id, after)

    @strawberry.subscription(
        permission_classes=[IsViewer],
        description="Sends all events in one stream, in order. Requires role VIEWER.",
    )
    async def events(
        self,
        info: Info,
        account_id: AccountId = None,
        conversation_id: ConversationId = None,
        after: After = None,
    ) -> AsyncIterator[Event]:
        return await _open(info, Event, account_id, conversation_id, after)


async def _open(
    info: Info,
    event_type: type[EventT],
    account_id: str | None,
    conversation_id: str | None,
    after: str | None,
) -> AsyncIterator[EventT]:
    """Checks the arguments and leaves a `CheckedSubscription` in the context.

    The events of this type, all for `Event`, don't pass through the returned stream: the transport
    joins the group of equal subscriptions instead.
    """
    with pymongo.timeout(info.context.services.timeouts.database_deadline_seconds):
        event_filter = EventFilter(
            get_viewer(info),
            {kind for kind, node in EVENT_TYPES.items() if issubclass(node, event_type)},
            account_id=await _find_account(info, account_id),
            conversation_id=await _find_conversation(info, conversation_id),
        )
        live = info.context.services.live
        position = None if after is None else Position(*await live.check_cursor(after))
    request = get_resolve_info(info)
    info.context.subscription = CheckedSubscription(
        event_filter, position, request.operation, request.fragments
    )
    return _end_stream()


async def _end_stream() -> AsyncGenerator[Any]:
    """Yields nothing: the stream of a subscription whose checks have passed."""
    return
    yield


def to_root_value(event: LiveEvent) -> Event:
    """Returns the root value for the execution of an event."""
    return EVENT_TYPES[event.kind].from_event(event)


async def _find_account(info: Info, global_id: str | None) -> PydanticObjectId | None:
    if global_id is None:
        return None
    account_id = parse_id(global_id, "Account")
    document = await load_account(info, account_id) if account_id else None
    if document is None or document.deleted_at is not None:
        raise _not_found("account")
    return document.id


async def _find_conversation(info: Info, global_id: str | None) -> PydanticObjectId | None:
    if global_id is None:
        return None
    conversation_id = parse_id(global_id, "Conversation")
    document = await load_conversation(info, conversation_id) if conversation_id else None
    if document is None:
        raise _not_found("conversation")
    return document.id


def _not_found(what: str) -> RequestError:
    # The same error for missing and invisible documents.
    return bad_input(f"There is no such {what}.")


def _require(document_class: type[DocumentT], document: Document | None) -> DocumentT:
    if not isinstance(document, document_class):
        raise TypeError(f"an event without a document of {document_class.__name__}")
    return document
