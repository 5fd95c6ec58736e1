"""Messages in the graph."""

from datetime import datetime
from typing import Annotated, Self

import strawberry
from strawberry import relay

import models
from graph.accounts import Account
from graph.connections import (
    BY_TIMESTAMP,
    After,
    Before,
    Connection,
    First,
    Last,
    connect,
    read_page,
)
from graph.contacts import Contact
from graph.content import MessageContent, read_content
from graph.context import Info
from graph.conversations import Conversation
from graph.enums import MessageDirection, MessageStatus
from graph.filters import AccountId, NodeId, limit_to_account
from graph.ids import parse_id
from graph.loaders import (
    load_contact,
    load_conversation,
    load_message,
    load_message_by_wamid,
)
from graph.message_details import (
    MessageError,
    MessagePricing,
    MessageReaction,
    MessageReferral,
    MessageStatusTime,
    OtherStatus,
    list_status_times,
)
from graph.missing import require_account, vanished
from graph.orders import ReferredProduct, read_product
from graph.permissions import IsViewer
from graph.searching import match_words
from whatsapp.reactions import list_standing


@strawberry.type(description="One thing said, by either side.")
class Message(relay.Node):
    node_id: relay.NodeID[str]
    direction: MessageDirection = strawberry.field(description="Who wrote it.")
    type: str = strawberry.field(
        description="WhatsApp's name of its type: text, image, location and so on."
    )
    text: str | None = strawberry.field(
        description="What a person reads in one line; null once its writer deleted it."
    )
    status: MessageStatus = strawberry.field(
        description="How far it has come; RECEIVED for what the customer wrote."
    )
    whatsapp_id: str | None = strawberry.field(
        description="WhatsApp's id of it (wamid); null until WhatsApp took it."
    )
    timestamp: datetime = strawberry.field(
        description="When it was said: WhatsApp's time, or when it was queued; lists sort by it."
    )
    created_at: datetime = strawberry.field(description="When it was stored here.")
    edited_at: datetime | None = strawberry.field(description="When its writer last edited it.")
    deleted_at: datetime | None = strawberry.field(description="When its writer deleted it.")
    forwarded: bool = strawberry.field(description="Whether it was forwarded from elsewhere.")
    frequently_forwarded: bool = strawberry.field(
        description="Whether it was forwarded more than five times."
    )
    reply_to_whatsapp_id: str | None = strawberry.field(
        description="WhatsApp's id of the message it answers, also of one that is not known here."
    )
    group_id: str | None = strawberry.field(
        description="WhatsApp's id of the group it was written in, if it was."
    )
    sent_by: str | None = strawberry.field(
        description="Name of the API key that sent it, or `WhatsApp Business app` for what was"
        " written on the phone; null for what the customer wrote."
    )
    document: strawberry.Private[models.Message]

    @strawberry.field(description="What it says, typed; null once its writer deleted it.")
    def content(self) -> MessageContent | None:
        return read_content(self.document) if self.deleted_at is None else None

    @strawberry.field(description="When it reached each status, the least advanced first.")
    def status_history(self) -> list[MessageStatusTime]:
        return list_status_times(self.document)

    @strawberry.field(description="Why it failed, or what WhatsApp warned about.")
    def errors(self) -> list[MessageError]:
        return [MessageError.from_document(error) for error in self.document.errors]

    @strawberry.field(description="The reactions to it that stand.")
    def reactions(self) -> list[MessageReaction]:
        standing = list_standing(self.document.reactions)
        return [MessageReaction.from_document(one) for one in standing]

    @strawberry.field(description="Statuses that have no name here, in the order of their times.")
    def other_statuses(self) -> list[OtherStatus]:
        return [OtherStatus(name=one.name, at=one.at) for one in self.document.unknown_statuses]

    @strawberry.field(description="The product of your catalog that the customer asks about.")
    def referred_product(self) -> ReferredProduct | None:
        product = self.document.referred_product
        return read_product(product) if product else None

    @strawberry.field(description="The advertisement or post that led the customer here.")
    def referral(self) -> MessageReferral | None:
        referral = self.document.referral
        return MessageReferral.from_document(referral) if referral else None

    @strawberry.field(description="What WhatsApp charges for it, once it has told.")
    def pricing(self) -> MessagePricing | None:
        pricing = self.document.pricing
        return MessagePricing.from_document(pricing) if pricing else None

    @strawberry.field(description="The account it went through.")
    async def account(self, info: Info) -> Account:
        return await require_account(info, self.document.account_id)

    @strawberry.field(description="The conversation it belongs to.")
    async def conversation(self, info: Info) -> Conversation:
        document = await load_conversation(info, self.document.conversation_id)
        if document is None:
            raise vanished("conversation")
        return Conversation.from_document(document)

    @strawberry.field(description="The customer who wrote it or whom it was written to.")
    async def contact(self, info: Info) -> Contact:
        document = await load_contact(info, self.document.contact_id)
        if document is None:
            raise vanished("contact")
        return Contact.from_document(document)

    @strawberry.field(description="The message it answers; null if that one is not known here.")
    async def reply_to(
        self, info: Info
    ) -> Annotated["Message", strawberry.lazy("graph.messages")] | None:
        if self.document.reply_to_wamid is None:
            return None
        account_id, wamid = self.document.account_id, self.document.reply_to_wamid
        document = await load_message_by_wamid(info, account_id, wamid)
        return Message.from_document(document) if document else None

    @strawberry.field(description="The message that this one tries again.")
    async def retry_of(
        self, info: Info
    ) -> Annotated["Message", strawberry.lazy("graph.messages")] | None:
        if self.document.retry_of is None:
            return None
        document = await load_message(info, self.document.retry_of)
        return Message.from_document(document) if document else None

    @classmethod
    def from_document(cls, document: models.Message) -> Self:
        is_inbound = document.direction is MessageDirection.INBOUND
        return cls(
            node_id=str(document.id),
            direction=document.direction,
            type=document.type,
            text=document.text if document.deleted_at is None else None,
            status=MessageStatus.RECEIVED if is_inbound else document.status,
            whatsapp_id=document.wamid,
            timestamp=document.timestamp,
            created_at=document.created_at,
            edited_at=document.edited_at,
            deleted_at=document.deleted_at,
            forwarded=document.forwarded,
            frequently_forwarded=document.frequently_forwarded,
            reply_to_whatsapp_id=document.reply_to_wamid,
            group_id=document.group_id,
            sent_by=document.sent_by,
            document=document,
        )


@strawberry.type
class MessageQueries:
    @strawberry.field(
        permission_classes=[IsViewer],
        description="The message with this id, or null. Needs role VIEWER.",
    )
    async def message(self, info: Info, id: NodeId) -> Message | None:
        message_id = parse_id(id, "Message")
        document = await load_message(info, message_id) if message_id else None
        return Message.from_document(document) if document else None

    @strawberry.field(
        permission_classes=[IsViewer],
        description="The messages that have all the words of `text`, newest first."
        " Needs role VIEWER.",
    )
    async def search_messages(
        self,
        info: Info,
        text: Annotated[
            str, strawberry.argument(description="Whole words, in any case and order.")
        ],
        account_id: AccountId = None,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Message]:
        page = read_page(info, first=first, after=after, last=last, before=before)
        words = match_words(text) or {"_id": None}
        # What its writer deleted is found no more than it is shown.
        shown = {"deleted_at": None, **models.NO_OWN_REACTIONS}
        found = {"$and": [words, shown, limit_to_account(info, account_id)]}
        return await connect(
            models.Message, found, Message.from_document, order=BY_TIMESTAMP, page=page
        )
