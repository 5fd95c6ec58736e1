"""One lane at work: sends the messages of a leased conversation in order, one at a time.

Never twice: a message is taken by one conditional update before the request, and a request whose
outcome is unknown is not repeated. Never out of order: the head of the lane is waited for.
"""

import asyncio
import logging
import traceback
from contextlib import suppress
from datetime import timedelta

import pymongo
from pymongo.errors import PyMongoError

from models import (
    Account,
    Contact,
    Conversation,
    HealthState,
    Message,
    MessageError,
    MessageStatus,
    OutboxState,
)
from whatsapp import delivery
from whatsapp.account_api import open_access_token
from whatsapp.conversations import may_send_free_text
from whatsapp.crypto import DecryptionError
from whatsapp.lanes import Lease, give_back, let_go, renew_lease
from whatsapp.outgoing import needs_window
from whatsapp.sending import Sending, Tools

logger = logging.getLogger(__name__)

KEYLESS_PAUSE = 30  # in units of `retry_base_seconds`
# A settled message frees its lane this many polls after its status came, at the latest.
HOLD_POLLS = 4
GIVE_BACK_SECONDS = 1.0


class LaneWorker:
    def __init__(self, lease: Lease, tools: Tools) -> None:
        self._lease = lease
        self._tools = tools
        self._settings = tools.settings

    async def run(self) -> None:
        """Works until the lane is empty, has to wait, is lost, or the process stops."""
        try:
            while await self._step():
                if not await renew_lease(self._lease):
                    return
        except asyncio.CancelledError:
            with suppress(PyMongoError), pymongo.timeout(GIVE_BACK_SECONDS):
                await give_back(self._lease)
            raise
        except PyMongoError as error:
            logger.warning(
                "Lane %s: MongoDB failed (%s); it is taken up again when its lease ends",
                self._lease.lane_id,
                type(error).__name__,
            )
        except Exception as error:  # noqa: BLE001 - see the next line
            # The edge of a background task: a bug with one message must not end the dispatcher.
            # The error's own text may quote the message, so only its kind and place are logged.
            frames = "".join(traceback.format_tb(error.__traceback__))
            name, lane_id = type(error).__name__, self._lease.lane_id
            logger.error("Lane %s failed (%s); it is tried again. %s", lane_id, name, frames)

    async def _step(self) -> bool:
        """Does one thing; False when the lease has ended."""
        if self._tools.is_stopping():
            await give_back(self._lease)
            return False
        pause = self._tools.gate.pause_seconds(self._lease.account_id)
        if pause:
            return await self._wait(pause)
        head = await delivery.find_head(self._lease.lane_id)
        if head is None:
            return not await let_go(self._lease, next_attempt_at=None)
        if head.outbox_state is OutboxState.SENDING:
            await self._give_up(head)
            return True
        held = 0.0
        if head.hold_until is not None:
            held = (head.hold_until - self._lease.database_now()).total_seconds()
        if head.outbox_state is OutboxState.HOLDING:
            return await self._end_hold(head, held)
        return await (self._wait_unless_woken(held) if held > 0 else self._send_head(head))

    async def _give_up(self, head: Message) -> None:
        """Only we may send here, and we are not: whoever took the message ended in the middle."""
        if head.lane_fence is not None and head.lane_fence > self._lease.fence:
            return  # the lane is another's by now, and renewing the lease will tell
        hold = timedelta(seconds=self._settings.unknown_hold_seconds)
        hold_until = self._lease.database_now() + hold
        await delivery.record_unknown(head.id, fence=head.lane_fence, hold_until=hold_until)

    async def _end_hold(self, head: Message, held: float) -> bool:
        if held > 0 and head.status_rank <= MessageStatus.UNKNOWN.rank:
            return await self._wait_unless_woken(
                min(held, self._settings.lane_poll_seconds * HOLD_POLLS)
            )
        await delivery.end_hold(head.id)
        return True

    async def _wait(self, seconds: float) -> bool:
        due = self._lease.database_now() + timedelta(seconds=seconds)
        await give_back(self._lease, next_attempt_at=due)
        self._tools.wake_later(seconds)
        return False

    async def _wait_unless_woken(self, seconds: float) -> bool:
        due = self._lease.database_now() + timedelta(seconds=seconds)
        if not await let_go(self._lease, next_attempt_at=due):
            return True
        self._tools.wake_later(seconds)
        return False

    async def _send_head(self, head: Message) -> bool:
        account = await Account.get(head.account_id)
        if account is None or not _may_send(account):
            return not await let_go(self._lease, next_attempt_at=None)
        contact, refusal = await _check_again(head)
        if contact is None or refusal is not None:
            await delivery.fail_unsent(head.id, refusal or delivery.NOT_SENT)
            return True
        try:
            token = open_access_token(self._tools.keyring, account)
        except DecryptionError as error:
            # Another process may have the key, so the account is only put off, not stopped.
            logger.error("Account %s can't send: %s", account.id, error)
            pause = KEYLESS_PAUSE * self._settings.retry_base_seconds
            self._tools.gate.pause(account.id, pause)
            return True
        message = await self._take(head)
        if message is not None:
            await Sending(message, account, contact, self._lease, self._tools).send(token)
        return True

    async def _take(self, head: Message) -> Message | None:
        """The message as ours to send now; None if it is somebody else's, or time is short."""
        if not self._has_time():
            return None
        try:
            message = await delivery.take_message(head.id, fence=self._lease.fence)
        except PyMongoError:
            # It may be marked as taken all the same, and it is known that nothing was sent.
            await self._return(head)
            raise
        if message is None or self._has_time():
            return message
        await self._return(message)
        return None

    def _has_time(self) -> bool:
        """Whether a whole request fits into the lease: afterwards another may own the lane."""
        return self._lease.remaining_seconds() > self._settings.send_deadline_seconds

    async def _return(self, message: Message) -> None:
        await delivery.persist(lambda: delivery.return_message(message.id, fence=self._lease.fence))


def _may_send(account: Account) -> bool:
    is_well = account.health.state is HealthState.OK
    return account.enabled and is_well and account.deleted_at is None


async def _check_again(message: Message) -> tuple[Contact | None, MessageError | None]:
    """The contact, and why the message may not be sent any more although it once was allowed."""
    contact = await Contact.get(message.contact_id)
    if contact is not None and contact.blocked:
        return contact, delivery.CONTACT_BLOCKED
    if needs_window(message.type):
        conversation = await Conversation.get(message.conversation_id)
        if conversation is None or not await may_send_free_text(conversation):
            return contact, delivery.WINDOW_CLOSED
    return contact, None
