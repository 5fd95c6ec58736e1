"""Mutations of messages: send, retry and cancel."""

import strawberry
from strawberry import Maybe

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.enums import MessagePriority
from graph.core.errors import forbidden
from graph.core.ids import parse_given_id, require_id
from graph.core.scalars import PhoneNumber
from graph.core.user_errors import UserError, user_errors
from graph.inputs.message_content import MessageContentInput
from graph.inputs.one_of import read_one_of
from graph.mutations.mutation_field import mutation_field
from graph.types.messages import Message
from whatsapp.errors import RefusalCollector
from whatsapp.outbox.authors import may_send_for
from whatsapp.outbox.drafts import check_message_input
from whatsapp.outbox.recipients import Recipient


@strawberry.input(one_of=True, description="Recipient; exactly one field must be given.")
class RecipientInput:
    phone_number: Maybe[PhoneNumber] = strawberry.field(
        description="Phone number. Requires `accountId`."
    )
    business_scoped_user_id: Maybe[str] = strawberry.field(
        description="WhatsApp's id of the person for your business. Requires `accountId`."
    )
    contact_id: Maybe[strawberry.ID] = strawberry.field(description="Id of a contact.")
    conversation_id: Maybe[strawberry.ID] = strawberry.field(description="Id of a conversation.")

    def to_recipient(self) -> Recipient:
        """Raises NotFound if an id is not the id of a contact or conversation."""
        name, value = read_one_of(self)
        if name == "business_scoped_user_id":
            return Recipient(bsuid=value)
        if name == "contact_id":
            value = require_id(value, "Contact", "to", "contactId")
        elif name == "conversation_id":
            value = require_id(value, "Conversation", "to", "conversationId")
        return Recipient(**{name: value})


@strawberry.input(description="Message to send.")
class SendMessageInput:
    account_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Id of the sending account; required if the recipient is a phone number or"
        " user id.",
    )
    to: RecipientInput = strawberry.field(description="Recipient of the message.")
    content: MessageContentInput = strawberry.field(description="Content of the message.")
    reply_to_message_id: strawberry.ID | None = strawberry.field(
        default=None, description="Id of the message in the same conversation to reply to."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="Key of up to 255 characters chosen by your application; a second message with"
        " the same key is not sent.",
    )
    priority: MessagePriority = strawberry.field(
        default=MessagePriority.NORMAL,
        description="BULK for the messages of a broadcast, so that they are sent after the NORMAL"
        " messages of the account.",
    )
    on_behalf_of_agent_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Id of the agent who wrote the message, who needs access to the account; by"
        " default the caller's agent. Requires the key of a server or role ADMIN.",
    )


@strawberry.input(description="Input of `retryMessage`.")
class RetryMessageInput:
    message_id: strawberry.ID = strawberry.field(
        description="Id of a message that is FAILED, UNKNOWN or CANCELLED."
    )


@strawberry.input(description="Input of `cancelMessage`.")
class CancelMessageInput:
    message_id: strawberry.ID = strawberry.field(description="Id of a message that is QUEUED.")


@strawberry.type(description="Result of a mutation that changes a message.")
class MessagePayload:
    message: Message | None = strawberry.field(
        default=None, description="Current state of the message; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Result of `retryMessage`, with the new message.")
class RetryMessagePayload(MessagePayload):
    pass


@strawberry.type
class MessageMutations:
    @mutation_field(
        IsAgent,
        description="Queues a message, which is sent in the order of its conversation. Subscribe"
        " to `messageStatusChanged` to follow its delivery. Requires role AGENT.",
    )
    async def send_message(self, info: Info, input: SendMessageInput) -> MessagePayload:
        viewer, services = get_viewer(info), info.context.services
        agent = input.on_behalf_of_agent_id
        key, reply_to = input.idempotency_key, input.reply_to_message_id
        with RefusalCollector() as collect:
            account_id = collect(parse_given_id, input.account_id, "Account", "accountId")
            recipient = collect(input.to.to_recipient)
            content = collect(input.content.to_content, viewer, services)
            reply_to_id = collect(parse_given_id, reply_to, "Message", "replyToMessageId")
            agent_id = collect(parse_given_id, agent, "Agent", "onBehalfOfAgentId")
            if collect.has_refusals:
                # Otherwise checked by `queue_message`.
                collect(
                    check_message_input,
                    recipient,
                    content,
                    reply_to_message_id=reply_to_id,
                    idempotency_key=key,
                )
        if agent_id is not None and not may_send_for(viewer, agent_id):
            raise forbidden("Sending for another agent requires role ADMIN or a server's key.")
        document = await services.outbox.queue_message(
            viewer,
            account_id=account_id,
            recipient=recipient,
            content=content,
            reply_to_message_id=reply_to_id,
            idempotency_key=key,
            on_behalf_of=agent_id,
            priority=input.priority,
        )
        return MessagePayload(message=Message.from_document(document))

    @mutation_field(
        IsAgent,
        description="Sends a message again as a new message with `retryOf`. If the original"
        " arrived after all, the customer gets it twice. Requires role AGENT.",
    )
    async def retry_message(self, info: Info, input: RetryMessageInput) -> RetryMessagePayload:
        message_id = require_id(input.message_id, "Message", "messageId")
        outbox = info.context.services.outbox
        document = await outbox.retry_message(get_viewer(info), message_id)
        return RetryMessagePayload(message=Message.from_document(document))

    @mutation_field(
        IsAgent,
        description="Cancels a message that is still QUEUED. Requires role AGENT.",
    )
    async def cancel_message(self, info: Info, input: CancelMessageInput) -> MessagePayload:
        message_id = require_id(input.message_id, "Message", "messageId")
        outbox = info.context.services.outbox
        document = await outbox.cancel_message(get_viewer(info), message_id)
        return MessagePayload(message=Message.from_document(document))
