"""Events of subscriptions, each with a cursor to resume from."""

from datetime import datetime
from typing import Any, Self, TypeVar

import strawberry
from beanie import Document
from strawberry.types import get_object_definition

import models
from graph.core.context import Info
from graph.core.enums import MessageStatus, describe_enum
from graph.core.loaders import Loaders
from graph.core.stored import to_node
from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from graph.types.accounts import Account, require_account
from graph.types.auth.agents import Agent
from graph.types.contacts import Contact
from graph.types.conversations import Conversation
from graph.types.inbox.changes import ConversationChange
from graph.types.inbox.notes import Note
from graph.types.inbox.timeline import TimelineItem
from graph.types.messages import Message
from graph.types.templates import Template
from graph.types.users import User
from telemetry.global_ids import encode_id

DocumentT = TypeVar(
    "DocumentT",
    models.Account,
    models.Agent,
    models.Contact,
    models.Conversation,
    models.ConversationChange,
    models.Message,
    models.Note,
    models.Template,
    models.User,
)


def _require(document_class: type[DocumentT], document: Document | None) -> DocumentT:
    if not isinstance(document, document_class):
        raise TypeError(f"an event without a document of {document_class.__name__}")
    return document


def _get_description(event_type: type) -> str:
    definition = get_object_definition(event_type, strict=True)
    return definition.description or ""


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

    @strawberry.field(
        description="Account of the event; null for `AgentUpdated`, which concerns all accounts of"
        " the agent."
    )
    async def account(self) -> Account | None:
        return None

    @classmethod
    def from_event(cls, event: LiveEvent) -> Self:
        return cls(
            cursor=event.cursor,
            at=event.at,
            event=event,
            document=event.document if event.has_document else None,
            loaders=Loaders(),
        )


async def _load_account(self: Event, info: Info) -> Account:
    if self.event.account_id is None:
        raise TypeError("an event without an account")
    return await require_account(info, self.event.account_id)


def _account() -> Any:
    return strawberry.field(resolver=_load_account, description="Account of the event.")


@strawberry.interface(
    description="A message, a call, a note or a change was added to the timeline of a conversation."
)
class TimelineItemAdded(Event):
    account: Account = _account()

    @strawberry.field(description="New item, as of the event.")
    def item(self) -> TimelineItem:
        if self.document is None:
            raise TypeError("an item without a document")
        item: TimelineItem = to_node(self.document)
        return item


@strawberry.type(description="A message was received or queued.")
class MessageAdded(TimelineItemAdded):
    @strawberry.field(description="New message, as of the event.")
    def message(self) -> Message:
        return Message.from_document(_require(models.Message, self.document))


@strawberry.type(description="An outbound message reached a new status.")
class MessageStatusChanged(Event):
    account: Account = _account()

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
    account: Account = _account()

    @strawberry.field(description="Message, as of the event.")
    def message(self) -> Message:
        return Message.from_document(_require(models.Message, self.document))


@strawberry.type(description="A conversation started or changed; a new message also changes it.")
class ConversationUpdated(Event):
    account: Account = _account()

    @strawberry.field(description="Conversation, as of the event.")
    def conversation(self) -> Conversation:
        return Conversation.from_document(_require(models.Conversation, self.document))


@strawberry.type(description="A note was added to a conversation.")
class NoteAdded(TimelineItemAdded):
    @strawberry.field(description="New note, as of the event.")
    def note(self) -> Note:
        return Note.from_document(_require(models.Note, self.document))


@strawberry.type(description="The text or the mentions of a note changed.")
class NoteUpdated(Event):
    account: Account = _account()

    @strawberry.field(description="Note, as of the event.")
    def note(self) -> Note:
        return Note.from_document(_require(models.Note, self.document))


@strawberry.type(
    description="A note was deleted, alone or with its contact; remove it from your cache. Its"
    " earlier events are not replayed."
)
class NoteDeleted(Event):
    account: Account = _account()

    @strawberry.field(description="Id of the deleted note.")
    def note_id(self) -> strawberry.ID:
        return strawberry.ID(encode_id("Note", self.event.document_id))

    @strawberry.field(description="Id of the conversation that contained the note.")
    def conversation_id(self) -> strawberry.ID:
        return strawberry.ID(encode_id("Conversation", self.event.conversation_id))


@strawberry.type(
    description="A conversation was assigned, closed, reopened or tagged; `conversationUpdated`"
    " shows its new state."
)
class ConversationChangeAdded(TimelineItemAdded):
    @strawberry.field(description="Record of the change.")
    def change(self) -> ConversationChange:
        return ConversationChange.from_document(_require(models.ConversationChange, self.document))


@strawberry.type(description="A contact was created or changed.")
class ContactUpdated(Event):
    account: Account = _account()

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
    account: Account = _account()

    @strawberry.field(description="Id of the deleted contact.")
    def contact_id(self) -> strawberry.ID:
        return strawberry.ID(encode_id("Contact", self.event.document_id))


@strawberry.type(
    description="A user was created or changed; each account of the user has its own event."
)
class UserUpdated(Event):
    account: Account = _account()

    @strawberry.field(description="User, as of the event.")
    def user(self) -> User:
        return User.from_document(_require(models.User, self.document))


@strawberry.type(description="A message template was created or changed.")
class TemplateUpdated(Event):
    account: Account = _account()

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


@strawberry.type(
    description="An agent was created or its name, e-mail address or access changed. Sent to"
    " callers who share an account with the agent."
)
class AgentUpdated(Event):
    @strawberry.field(description="Agent, as of the event.")
    def agent(self) -> Agent:
        return Agent.from_document(_require(models.Agent, self.document))


EVENT_TYPES: dict[EventKind, type[Event]] = {
    EventKind.MESSAGE_ADDED: MessageAdded,
    EventKind.MESSAGE_STATUS_CHANGED: MessageStatusChanged,
    EventKind.MESSAGE_UPDATED: MessageUpdated,
    EventKind.CONVERSATION_UPDATED: ConversationUpdated,
    EventKind.NOTE_ADDED: NoteAdded,
    EventKind.NOTE_UPDATED: NoteUpdated,
    EventKind.NOTE_DELETED: NoteDeleted,
    EventKind.CONVERSATION_CHANGE_ADDED: ConversationChangeAdded,
    EventKind.CONTACT_UPDATED: ContactUpdated,
    EventKind.CONTACT_DELETED: ContactDeleted,
    EventKind.USER_UPDATED: UserUpdated,
    EventKind.TEMPLATE_UPDATED: TemplateUpdated,
    EventKind.ACCOUNT_UPDATED: AccountUpdated,
    EventKind.ACCOUNT_DELETED: AccountDeleted,
    EventKind.AGENT_UPDATED: AgentUpdated,
}
describe_enum(
    EventKind,
    name="EventType",
    description="Type of an event.",
    values={kind.name: _get_description(node) for kind, node in EVENT_TYPES.items()},
)


def to_root_value(event: LiveEvent) -> Event:
    """Returns the root value for the execution of an event."""
    return EVENT_TYPES[event.kind].from_event(event)
