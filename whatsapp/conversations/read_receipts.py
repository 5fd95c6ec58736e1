"""Read receipts, sent to WhatsApp in the background.

A receipt is derived from the conversation's `read_up_to`: a crash loses none, a later receipt
replaces earlier ones, and marking as read does not depend on WhatsApp.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo import DESCENDING

from models import CALL, Account, Conversation, HealthState, Message, MessageDirection, ReadMark
from models.database.base import (
    ANY_STRING,
    collection,
    from_bson,
    is_due,
    seconds_from_now,
    utc_now,
)
from models.database.lease import lease_document
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.cloud_api.error_codes import Action, classify
from whatsapp.common.due_worker import DueWorker, compute_backoff
from whatsapp.common.timeouts import Timeouts
from whatsapp.errors import CloudAPIError, MetaRefused, MetaUnreachable, SendingHeld

logger = logging.getLogger(__name__)

# Concurrent receipt requests per process, at most half of them per account; messages go first.
RECEIPTS_AT_ONCE = 16
LEASE_DEADLINES = 3
# A receipt of a suspended workspace is looked at again after this time.
SUSPENDED_SECONDS = 30.0
# Meta: a message can be marked as read within 30 days.
READABLE = timedelta(days=30)
_FINAL = frozenset({Action.FAIL, Action.STOP_ACCOUNT})


class ReadReceiptWorker(DueWorker[Conversation]):
    """Sends due receipts until `run` is cancelled."""

    def __init__(self, account_api: AccountAPI, *, timeouts: Timeouts = Timeouts()) -> None:
        poll_seconds = timeouts.background_poll_seconds
        super().__init__("Read receipts", width=RECEIPTS_AT_ONCE, poll_seconds=poll_seconds)
        self._account_api = account_api
        self._timeouts = timeouts
        self._lease_seconds = timeouts.send_deadline_seconds * LEASE_DEADLINES

    async def claim(self, except_accounts: Sequence[PydanticObjectId]) -> Conversation | None:
        query = is_due("receipt.due_at")
        if except_accounts:
            query["account_id"] = {"$nin": list(except_accounts)}
        return await lease_document(
            Conversation,
            query,
            field="receipt.leased_until",
            seconds=self._lease_seconds,
            order="receipt.due_at",
        )

    async def work(self, conversation: Conversation) -> None:
        account = await Account.get(conversation.account_id)
        message = await find_message_to_confirm(conversation)
        if message is None or account is None or not _may_send_receipts(account):
            await _clear_due_receipt(conversation)
            return
        if account.workspace_suspended_at is not None:
            await _postpone(conversation)
            return
        try:
            await self._account_api.call(
                account,
                "POST",
                account.phone_number_id,
                "messages",
                body=build_read_request(message),
                reaches_customer=True,
            )
        except MetaRefused as refusal:
            await self._handle_error(conversation, refusal.error)
        except (MetaUnreachable, SendingHeld):
            await self._retry(conversation)
        else:
            await record_receipt_sent(message)
            await _clear_due_receipt(conversation)

    async def _handle_error(self, conversation: Conversation, error: CloudAPIError) -> None:
        if classify(error) not in _FINAL:
            await self._retry(conversation, at_least=error.retry_after_seconds or 0.0)
            return
        logger.info("Receipt refused (Meta error %s)", error.code)
        await _clear_due_receipt(conversation)

    async def _retry(self, conversation: Conversation, *, at_least: float = 0.0) -> None:
        attempts = conversation.receipt.attempts
        if attempts >= self._timeouts.retry_limit:
            logger.warning("Receipt given up after the last retry")
            await _clear_due_receipt(conversation)
            return
        base = self._timeouts.retry_base_seconds
        seconds = compute_backoff(base, attempts, at_least=at_least)
        await collection(Conversation).update_one(
            {"_id": conversation.id},
            [
                {
                    "$set": {
                        "receipt.due_at": seconds_from_now(seconds),
                        "receipt.leased_until": None,
                        "receipt.attempts": attempts + 1,
                    }
                }
            ],
        )
        self.wake_later(seconds)


def make_receipt_due() -> dict[str, Any]:
    """Returns the expressions that schedule a receipt for a conversation."""
    return {"receipt.due_at": "$$NOW", "receipt.attempts": 0}


def build_read_request(message: Message, *, is_typing: bool = False) -> dict[str, Any]:
    """Returns the request body that marks a message and all earlier ones as read."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": message.wamid,
    }
    return body | ({"typing_indicator": {"type": "text"}} if is_typing else {})


async def find_newest_inbound(
    conversation_id: PydanticObjectId, *, up_to: ReadMark | None = None
) -> Message | None:
    """Returns the customer's newest message with a WhatsApp id, at most 30 days old."""
    query: dict[str, Any] = {
        "conversation_id": conversation_id,
        "direction": MessageDirection.INBOUND.value,
        "wamid": ANY_STRING,
        "type": {"$nin": ["system", CALL]},  # these have no read receipts
        "timestamp": {"$gt": utc_now() - READABLE},
    }
    if up_to is not None:
        query["$or"] = [
            {"timestamp": {"$lt": up_to.timestamp}},
            {"timestamp": up_to.timestamp, "_id": {"$lte": up_to.message_id}},
        ]
    newest = [("timestamp", DESCENDING), ("_id", DESCENDING)]
    document = await collection(Message).find_one(query, sort=newest)
    return None if document is None else from_bson(Message, document)


async def find_message_to_confirm(conversation: Conversation) -> Message | None:
    """Returns the message to send a receipt for; None if it was already sent."""
    if conversation.read_up_to is None:
        return None
    message = await find_newest_inbound(conversation.id, up_to=conversation.read_up_to)
    sent = conversation.receipt.sent_up_to
    if message is None or sent is None:
        return message
    is_newer = (message.timestamp, message.id) > (sent.timestamp, sent.message_id)
    return message if is_newer else None


async def record_receipt_sent(message: Message) -> None:
    """Records that the receipt up to this message was sent."""
    mark = {"timestamp": message.timestamp, "message_id": message.id}
    stored = ["$receipt.sent_up_to.timestamp", "$receipt.sent_up_to.message_id"]
    is_newer = {"$gt": [[message.timestamp, message.id], stored]}
    await collection(Conversation).update_one(
        {"_id": message.conversation_id, "$expr": is_newer}, {"$set": {"receipt.sent_up_to": mark}}
    )


async def _clear_due_receipt(conversation: Conversation) -> None:
    """Clears the due receipt, unless staff have read more meanwhile."""
    is_unchanged = {"$eq": ["$receipt.due_at", conversation.receipt.due_at]}
    await collection(Conversation).update_one(
        {"_id": conversation.id},
        [
            {
                "$set": {
                    "receipt.due_at": {"$cond": [is_unchanged, None, "$receipt.due_at"]},
                    "receipt.leased_until": None,
                    "receipt.attempts": 0,
                }
            }
        ],
    )


async def _postpone(conversation: Conversation) -> None:
    """Makes the receipt due later, which is no attempt."""
    due_at = seconds_from_now(SUSPENDED_SECONDS)
    change = {"receipt.due_at": due_at, "receipt.leased_until": None}
    await collection(Conversation).update_one({"_id": conversation.id}, [{"$set": change}])


def _may_send_receipts(account: Account) -> bool:
    is_working = account.health.state is HealthState.OK and account.deleted_at is None
    return account.enabled and is_working and account.send_read_receipts
