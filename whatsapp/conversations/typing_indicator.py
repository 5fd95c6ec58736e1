"""Shows a customer for a while that somebody is writing an answer."""

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

# WhatsApp shows it for 25 seconds: asking again for each key that is pressed would be of no use.
QUIET = timedelta(seconds=5)


async def set_typing(
    account_api: AccountAPI, viewer: Viewer, conversation_id: PydanticObjectId
) -> Conversation:
    """Has WhatsApp show that somebody is typing, unless it was asked to within `QUIET`.

    WhatsApp ties it to the customer's newest message, and shows that one as read too.

    Raises:
        NotFound: the conversation.
        WindowClosed, ContactBlocked, AccountDisabled, AccountStopped: no answer may be sent.
        MetaRefused, MetaUnreachable: WhatsApp did not take it.
    """
    conversation = await get_conversation(viewer, conversation_id)
    account = await _check(conversation)
    message = await find_newest_inbound(conversation.id)
    if message is None:
        raise WindowClosed(window_expires_at(conversation))
    asked_at = await _take_turn(conversation)
    if asked_at is None:
        return conversation
    body = build_read_request(message, is_typing=True)
    try:
        await account_api.call(account, "POST", account.phone_number_id, "messages", body=body)
    except Refused:
        await _give_turn_back(conversation, asked_at)
        raise
    await record_receipt_sent(message)
    return conversation


async def _check(conversation: Conversation) -> Account:
    account = await Account.find_one({"_id": conversation.account_id, "deleted_at": None})
    contact = await Contact.get(conversation.contact_id)
    if account is None or contact is None:
        raise NotFound("The conversation", field=["conversationId"])
    require_active_account(account)
    if contact.blocked:
        raise ContactBlocked
    if not await may_send_free_text(conversation):
        raise WindowClosed(window_expires_at(conversation))
    return account


async def _take_turn(conversation: Conversation) -> datetime | None:
    """When it was taken, by the database's clock; None if that was done a moment ago."""
    quiet = int(QUIET.total_seconds() * 1000)
    since = {"$dateSubtract": {"startDate": "$$NOW", "unit": "millisecond", "amount": quiet}}
    found = await collection(Conversation).find_one_and_update(
        {"_id": conversation.id, "$expr": {"$lte": ["$typing_at", since]}},
        [{"$set": {"typing_at": "$$NOW"}}],
        projection={"typing_at": 1},
        return_document=True,
    )
    at: datetime | None = None if found is None else found["typing_at"]
    return at


async def _give_turn_back(conversation: Conversation, asked_at: datetime) -> None:
    await collection(Conversation).update_one(
        {"_id": conversation.id, "typing_at": asked_at}, {"$set": {"typing_at": None}}
    )
