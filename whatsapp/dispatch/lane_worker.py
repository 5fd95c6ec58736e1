"""One lane at work: sends the messages of a leased conversation in order, one at a time.

Never twice: a message is taken by one conditional update before the request, and a request whose
outcome is unknown is not repeated. Never out of order: the head of the lane is waited for.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

import pymongo
from pymongo.errors import PyMongoError

from models import Account, HealthState, Message, MessageError, MessageStatus, OutboxState
from models.database.outage_log import log_failure
from whatsapp.accounts.account_api import decrypt_access_token
from whatsapp.common.crypto import DecryptionError
from whatsapp.contacts.contacts import is_merged
from whatsapp.conversations.conversations import (
    ConversationGone,
    may_send_free_text,
    summary_includes,
    update_summary,
)
from whatsapp.dispatch import outbox_transitions
from whatsapp.dispatch.outbox_transitions import Head
from whatsapp.dispatch.sending import Sending, Tools
from whatsapp.dispatch.sent_media import prepare_file
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.logs import describe_bug
from whatsapp.media.media_store import FileMissing, StoreUnavailable
from whatsapp.messages.lanes import Lease, release_lease, release_unless_woken, renew_lease
from whatsapp.outbox.consent import find_objection
from whatsapp.outbox.content import needs_window

logger = logging.getLogger(__name__)

KEYLESS_PAUSE = 30  # in units of `retry_base_seconds`
RELEASE_SECONDS = 1.0
# A queued message is about to follow its merged contact into another lane.
MOVING_PAUSE_SECONDS = 1.0
# Why a message's file can't be handed to Meta; the message itself was surely not sent then.
FILE_OBSTACLES = (CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown, StoreUnavailable)


class LaneWorker:
    def __init__(self, lease: Lease, tools: Tools) -> None:
        self._lease = lease
        self._tools = tools
        self._settings = tools.settings

    async def run(self) -> None:
        """Works until the lane is empty, has to wait, is lost, or the process stops."""
        try:
            while await self._step():
                pass
        except asyncio.CancelledError:
            with suppress(PyMongoError), pymongo.timeout(RELEASE_SECONDS):
                await release_lease(self._lease)
            raise
        except PyMongoError as error:
            log_failure(logger, error, "Lane %s waits until its lease ends", self._lease.lane_id)
        except Exception as error:  # noqa: BLE001 - see the next line
            # The edge of a background task: a bug with one message must not end the dispatcher.
            lane_id = self._lease.lane_id
            logger.error("Lane %s failed and will be retried: %s", lane_id, describe_bug(error))

    async def _step(self) -> bool:
        """Does one thing; False when the lease has ended."""
        if self._tools.is_stopping():
            await release_lease(self._lease)
            return False
        # What allows a message is looked at after the wait for a slot, so that it is still true.
        pause = await self._tools.pacing.take_slot(self._lease.account_id)
        if pause:
            return await self._step_back(pause)
        if not self._has_time() and not await renew_lease(self._lease):
            return False
        head = await outbox_transitions.find_head(self._lease.lane_id)
        await _note_forgotten(head)
        if head is not None and head.message.outbox_state is OutboxState.READY:
            held = self._held_seconds(head.message)
            if not held:
                return await self._send_head(head)
        self._tools.pacing.return_slot(self._lease.account_id)
        return await (
            self._release_unless_woken() if head is None else self._wait_for(head.message)
        )

    async def _wait_for(self, head: Message) -> bool:
        """The head can't be sent now."""
        if head.outbox_state is OutboxState.SENDING:
            return await self._give_up(head)
        held = self._held_seconds(head)
        is_settled = (
            head.outbox_state is OutboxState.HOLDING and head.status_rank >= MessageStatus.SENT.rank
        )
        if held and not is_settled:
            return await self._release_unless_woken(held)
        await outbox_transitions.end_hold(head.id)
        return True

    def _held_seconds(self, head: Message) -> float:
        if head.hold_until is None:
            return 0.0
        return max((head.hold_until - self._lease.database_now()).total_seconds(), 0.0)

    async def _give_up(self, head: Message) -> bool:
        """Only we may send here, and we are not: whoever took the message ended in the middle."""
        if head.lane_fence is not None and head.lane_fence > self._lease.fence:
            return False  # the lane is another's by now
        hold = timedelta(seconds=self._settings.unknown_hold_seconds)
        hold_until = self._lease.database_now() + hold
        await outbox_transitions.record_unknown(
            head.id, fence=head.lane_fence, hold_until=hold_until
        )
        return True

    async def _step_back(self, seconds: float) -> bool:
        """The account sends nothing for a while: its lanes stay due, and wait for that."""
        await release_lease(self._lease)
        self._tools.wake_later(seconds)
        return False

    async def _release_unless_woken(self, seconds: float | None = None) -> bool:
        """Ends the lease until there is something to do: a new message, a status, or the time.

        True where it goes on, because the lane was woken meanwhile.
        """
        due = None
        if seconds is not None:
            due = self._lease.database_now() + timedelta(seconds=seconds)
        if not await release_unless_woken(self._lease, next_attempt_at=due):
            return await renew_lease(self._lease)
        if seconds is not None:
            self._tools.wake_later(seconds)
        return False

    async def _send_head(self, head: Head) -> bool:
        message, account = head.message, head.account
        if account is None or not _may_send(account):
            self._tools.pacing.return_slot(self._lease.account_id)
            return await self._release_unless_woken()
        self._tools.pacing.learn_rate(account)
        if head.contact is None and await is_merged(message.contact_id):
            self._tools.pacing.return_slot(account.id)
            return await self._release_unless_woken(MOVING_PAUSE_SECONDS)
        refusal = await _check_again(head)
        if head.contact is None or refusal is not None:
            self._tools.pacing.return_slot(account.id)
            await outbox_transitions.fail_unsent(message.id, refusal or outbox_transitions.NOT_SENT)
            return True
        try:
            token = decrypt_access_token(self._tools.keyring, account)
        except DecryptionError as error:
            # Another process may have the key, so the account is only put off, not stopped.
            logger.error("Account %s can't send: %s", account.id, error)
            self._tools.pacing.pause(account.id, KEYLESS_PAUSE * self._settings.retry_base_seconds)
            return True
        prepared = await self._prepare_file(message, account)
        if prepared is False:
            self._tools.pacing.return_slot(account.id)
            return True
        if not await self._take(message):
            return True
        sending = Sending(message, account, head.contact, self._lease, self._tools)
        if isinstance(prepared, Exception):
            held = await sending.put_back(prepared)
        else:
            held = await sending.send(token)
        if held is None and not head.is_last:
            return True
        return await self._release_unless_woken(held)

    async def _prepare_file(self, message: Message, account: Account) -> bool | Exception:
        """True where the message can be sent now, False where its lane is to be looked at again,
        or why its file can't be handed to Meta: the message itself was surely not sent then.
        """
        try:
            return await prepare_file(message, account, self._lease, self._tools.uploads)
        except FileMissing:
            await outbox_transitions.fail_unsent(message.id, outbox_transitions.FILE_GONE)
            return False
        except FILE_OBSTACLES as error:
            return error

    async def _take(self, message: Message) -> bool:
        """Makes the message ours to send now; False if it is somebody else's, or time is short."""
        if not self._has_time():
            return False
        try:
            if not await outbox_transitions.take_message(message, fence=self._lease.fence):
                return False
            await self._tools.pacing.smooth(message.account_id)
        except (PyMongoError, asyncio.CancelledError):
            # It may be marked as taken all the same, and it is known that nothing was sent.
            await self._return(message)
            raise
        if not self._has_time():
            await self._return(message)
            return False
        return True

    def _has_time(self) -> bool:
        """Whether a whole request fits into the lease: afterwards another may own the lane."""
        return self._lease.remaining_seconds() > self._settings.send_deadline_seconds

    async def _return(self, message: Message) -> None:
        await outbox_transitions.persist(
            lambda: outbox_transitions.return_message(message.id, fence=self._lease.fence)
        )


def _may_send(account: Account) -> bool:
    is_well = account.health.state is HealthState.OK
    return account.enabled and is_well and account.deleted_at is None


async def _note_forgotten(head: Head | None) -> None:
    """Whoever stored it may have ended before its conversation knew of it."""
    if head is None or head.conversation is None:
        return
    if not summary_includes(head.conversation, head.message):
        # Where its contact is just being erased, so is the message.
        with suppress(ConversationGone):
            await update_summary(head.message)


async def _check_again(head: Head) -> MessageError | None:
    """Why the message may not be sent any more although it once was allowed."""
    if head.contact is not None and head.contact.blocked:
        return outbox_transitions.CONTACT_BLOCKED
    if needs_window(head.message.type):
        conversation = head.conversation
        if conversation is None or not await may_send_free_text(conversation):
            return outbox_transitions.WINDOW_CLOSED
    return None if head.contact is None else await find_objection(head.message, head.contact)
