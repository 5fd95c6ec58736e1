"""Mutations of conversations: what staff do in the inbox."""

import strawberry
from beanie import PydanticObjectId
from strawberry import Maybe

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.ids import parse_given_id, require_id
from graph.core.user_errors import UserError, list_changes, refusals_as_data, user_errors
from graph.execution.extensions import run_without_deadline
from graph.types.conversations import Conversation
from whatsapp.conversations import inbox, typing_indicator


@strawberry.input(description="Which messages have been read.")
class MarkConversationReadInput:
    conversation_id: strawberry.ID = strawberry.field(description="The conversation.")
    up_to_message_id: strawberry.ID | None = strawberry.field(
        default=None, description="The last message that was read; without it, the newest."
    )


@strawberry.input(description="Where somebody is typing.")
class SetTypingInput:
    conversation_id: strawberry.ID = strawberry.field(description="The conversation.")


@strawberry.input(description="The conversation to close.")
class CloseConversationInput:
    conversation_id: strawberry.ID = strawberry.field(description="The conversation.")


@strawberry.input(description="The conversation to open again.")
class ReopenConversationInput:
    conversation_id: strawberry.ID = strawberry.field(description="The conversation.")


@strawberry.input(description="Who gets a conversation.")
class AssignConversationInput:
    conversation_id: strawberry.ID = strawberry.field(description="The conversation.")
    assignee_id: str | None = strawberry.field(
        description="Your own application's id of the agent; null takes it from whoever has it."
    )


@strawberry.input(description="What to change of a conversation; absent fields stay as they are.")
class UpdateConversationInput:
    conversation_id: strawberry.ID = strawberry.field(description="The conversation.")
    tags: Maybe[list[str] | None] = strawberry.field(
        description="All its labels from now on: at most 50 of 64 characters."
    )


@strawberry.type(description="A conversation as it is now.")
class ConversationPayload:
    conversation: Conversation | None = strawberry.field(
        default=None, description="The conversation; null if it was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The conversation that was read.")
class MarkConversationReadPayload(ConversationPayload):
    pass


@strawberry.type(description="The conversation in which somebody is typing.")
class SetTypingPayload(ConversationPayload):
    pass


@strawberry.type(description="The conversation that was closed.")
class CloseConversationPayload(ConversationPayload):
    pass


@strawberry.type(description="The conversation that was opened again.")
class ReopenConversationPayload(ConversationPayload):
    pass


@strawberry.type(description="The conversation that was assigned.")
class AssignConversationPayload(ConversationPayload):
    pass


@strawberry.type(description="The conversation that was changed.")
class UpdateConversationPayload(ConversationPayload):
    pass


@strawberry.type
class ConversationMutations:
    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Marks the customer's messages as read, for all staff; what is read already"
        " stays so. The customer sees it too, where the account's `sendReadReceipts` is on."
        " Requires role AGENT.",
    )
    @refusals_as_data(MarkConversationReadPayload)
    async def mark_conversation_read(
        self, info: Info, input: MarkConversationReadInput
    ) -> MarkConversationReadPayload:
        document = await inbox.mark_read(
            get_viewer(info),
            _require(input.conversation_id),
            up_to_message_id=parse_given_id(input.up_to_message_id, "Message", "upToMessageId"),
        )
        info.context.services.wake_receipts()
        return MarkConversationReadPayload(conversation=Conversation.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Shows the customer for 25 seconds, or until a message is sent, that somebody"
        " is typing. Call it as often as you like: WhatsApp is asked every 5 seconds at most. The"
        " customer then also sees their newest message as read, even where `sendReadReceipts` is"
        " off; `unreadCount` stays. Requires role AGENT.",
    )
    @refusals_as_data(SetTypingPayload)
    async def set_typing(self, info: Info, input: SetTypingInput) -> SetTypingPayload:
        conversation_id = _require(input.conversation_id)
        api = info.context.services.account_api
        document = await run_without_deadline(
            typing_indicator.set_typing(api, get_viewer(info), conversation_id)
        )
        return SetTypingPayload(conversation=Conversation.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Closes a conversation until the customer writes again. Requires role AGENT.",
    )
    @refusals_as_data(CloseConversationPayload)
    async def close_conversation(
        self, info: Info, input: CloseConversationInput
    ) -> CloseConversationPayload:
        conversation_id = _require(input.conversation_id)
        document = await inbox.close_conversation(get_viewer(info), conversation_id)
        return CloseConversationPayload(conversation=Conversation.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Opens a closed conversation again. Requires role AGENT.",
    )
    @refusals_as_data(ReopenConversationPayload)
    async def reopen_conversation(
        self, info: Info, input: ReopenConversationInput
    ) -> ReopenConversationPayload:
        conversation_id = _require(input.conversation_id)
        document = await inbox.reopen_conversation(get_viewer(info), conversation_id)
        return ReopenConversationPayload(conversation=Conversation.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Gives a conversation to an agent, or takes it away. Requires role AGENT.",
    )
    @refusals_as_data(AssignConversationPayload)
    async def assign_conversation(
        self, info: Info, input: AssignConversationInput
    ) -> AssignConversationPayload:
        document = await inbox.assign_conversation(
            get_viewer(info), _require(input.conversation_id), assignee_id=input.assignee_id
        )
        return AssignConversationPayload(conversation=Conversation.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Changes a conversation's labels. Requires role AGENT.",
    )
    @refusals_as_data(UpdateConversationPayload)
    async def update_conversation(
        self, info: Info, input: UpdateConversationInput
    ) -> UpdateConversationPayload:
        document = await inbox.update_conversation(
            get_viewer(info),
            _require(input.conversation_id),
            changes=list_changes(input, "tags", required=["tags"]),
        )
        return UpdateConversationPayload(conversation=Conversation.from_document(document))


def _require(conversation_id: str) -> PydanticObjectId:
    return require_id(conversation_id, "Conversation", "conversationId")
