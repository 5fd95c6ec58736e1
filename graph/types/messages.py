"""Messages in the graph."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import strawberry
from strawberry import relay

import models
from graph.core.context import Info
from graph.core.enums import MessageDirection, MessagePriority, MessageStatus
from graph.core.stored import (
    CONVERSATIONS,
    MESSAGES,
    MESSAGES_BY_WAMID,
    linked,
    load_message,
    reads,
    registers_type,
    stored,
)
from graph.inputs.whatsapp_enums import MessageType
from graph.types.connection_field import node_field
from graph.types.contacts import Contact, linked_contact
from graph.types.content.content import CONTENT_FIELDS, read_content
from graph.types.content.content_interface import Content
from graph.types.content.orders import MessagePayment, ReferredProduct, read_product
from graph.types.conversations import Conversation
from graph.types.inbox.timeline import TimelineItem
from graph.types.message_details import (
    BillingConversation,
    MessageError,
    MessagePricing,
    MessageReaction,
    MessageReferral,
    MessageStatusTime,
    OtherStatus,
    SenderIdentity,
    list_errors,
    list_mentions,
    list_status_times,
    list_warnings,
    read_identity,
)
from graph.types.senders import SENDER_FIELDS, MessageSender, read_sender
from whatsapp.conversations.conversations import summary_includes
from whatsapp.messages.reactions import list_current_reactions
from whatsapp.messages.summary_completion import SUMMARIZED_FIELDS, complete_summaries


async def _include_messages(
    info: Info,
    messages: Sequence[models.Message],
    conversations: list[models.Conversation | None],
) -> list[models.Conversation | None]:
    """Returns the conversations with summaries that include these messages."""
    behind = [
        message.id
        for message, conversation in zip(messages, conversations, strict=True)
        if conversation is not None and not summary_includes(conversation, message)
    ]
    if not behind or not await complete_summaries(behind):
        return conversations
    return await CONVERSATIONS.load_many(info, [message.conversation_id for message in messages])


@registers_type(models.Message)
@strawberry.type(description="Message sent or received by an account.")
class Message(TimelineItem):
    node_id: relay.NodeID[str]
    direction: MessageDirection = stored("direction", description="Direction of the message.")
    type: MessageType = stored(
        "type",
        convert=MessageType.from_name,
        description="Type of the message; OTHER if `typeName` is not in this list.",
    )
    type_name: str = stored(
        "type", description="WhatsApp's name of the type: text, image, location and so on."
    )
    text: str | None = stored(
        "shown_text",
        needs=["text", "deleted_at"],
        description="One-line preview of the content; null if the sender deleted the message.",
    )
    status: MessageStatus = stored(
        "shown_status",
        needs=["direction", "status_rank"],
        description="Delivery status; RECEIVED for messages from customers.",
    )
    priority: MessagePriority | None = stored(
        "send_priority",
        needs=["outbox_state", "priority"],
        description="Priority in the send queue; null if this server did not send the message.",
    )
    whatsapp_id: str | None = stored(
        "wamid",
        description="WhatsApp's message id (wamid); null until WhatsApp accepts the message.",
    )
    timestamp: datetime = stored(
        "timestamp",
        description="Time of the message: as reported by WhatsApp, or the time of queueing. Lists"
        " are sorted by it.",
    )
    created_at: datetime = stored("created_at", description="Time at which the message was stored.")
    edited_at: datetime | None = stored(
        "edited_at", description="Time at which the sender last edited the message."
    )
    deleted_at: datetime | None = stored(
        "deleted_at", description="Time at which the sender deleted the message."
    )
    forwarded: bool = stored("forwarded", description="True if the message was forwarded.")
    frequently_forwarded: bool = stored(
        "frequently_forwarded",
        description="True if the message was forwarded more than five times.",
    )
    reply_to_whatsapp_id: str | None = stored(
        "reply_to_wamid",
        description="WhatsApp's id of the message that this message replies to, even if that"
        " message is not stored here.",
    )
    group_id: str | None = stored(
        "group_id", description="WhatsApp's id of the group; null outside groups."
    )
    callback_data: str | None = stored(
        "callback_data",
        description="Data that the sending program attached to the message"
        " (biz_opaque_callback_data).",
    )
    conversation: Conversation = linked(
        "conversation_id",
        CONVERSATIONS,
        description="Conversation that contains the message.",
        missing="conversation",
        needs=["conversation_id", *SUMMARIZED_FIELDS],
        refresh=_include_messages,
    )
    contact: Contact = linked_contact("Customer who sent or received the message.")
    reply_to: Annotated["Message", strawberry.lazy("graph.types.messages")] | None = linked(
        "answered",
        MESSAGES_BY_WAMID,
        description="Message that this message replies to; null if it is not stored here.",
        needs=["account_id", "reply_to_wamid"],
    )
    retry_of: Annotated["Message", strawberry.lazy("graph.types.messages")] | None = linked(
        "retry_of", MESSAGES, description="Message of which this message is a retry."
    )
    document: strawberry.Private[models.Message]

    @strawberry.field(
        description="Sender of a message from the business; null for messages from customers and"
        " for calls.",
        metadata=reads(*SENDER_FIELDS),
    )
    def sender(self) -> MessageSender | None:
        return read_sender(self.document)

    @strawberry.field(
        description="Typed content; null if the sender deleted the message.",
        metadata=reads(*CONTENT_FIELDS),
    )
    def content(self) -> Content | None:
        return read_content(self.document) if self.document.deleted_at is None else None

    @strawberry.field(
        description="The key that the request to send the message had; null for messages without a"
        " key.",
        metadata=reads("idempotency_key"),
    )
    def idempotency_key(self) -> str | None:
        key = self.document.idempotency_key
        # The keys of retries have control characters.
        return key if key is not None and key.isprintable() else None

    @strawberry.field(
        description="Statuses reached, in the order of delivery.",
        metadata=reads("status_times"),
    )
    def status_history(self) -> list[MessageStatusTime]:
        return list_status_times(self.document)

    @strawberry.field(
        description="Errors that made the message fail, or that kept WhatsApp from delivering"
        " part of a customer's message. After a failure on one device, DELIVERED on another may"
        " follow.",
        metadata=reads("errors", "direction", "type", "status_times"),
    )
    def errors(self) -> list[MessageError]:
        return [MessageError.from_document(error) for error in list_errors(self.document)]

    @strawberry.field(
        description="Warnings that WhatsApp reported although the message did not fail.",
        metadata=reads("errors", "warnings", "direction", "type", "status_times"),
    )
    def warnings(self) -> list[MessageError]:
        return [MessageError.from_document(error) for error in list_warnings(self.document)]

    @strawberry.field(
        description="Payment reports for the order that the message asks to pay, oldest first.",
        metadata=reads("payments"),
    )
    def payments(self) -> list[MessagePayment]:
        return [MessagePayment.from_document(payment) for payment in self.document.payments]

    @strawberry.field(
        description="Conversation for which WhatsApp bills the message; null if WhatsApp reported"
        " none.",
        metadata=reads("billing_conversation"),
    )
    def billing_conversation(self) -> BillingConversation | None:
        conversation = self.document.billing_conversation
        return BillingConversation.from_document(conversation) if conversation else None

    @strawberry.field(
        description="Fingerprint of the sender's devices; null unless WhatsApp's identity check is"
        " on.",
        metadata=reads("raw", "original", "content"),
    )
    def sender_identity(self) -> SenderIdentity | None:
        return read_identity(self.document)

    @strawberry.field(
        description="WhatsApp ids of the mentioned users.",
        metadata=reads("raw", "original", "deleted_at"),
    )
    def mentions(self) -> list[str]:
        return list_mentions(self.document)

    @strawberry.field(
        description="Current reactions to the message.",
        metadata=reads("reactions"),
    )
    def reactions(self) -> list[MessageReaction]:
        current = list_current_reactions(self.document.reactions)
        return [MessageReaction.from_document(reaction) for reaction in current]

    @strawberry.field(
        description="Statuses that this API does not define, by time.",
        metadata=reads("unknown_statuses"),
    )
    def other_statuses(self) -> list[OtherStatus]:
        return [
            OtherStatus(name=status.name, at=status.at) for status in self.document.unknown_statuses
        ]

    @strawberry.field(
        description="Catalog product that the customer asks about.",
        metadata=reads("referred_product"),
    )
    def referred_product(self) -> ReferredProduct | None:
        product = self.document.referred_product
        return read_product(product) if product else None

    @strawberry.field(
        description="Advertisement or post that led the customer to the chat.",
        metadata=reads("referral"),
    )
    def referral(self) -> MessageReferral | None:
        referral = self.document.referral
        return MessageReferral.from_document(referral) if referral else None

    @strawberry.field(
        description="Price category at WhatsApp; null until WhatsApp reports it.",
        metadata=reads("pricing"),
    )
    def pricing(self) -> MessagePricing | None:
        pricing = self.document.pricing
        return MessagePricing.from_document(pricing) if pricing else None

    @classmethod
    def from_document(cls, document: models.Message) -> Self:
        return cls(node_id=str(document.id), document=document)


@strawberry.type
class MessageQueries:
    message = node_field(Message, load_message)
