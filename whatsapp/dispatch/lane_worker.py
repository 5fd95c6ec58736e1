"""The worker of a leased lane: sends a conversation's messages in order, one at a time.

No message is sent twice: a conditional update claims it before the request, and a request with
unknown outcome is not repeated. No message overtakes: the lane waits for its head.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

import pymongo
from pymongo.errors import PyMongoError

from models import Account, HealthState, Message, MessageError, MessageStatus, OutboxState
from models.database.outage_log import log_failure
from telemetry import traces
from telemetry.log_context import add_log_fields, log_fields
from telemetry.log_lines import describe_bug
from telemetry.metrics.sends import OUTCOMES
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
from whatsapp.media.media_store import FileMissing, StoreUnavailable
from whatsapp.messages.lanes import Lease, release_lease, release_unless_woken, renew_lease
from whatsapp.outbox.consent import find_objection
from whatsapp.outbox.content import needs_window

logger = logging.getLogger(__name__)

# Pause of an account whose token this process can't decrypt, in units of `retry_base_seconds`.
DECRYPTION_PAUSE = 30
# Time for a queued message to follow its merged contact into another lane.
MOVING_PAUSE_SECONDS = 1.0
# Errors of uploading a message's file; the message itself was definitely not sent.
UPLOAD_ERRORS = (CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown, StoreUnavailable)


class LaneWorker:
    def __init__(self, lease: Lease, tools: Tools) -> None:
        self._lease = lease
        self._tools = tools
        self._timeouts = tools.timeouts

    async def run(self) -> None:
        """Works until the lane is empty, must wait, its lease is lost, or the process stops."""
        add_log_fields(account_id=self._lease.account_id, lane_id=self._lease.lane_id)
        try:
            while await self._step():
                pass
        except asyncio.CancelledError:
            with suppress(PyMongoError), pymongo.timeout(self._timeouts.lane_release_seconds):
                await release_lease(self._lease)
            raise
        except PyMongoError as error:
            log_failure(logger, error, "The lane waits until its lease ends")
        except Exception as error:  # noqa: BLE001 - see the next line
            # A bug with one message must not end the dispatcher.
            logger.error("The lane failed and will be retried: %s", describe_bug(error))

    async def _step(self) -> bool:
        """Advances the lane by one transition. Returns False when the lease has ended."""
        if self._tools.is_stopping():
            await release_lease(self._lease)
            return False
        # The message is checked after the wait for a slot, so that the checks still hold.
        pause = await self._tools.pacing.take_slot(self._lease.account_id)
        if pause:
            return await self._wait_for_account(pause)
        if not self._has_time() and not await renew_lease(self._lease):
            return False
        head = await outbox_transitions.find_head(self._lease.lane_id)
        await _complete_summary(head)
        if head is not None and head.message.outbox_state is OutboxState.READY:
            hold_seconds = self._held_seconds(head.message)
            if not hold_seconds:
                conversation_id = head.message.conversation_id
                with log_fields(conversation_id=conversation_id, message_id=head.message.id):
                    return await self._send_head(head)
        self._tools.pacing.return_slot(self._lease.account_id)
        return await (
            self._release_unless_woken() if head is None else self._wait_for(head.message)
        )

    async def _wait_for(self, head: Message) -> bool:
        """Handles a head that can't be sent now. Returns False when the lease has ended."""
        if head.outbox_state is OutboxState.SENDING:
            return await self._record_abandoned(head)
        hold_seconds = self._held_seconds(head)
        is_settled = (
            head.outbox_state is OutboxState.HOLDING and head.status_rank >= MessageStatus.SENT.rank
        )
        if hold_seconds and not is_settled:
            return await self._release_unless_woken(hold_seconds)
        await outbox_transitions.end_hold(head.id)
        return True

    def _held_seconds(self, head: Message) -> float:
        if head.hold_until is None:
            return 0.0
        return max((head.hold_until - self._lease.database_now()).total_seconds(), 0.0)

    async def _record_abandoned(self, head: Message) -> bool:
        """Marks a message in SENDING as unknown, because its worker crashed."""
        if head.lane_fence is not None and head.lane_fence > self._lease.fence:
            return False  # another worker has the lane
        hold = timedelta(seconds=self._timeouts.unknown_hold_seconds)
        hold_until = self._lease.database_now() + hold
        await outbox_transitions.record_unknown(
            head.id, fence=head.lane_fence, hold_until=hold_until
        )
        OUTCOMES["unknown"].inc()
        return True

    async def _wait_for_account(self, seconds: float) -> bool:
        """Releases the lease while the account is paused; the lane stays due."""
        await release_lease(self._lease)
        self._tools.wake_later(seconds)
        return False

    async def _release_unless_woken(self, seconds: float | None = None) -> bool:
        """Releases the lease until the lane is woken or, if given, `seconds` have passed.

        Returns True if the lane was woken meanwhile and its lease was renewed.
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
        self._tools.pacing.set_rate(account)
        if head.contact is None and await is_merged(message.contact_id):
            self._tools.pacing.return_slot(account.id)
            return await self._release_unless_woken(MOVING_PAUSE_SECONDS)
        refusal = await _find_obstacle(head)
        if head.contact is None or refusal is not None:
            self._tools.pacing.return_slot(account.id)
            await outbox_transitions.fail_unsent(message.id, refusal or outbox_transitions.NOT_SENT)
            return True
        try:
            token = decrypt_access_token(self._tools.keyring, account)
        except DecryptionError as error:
            # Another process may have the key, so the account is only paused, not stopped.
            logger.error("The account can't send: %s", error)
            self._tools.pacing.pause(
                account.id, DECRYPTION_PAUSE * self._timeouts.retry_base_seconds
            )
            return True
        prepared = await self._prepare_file(message, account)
        if prepared is False:
            self._tools.pacing.return_slot(account.id)
            return True
        if not await self._claim_message(message):
            return True
        sending = Sending(message, account, head.contact, self._lease, self._tools)
        if isinstance(prepared, Exception):
            wait_seconds = await sending.postpone_for_file(prepared)
        else:
            with traces.linked_span("send message", [message], traces.Kind.CONSUMER):
                wait_seconds = await sending.send(token)
        if wait_seconds is None and not head.is_last:
            return True
        return await self._release_unless_woken(wait_seconds)

    async def _prepare_file(self, message: Message, account: Account) -> bool | Exception:
        """Returns True if the message can be sent now, False if its lane must be read again, or
        the error that keeps its file from being uploaded.
        """
        try:
            return await prepare_file(message, account, self._lease, self._tools.uploads)
        except FileMissing:
            await outbox_transitions.fail_unsent(message.id, outbox_transitions.FILE_GONE)
            return False
        except UPLOAD_ERRORS as error:
            return error

    async def _claim_message(self, message: Message) -> bool:
        """Claims the message for sending. Returns False if it is claimed or time is short."""
        if not self._has_time():
            return False
        try:
            if not await outbox_transitions.claim_message(message, fence=self._lease.fence):
                return False
            await self._tools.pacing.keep_interval(message.account_id)
        except (PyMongoError, asyncio.CancelledError):
            # The message may be claimed, but no request was sent: undo the claim.
            await self._return_message(message)
            raise
        if not self._has_time():
            await self._return_message(message)
            return False
        return True

    def _has_time(self) -> bool:
        """Returns True if a whole request fits into the remaining lease."""
        return self._lease.remaining_seconds() > self._timeouts.send_deadline_seconds

    async def _return_message(self, message: Message) -> None:
        await outbox_transitions.persist_write(
            lambda: outbox_transitions.return_message(message.id, fence=self._lease.fence)
        )


def _may_send(account: Account) -> bool:
    is_healthy = account.health.state is HealthState.OK
    return account.enabled and is_healthy and account.deleted_at is None


async def _complete_summary(head: Head | None) -> None:
    """Updates the conversation's summary if the process that queued the message crashed before."""
    if head is None or head.conversation is None:
        return
    if not summary_includes(head.conversation, head.message):
        # If the contact is being erased, so is the message.
        with suppress(ConversationGone):
            await update_summary(head.message)


async def _find_obstacle(head: Head) -> MessageError | None:
    """Returns the reason why a queued message may no longer be sent, or None."""
    if head.contact is not None and head.contact.blocked:
        return outbox_transitions.CONTACT_BLOCKED
    if needs_window(head.message.type):
        conversation = head.conversation
        if conversation is None or not await may_send_free_text(conversation):
            return outbox_transitions.WINDOW_CLOSED
    return None if head.contact is None else await find_objection(head.message, head.contact)
