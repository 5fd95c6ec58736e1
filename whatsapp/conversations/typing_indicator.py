"""The typing indicator, shown to the customer while staff write."""

from datetime import datetime, timedelta

from beanie import PydanticObjectId

from models import Account, Contact, Conversation
from models.database.base import collection
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.accounts import require_active_account
from whatsapp.auth.access import Viewer
from whatsapp.conversations.conversations import may_send_free_text, window_expires_at
from whatsapp.conversations.inbox import get_conversation
from whatsapp.conversations.read_receipts import (
    build_read_request,
    find_newest_inbound,
    record_receipt_sent,
)
from whatsapp.errors import ContactBlocked, NotFound, Refused, WindowClosed

# WhatsApp shows it for 25 seconds, so more frequent requests have no effect.
MIN_INTERVAL = timedelta(seconds=5)


async def set_typing(
    account_api: AccountAPI, viewer: Viewer, conversation_id: PydanticObjectId
) -> Conversation:
    """Shows the typing indicator, at most once per `MIN_INTERVAL`.

    WhatsApp requires the customer's newest message, and marks it as read.

    Raises:
        NotFound: the conversation.
        WindowClosed, ContactBlocked, AccountDisabled, AccountStopped: no reply may be sent.
        MetaRefused, MetaUnreachable: the request failed.
        SendingHeld: the restore of the database is not finished.
    """
    conversation = await get_conversation(viewer, conversation_id)
    account = await _check_conversation(conversation)
    message = await find_newest_inbound(conversation.id)
    if message is None:
        raise WindowClosed(window_expires_at(conversation))
    typing_at = await _claim_turn(conversation)
    if typing_at is None:
        return conversation
    body = build_read_request(message, is_typing=True)
    try:
        await account_api.call(
            account,
            "POST",
            account.phone_number_id,
            "messages",
            body=body,
            reaches_customer=True,
        )
    except Refused:
        await _release_turn(conversation, typing_at)
        raise
    await record_receipt_sent(message)
    return conversation


async def _check_conversation(conversation: Conversation) -> Account:
    account = await Account.find_one({"_id": conversation.account_id, "deleted_at": None})
    contact = await Contact.get(conversation.contact_id)
    if account is None or contact is None:
        raise NotFound("The conversation", field=["conversationId"])
    require_active_account(account)
    if contact.blocked:
        raise ContactBlocked(contact)
    if not await may_send_free_text(conversation):
        raise WindowClosed(window_expires_at(conversation))
    return account


async def _claim_turn(conversation: Conversation) -> datetime | None:
    """Records the request; returns its database time, or None if the last is too recent."""
    interval = int(MIN_INTERVAL.total_seconds() * 1000)
    since = {"$dateSubtract": {"startDate": "$$NOW", "unit": "millisecond", "amount": interval}}
    document = await collection(Conversation).find_one_and_update(
        {"_id": conversation.id, "$expr": {"$lte": ["$typing_at", since]}},
        [{"$set": {"typing_at": "$$NOW"}}],
        projection={"typing_at": 1},
        return_document=True,
    )
    at: datetime | None = None if document is None else document["typing_at"]
    return at


async def _release_turn(conversation: Conversation, typing_at: datetime) -> None:
    await collection(Conversation).update_one(
        {"_id": conversation.id, "typing_at": typing_at}, {"$set": {"typing_at": None}}
    )
