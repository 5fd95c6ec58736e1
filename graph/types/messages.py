"""Messages in the graph."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import strawberry
from strawberry import relay

import models
from graph.core.connections import (
    BY_TIMESTAMP,
    After,
    Before,
    Connection,
    First,
    Last,
    connect,
    read_page,
)
from graph.core.context import Info, IsViewer
from graph.core.enums import MessageDirection, MessageStatus
from graph.core.ids import parse_id
from graph.core.searching import match_words
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
from graph.inputs.filters import AccountId, NodeId, limit_to_account
from graph.types.accounts import Account, linked_account
from graph.types.contacts import Contact, linked_contact
from graph.types.content.content import CONTENT_FIELDS, MessageContent, read_content
from graph.types.content.orders import ReferredProduct, read_product
from graph.types.content.payments import MessagePayment
from graph.types.conversations import Conversation
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
from models.messages.words import MAX_MESSAGE_WORDS
from whatsapp.accounts.accounts import list_account_ids
from whatsapp.conversations.conversations import summary_includes
from whatsapp.messages.reactions import list_current_reactions
from whatsapp.messages.summary_completion import SUMMARIZED_FIELDS, complete_summaries


async def _include_messages(
    info: Info,
    messages: Sequence[models.Message],
    conversations: list[models.Conversation | None],
) -> list[models.Conversation | None]:
    """The conversations with summaries that include these messages of theirs."""
    behind = [
        message.id
        for message, conversation in zip(messages, conversations, strict=True)
        if conversation is not None and not summary_includes(conversation, message)
    ]
    if not behind or not await complete_summaries(behind):
        return conversations
    return await CONVERSATIONS.load_many(info, [message.conversation_id for message in messages])


@registers_type(models.Message)
@strawberry.type(description="One thing said, by either side.")
class Message(relay.Node):
    node_id: relay.NodeID[str]
    direction: MessageDirection = stored("direction", description="Who wrote it.")
    type: str = stored(
        "type", description="WhatsApp's name of its type: text, image, location and so on."
    )
    text: str | None = stored(
        "shown_text",
        needs=["text", "deleted_at"],
        description="What a person reads in one line; null once its writer deleted it.",
    )
    status: MessageStatus = stored(
        "shown_status",
        needs=["direction", "status_rank"],
        description="How far it has come; RECEIVED for what the customer wrote.",
    )
    whatsapp_id: str | None = stored(
        "wamid", description="WhatsApp's id of it (wamid); null until WhatsApp took it."
    )
    timestamp: datetime = stored(
        "timestamp",
        description="When it was said: WhatsApp's time, or when it was queued; lists sort by it.",
    )
    created_at: datetime = stored("created_at", description="When it was stored here.")
    edited_at: datetime | None = stored("edited_at", description="When its writer last edited it.")
    deleted_at: datetime | None = stored("deleted_at", description="When its writer deleted it.")
    forwarded: bool = stored("forwarded", description="Whether it was forwarded from elsewhere.")
    frequently_forwarded: bool = stored(
        "frequently_forwarded", description="Whether it was forwarded more than five times."
    )
    reply_to_whatsapp_id: str | None = stored(
        "reply_to_wamid",
        description="WhatsApp's id of the message it answers, also of one that is not known here.",
    )
    group_id: str | None = stored(
        "group_id", description="WhatsApp's id of the group it was written in, if it was."
    )
    sent_by: str | None = stored(
        "sent_by",
        description="Name of the API key that sent it, or `WhatsApp Business app` for what was"
        " written on the phone; null for what the customer wrote.",
    )
    callback_data: str | None = stored(
        "callback_data",
        description="What another program that sent it had WhatsApp repeat"
        " (biz_opaque_callback_data).",
    )
    account: Account = linked_account("The account it went through.")
    conversation: Conversation = linked(
        "conversation_id",
        CONVERSATIONS,
        description="The conversation it belongs to.",
        missing="conversation",
        needs=["conversation_id", *SUMMARIZED_FIELDS],
        refresh=_include_messages,
    )
    contact: Contact = linked_contact("The customer who wrote it or whom it was written to.")
    reply_to: Annotated["Message", strawberry.lazy("graph.types.messages")] | None = linked(
        "answered",
        MESSAGES_BY_WAMID,
        description="The message it answers; null if that one is not known here.",
        needs=["account_id", "reply_to_wamid"],
    )
    retry_of: Annotated["Message", strawberry.lazy("graph.types.messages")] | None = linked(
        "retry_of", MESSAGES, description="The message that this one tries again."
    )
    document: strawberry.Private[models.Message]

    @strawberry.field(
        description="What it says, typed; null once its writer deleted it.",
        metadata=reads(*CONTENT_FIELDS),
    )
    def content(self) -> MessageContent | None:
        return read_content(self.document) if self.document.deleted_at is None else None

    @strawberry.field(
        description="When it reached each status, the least advanced first.",
        metadata=reads("status_times"),
    )
    def status_history(self) -> list[MessageStatusTime]:
        return list_status_times(self.document)

    @strawberry.field(
        description="Why it failed, or why WhatsApp could not pass on all of what the customer"
        " wrote. A failure on one device may be followed by DELIVERED on another.",
        metadata=reads("errors", "direction", "type", "status_times"),
    )
    def errors(self) -> list[MessageError]:
        return [MessageError.from_document(error) for error in list_errors(self.document)]

    @strawberry.field(
        description="What WhatsApp warned about, although the message did not fail.",
        metadata=reads("errors", "warnings", "direction", "type", "status_times"),
    )
    def warnings(self) -> list[MessageError]:
        return [MessageError.from_document(error) for error in list_warnings(self.document)]

    @strawberry.field(
        description="What WhatsApp reported about the payment of what it asked for, oldest first.",
        metadata=reads("payments"),
    )
    def payments(self) -> list[MessagePayment]:
        return [MessagePayment.from_document(one) for one in self.document.payments]

    @strawberry.field(
        description="The conversation that WhatsApp counted it into; null where none was told.",
        metadata=reads("billing_conversation"),
    )
    def billing_conversation(self) -> BillingConversation | None:
        told = self.document.billing_conversation
        return BillingConversation.from_document(told) if told else None

    @strawberry.field(
        description="Who wrote it, by their devices; null unless WhatsApp checks identities.",
        metadata=reads("raw", "original", "content"),
    )
    def sender_identity(self) -> SenderIdentity | None:
        return read_identity(self.document)

    @strawberry.field(
        description="WhatsApp ids of those whom it mentions.",
        metadata=reads("raw", "original", "deleted_at"),
    )
    def mentions(self) -> list[str]:
        return list_mentions(self.document)

    @strawberry.field(
        description="The reactions to it that stand.",
        metadata=reads("reactions"),
    )
    def reactions(self) -> list[MessageReaction]:
        current = list_current_reactions(self.document.reactions)
        return [MessageReaction.from_document(one) for one in current]

    @strawberry.field(
        description="Statuses that have no name here, in the order of their times.",
        metadata=reads("unknown_statuses"),
    )
    def other_statuses(self) -> list[OtherStatus]:
        return [OtherStatus(name=one.name, at=one.at) for one in self.document.unknown_statuses]

    @strawberry.field(
        description="The product of your catalog that the customer asks about.",
        metadata=reads("referred_product"),
    )
    def referred_product(self) -> ReferredProduct | None:
        product = self.document.referred_product
        return read_product(product) if product else None

    @strawberry.field(
        description="The advertisement or post that led the customer here.",
        metadata=reads("referral"),
    )
    def referral(self) -> MessageReferral | None:
        referral = self.document.referral
        return MessageReferral.from_document(referral) if referral else None

    @strawberry.field(
        description="What WhatsApp charges for it, once it has told.",
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
    @strawberry.field(
        permission_classes=[IsViewer],
        description="The message with this id, or null. Requires role VIEWER.",
    )
    async def message(self, info: Info, id: NodeId) -> Message | None:
        message_id = parse_id(id, "Message")
        document = await load_message(info, message_id) if message_id else None
        return Message.from_document(document) if document else None

    @strawberry.field(
        permission_classes=[IsViewer],
        description="The messages that have all the words of `text`, newest first. A message is"
        f" found by its first {MAX_MESSAGE_WORDS} different words. What version 0.1 stored is found"
        " once the upgrade has indexed it, newest first. Requires role VIEWER.",
    )
    async def search_messages(
        self,
        info: Info,
        text: Annotated[
            str,
            strawberry.argument(
                description="Beginnings of words, in any case and order and without their accents:"
                " at most 200 characters and 16 words."
            ),
        ],
        account_id: AccountId = None,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Message]:
        page = read_page(info, first=first, after=after, last=last, before=before)
        words = match_words(text)
        # The index begins with the account, so that nobody pays for what others hold.
        accounts = limit_to_account(info, account_id) or {
            "account_id": {"$in": await list_account_ids()}
        }
        # What its writer deleted is found no more than it is shown.
        shown = {"deleted_at": None, **models.NO_OWN_REACTIONS}
        found = {"$and": [accounts, words, shown]}
        return await connect(
            models.Message, found, Message.from_document, order=BY_TIMESTAMP, page=page
        )
