"""Mutations of messages: sending, trying again, and taking back."""

import strawberry

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.ids import parse_given_id, require_id
from graph.core.user_errors import UserError, refusals_as_data, user_errors
from graph.inputs.message_content import MessageContentInput
from graph.inputs.recipient import RecipientInput
from graph.types.messages import Message


@strawberry.input(description="A message to send.")
class SendMessageInput:
    account_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The account that sends; needed only with a phone number or a user id.",
    )
    to: RecipientInput = strawberry.field(description="To whom.")
    content: MessageContentInput = strawberry.field(description="What.")
    reply_to_message_id: strawberry.ID | None = strawberry.field(
        default=None, description="The message of the same conversation that it answers."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A key of your own: sent again with it, a message is not sent twice."
        " At most 255 characters.",
    )


@strawberry.input(description="The message to send again.")
class RetryMessageInput:
    message_id: strawberry.ID = strawberry.field(
        description="A message that is FAILED, UNKNOWN or CANCELLED."
    )


@strawberry.input(description="The message to take back.")
class CancelMessageInput:
    message_id: strawberry.ID = strawberry.field(description="A message that is QUEUED.")


@strawberry.type(description="A message as it is now.")
class MessagePayload:
    message: Message | None = strawberry.field(
        default=None, description="The message; null if it was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The message that will be sent.")
class SendMessagePayload(MessagePayload):
    pass


@strawberry.type(description="The new message that will be sent in place of the old one.")
class RetryMessagePayload(MessagePayload):
    pass


@strawberry.type(description="The message that was taken back.")
class CancelMessagePayload(MessagePayload):
    pass


@strawberry.type
class MessageMutations:
    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Stores a message as QUEUED and sends it in the order of its conversation;"
        " subscribe to `messageStatusChanged` to see what becomes of it. Requires role AGENT.",
    )
    @refusals_as_data(SendMessagePayload)
    async def send_message(self, info: Info, input: SendMessageInput) -> SendMessagePayload:
        account_id, reply_to_id = input.account_id, input.reply_to_message_id
        viewer, services = get_viewer(info), info.context.services
        document = await services.outbox.queue_message(
            viewer,
            account_id=parse_given_id(account_id, "Account", "accountId"),
            recipient=input.to.to_recipient(),
            content=input.content.to_content(viewer, services),
            reply_to_message_id=parse_given_id(reply_to_id, "Message", "replyToMessageId"),
            idempotency_key=input.idempotency_key,
        )
        return SendMessagePayload(message=Message.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Sends a message again as a new one with `retryOf`; if the first did arrive,"
        " the customer gets it twice. Requires role AGENT.",
    )
    @refusals_as_data(RetryMessagePayload)
    async def retry_message(self, info: Info, input: RetryMessageInput) -> RetryMessagePayload:
        message_id = require_id(input.message_id, "Message", "messageId")
        outbox = info.context.services.outbox
        document = await outbox.retry_message(get_viewer(info), message_id)
        return RetryMessagePayload(message=Message.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Takes back a message that is still QUEUED. Requires role AGENT.",
    )
    @refusals_as_data(CancelMessagePayload)
    async def cancel_message(self, info: Info, input: CancelMessageInput) -> CancelMessagePayload:
        message_id = require_id(input.message_id, "Message", "messageId")
        outbox = info.context.services.outbox
        document = await outbox.cancel_message(get_viewer(info), message_id)
        return CancelMessagePayload(message=Message.from_document(document))
