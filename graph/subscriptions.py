"""Subscriptions: what happens, as it happens, each event with the cursor to resume from."""

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
from graph.core.ids import encode_id, parse_id
from graph.core.loaders import Loaders
from graph.core.stored import load_account, load_conversation
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

AccountId = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Only events of this account; without it, of all you may see."),
]
ConversationId = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Only events of this conversation and its messages."),
]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Cursor of the last event you saw, or `eventCursor`: first come all events"
        " since then, without gap or duplicate. Without it, only what happens from now on."
        " CURSOR_EXPIRED means that they are no longer kept: load your lists anew."
    ),
]


@strawberry.interface(description="Something that happened.")
class Event:
    cursor: str = strawberry.field(
        description="Where this event is in the stream: give it as `after` to go on behind it."
    )
    at: datetime = strawberry.field(description="When it was stored.")
    event: strawberry.Private[LiveEvent]
    # Taken at once: the event may be erased while it is executed.
    document: strawberry.Private[Document | None]
    # An event is the root value of its own execution: what it loads is as fresh as the event.
    loaders: strawberry.Private[Loaders]
    # And what it shows is got once for all who ask for it.
    memo: strawberry.Private[Memo]

    @strawberry.field(description="The account it belongs to.")
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


@strawberry.type(description="A message was received, or was queued to be sent.")
class MessageAdded(Event):
    @strawberry.field(description="The new message, as it was then.")
    def message(self) -> Message:
        return Message.from_document(_require(models.Message, self.document))


@strawberry.type(description="A message that you sent reached a further status.")
class MessageStatusChanged(Event):
    @strawberry.field(description="The message, as it was then.")
    def message(self) -> Message:
        return Message.from_document(_require(models.Message, self.document))

    @strawberry.field(description="The status that it reached: one event for each of them.")
    def status(self) -> MessageStatus:
        if self.event.status is None:
            raise TypeError("a status event without a status")
        return self.event.status

    @strawberry.field(description="When it reached it; for a status of WhatsApp's, its time there.")
    def status_at(self) -> datetime:
        return self.event.status_at or self.event.at


@strawberry.type(
    description="A message changed in another way than by a further status: edited, deleted,"
    " reacted to, or a late report completed its history."
)
class MessageUpdated(Event):
    @strawberry.field(description="The message, as it was then.")
    def message(self) -> Message:
        return Message.from_document(_require(models.Message, self.document))


@strawberry.type(description="A conversation began or changed; a new message changes it too.")
class ConversationUpdated(Event):
    @strawberry.field(description="The conversation, as it was then.")
    def conversation(self) -> Conversation:
        return Conversation.from_document(_require(models.Conversation, self.document))


@strawberry.type(description="A contact is new or changed.")
class ContactUpdated(Event):
    @strawberry.field(description="The contact, as it was then.")
    def contact(self) -> Contact:
        return Contact.from_document(_require(models.Contact, self.document))


@strawberry.type(description="An account was connected or changed.")
class AccountUpdated(Event):
    @strawberry.field(description="The account, as it was then.")
    async def account(self) -> Account:
        return Account.from_document(_require(models.Account, self.document))


@strawberry.type(
    description="A contact was deleted, with its conversation and messages: forget them. Earlier"
    " events of what was deleted are not replayed."
)
class ContactDeleted(Event):
    @strawberry.field(description="The id that the contact had.")
    def contact_id(self) -> strawberry.ID:
        return strawberry.ID(encode_id("Contact", self.event.document_id))


@strawberry.type(
    description="A user is new or changed: one event for each account that knows the user."
)
class UserUpdated(Event):
    @strawberry.field(description="The user, as they were then.")
    def user(self) -> User:
        return User.from_document(_require(models.User, self.document))


@strawberry.type(description="A message template is new or changed.")
class TemplateUpdated(Event):
    @strawberry.field(description="The template, as it was then.")
    def template(self) -> Template:
        return Template.from_document(_require(models.Template, self.document))


@strawberry.type(
    description="An account was deleted, with all that belonged to it: forget it. No event of it"
    " follows, and earlier ones are not replayed."
)
class AccountDeleted(Event):
    @strawberry.field(description="The account, as it was before.")
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


# Each resolver awaits the checks and then gives a stream back, so that a refusal is the answer to
# the subscription itself and not its first event.
@strawberry.type
class Subscription:
    @strawberry.subscription(
        permission_classes=[IsViewer],
        description="Messages as they are received or queued. Requires role VIEWER.",
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
        description="What becomes of the messages you sent: each status as it is reached, lowest"
        " first. Requires role VIEWER.",
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
        description="Messages that were edited, deleted or reacted to. Requires role VIEWER.",
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
        description="Conversations that began or changed. Requires role VIEWER.",
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
        description="Everything that happens, in one stream and in its true order."
        " Requires role VIEWER.",
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
    request = info._raw_info
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
    # The same for what does not exist and for what this viewer may not see.
    return bad_input(f"There is no such {what}.")


def _require(document_class: type[DocumentT], document: Document | None) -> DocumentT:
    if not isinstance(document, document_class):
        raise TypeError(f"an event without a document of {document_class.__name__}")
    return document
