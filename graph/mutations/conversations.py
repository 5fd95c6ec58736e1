"""Mutations of conversations in the inbox."""

from types import EllipsisType

import strawberry
from beanie import PydanticObjectId
from strawberry import Maybe

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.ids import parse_given_id, require_id
from graph.core.user_errors import UserError, list_changes, user_errors
from graph.execution.extensions import run_without_deadline
from graph.mutations.mutation_field import mutation_field
from graph.types.conversations import Conversation
from whatsapp.conversations import inbox, typing_indicator
from whatsapp.errors import RefusalCollector


@strawberry.input(description="Input of `markConversationRead`.")
class MarkConversationReadInput:
    conversation_id: strawberry.ID = strawberry.field(description="Id of the conversation.")
    up_to_message_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Id of the last message that was read; defaults to the newest message.",
    )


@strawberry.input
class ConversationIdInput:
    conversation_id: strawberry.ID = strawberry.field(description="Id of the conversation.")


@strawberry.input(description="Input of `createConversation`.")
class CreateConversationInput:
    contact_id: strawberry.ID = strawberry.field(description="Id of the contact.")


@strawberry.input(description="Input of `setTyping`.")
class SetTypingInput(ConversationIdInput):
    colleagues_only: bool = strawberry.field(
        default=False,
        description="True to show it to colleagues but not to the customer, for example while a"
        " note is written.",
    )


@strawberry.input(description="Input of `assignConversation`.")
class AssignConversationInput:
    conversation_id: strawberry.ID = strawberry.field(description="Id of the conversation.")
    assignee_id: strawberry.ID | None = strawberry.field(
        description="Id of an agent with access to the account; null removes the assignment."
    )
    expected_assignee_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="Id of the assignee that your user saw, null for none; if the conversation"
        " has another assignee by now, nothing changes and the mutation is refused with CONFLICT."
    )


@strawberry.input(description="Changes to a conversation; omitted fields keep their values.")
class UpdateConversationInput:
    conversation_id: strawberry.ID = strawberry.field(description="Id of the conversation.")
    tags: Maybe[list[str] | None] = strawberry.field(
        description="Labels that replace the current ones: up to 50, each up to 64 characters."
    )


@strawberry.type(description="Result of a mutation that changes a conversation.")
class ConversationPayload:
    conversation: Conversation | None = strawberry.field(
        default=None,
        description="Current state of the conversation; null if the mutation was refused.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class ConversationMutations:
    @mutation_field(
        IsAgent,
        description="Returns the conversation with a contact, created if there is none, so that it"
        " can be assigned and tagged before the first message. Nothing is sent. Requires role"
        " AGENT.",
    )
    async def create_conversation(
        self, info: Info, input: CreateConversationInput
    ) -> ConversationPayload:
        contact_id = require_id(input.contact_id, "Contact", "contactId")
        document = await inbox.create_conversation(get_viewer(info), contact_id)
        return ConversationPayload(conversation=Conversation.from_document(document))

    @mutation_field(
        IsAgent,
        description="Marks the customer's messages as read for all staff. The customer gets a read"
        " receipt if the account's `sendReadReceipts` is on. Requires role AGENT.",
    )
    async def mark_conversation_read(
        self, info: Info, input: MarkConversationReadInput
    ) -> ConversationPayload:
        document = await inbox.mark_read(
            get_viewer(info),
            _require(input.conversation_id),
            up_to_message_id=parse_given_id(input.up_to_message_id, "Message", "upToMessageId"),
        )
        info.context.services.wake_receipts()
        return ConversationPayload(conversation=Conversation.from_document(document))

    @mutation_field(
        IsAgent,
        description="Shows a typing indicator to the customer for 25 seconds or until a message is"
        " sent. Repeated calls reach WhatsApp at most every 5 seconds. The customer's newest"
        " message is also shown to them as read, even if `sendReadReceipts` is off; `unreadCount`"
        " does not change. Colleagues see the caller's agent as typing for 8 seconds, in"
        " `presenceChanged`. Requires role AGENT.",
    )
    async def set_typing(self, info: Info, input: SetTypingInput) -> ConversationPayload:
        conversation_id, viewer = _require(input.conversation_id), get_viewer(info)
        services = info.context.services
        if input.colleagues_only:
            document = await inbox.get_conversation(viewer, conversation_id)
        else:
            document = await run_without_deadline(
                typing_indicator.set_typing(services.account_api, viewer, conversation_id)
            )
        if viewer.agent_id is not None:
            services.presence.record_typing(viewer.agent_id, document)
        return ConversationPayload(conversation=Conversation.from_document(document))

    @mutation_field(
        IsAgent,
        description="Closes a conversation until the customer writes again. Requires role AGENT.",
    )
    async def close_conversation(
        self, info: Info, input: ConversationIdInput
    ) -> ConversationPayload:
        conversation_id = _require(input.conversation_id)
        document = await inbox.close_conversation(get_viewer(info), conversation_id)
        return ConversationPayload(conversation=Conversation.from_document(document))

    @mutation_field(
        IsAgent,
        description="Reopens a closed conversation. Requires role AGENT.",
    )
    async def reopen_conversation(
        self, info: Info, input: ConversationIdInput
    ) -> ConversationPayload:
        conversation_id = _require(input.conversation_id)
        document = await inbox.reopen_conversation(get_viewer(info), conversation_id)
        return ConversationPayload(conversation=Conversation.from_document(document))

    @mutation_field(
        IsAgent,
        description="Assigns a conversation to the caller's agent if it has no assignee. If"
        " another agent has it, the mutation is refused with a `ConflictError` that has the"
        " conversation. Requires role AGENT.",
    )
    async def claim_conversation(
        self, info: Info, input: ConversationIdInput
    ) -> ConversationPayload:
        conversation_id = _require(input.conversation_id)
        document = await inbox.claim_conversation(get_viewer(info), conversation_id)
        return ConversationPayload(conversation=Conversation.from_document(document))

    @mutation_field(
        IsAgent,
        description="Assigns a conversation to an agent, or removes the assignment. Requires role"
        " AGENT.",
    )
    async def assign_conversation(
        self, info: Info, input: AssignConversationInput
    ) -> ConversationPayload:
        with RefusalCollector() as collect:
            conversation_id = collect(_require, input.conversation_id)
            assignee_id = collect(parse_given_id, input.assignee_id, "Agent", "assigneeId")
            expected_id = collect(_read_expected, input)
        document = await inbox.assign_conversation(
            get_viewer(info),
            conversation_id,
            assignee_id=assignee_id,
            expected_id=expected_id,
        )
        return ConversationPayload(conversation=Conversation.from_document(document))

    @mutation_field(
        IsAgent,
        description="Changes the labels of a conversation. Requires role AGENT.",
    )
    async def update_conversation(
        self, info: Info, input: UpdateConversationInput
    ) -> ConversationPayload:
        document = await inbox.update_conversation(
            get_viewer(info),
            _require(input.conversation_id),
            changes=list_changes(input, "tags", required=["tags"]),
        )
        return ConversationPayload(conversation=Conversation.from_document(document))


def _require(conversation_id: str) -> PydanticObjectId:
    return require_id(conversation_id, "Conversation", "conversationId")


def _read_expected(input: AssignConversationInput) -> PydanticObjectId | EllipsisType | None:
    expected = input.expected_assignee_id
    return (
        ... if expected is None else parse_given_id(expected.value, "Agent", "expectedAssigneeId")
    )
