"""One attempt to send the next message of a conversation, from its claim to the recorded outcome.

No message is sent twice: a conditional update claims it before the request, and a request with
unknown outcome is not repeated. The rules are checked by a model; see docs/models.md.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from models import Account, Contact, Conversation, Message, MessageError
from telemetry import traces
from telemetry.log_context import add_log_fields
from whatsapp.accounts.account_api import decrypt_access_token
from whatsapp.accounts.accounts import may_send
from whatsapp.common.crypto import DecryptionError
from whatsapp.contacts.contacts import is_merged
from whatsapp.conversations.conversations import may_send_free_text
from whatsapp.dispatch import local_errors, outbox_transitions
from whatsapp.dispatch.claims import Claim
from whatsapp.dispatch.documents import SendDocuments, SendKey
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.conversation_queue import QueuedMessage
from whatsapp.dispatch.sending import OutcomeNotRecorded, Sending
from whatsapp.dispatch.sent_media import prepare_file
from whatsapp.dispatch.tools import Tools
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.media.media_store import FileMissing, StoreUnavailable
from whatsapp.outbox.consent import find_objection
from whatsapp.outbox.content import needs_window

logger = logging.getLogger(__name__)

# Pause of an account whose token this process can't decrypt, in units of `retry_base_seconds`.
DECRYPTION_PAUSE = 30
# Time for a queued message to follow its merged contact into another conversation, or to be removed
# with its erased contact.
MOVING_PAUSE_SECONDS = 1.0
# The request is written first.
SHOWN_SECONDS = 0.005
# Errors of uploading a message's file; the message itself was definitely not sent.
UPLOAD_ERRORS = (
    CloudAPIError,
    CloudAPINotReached,
    CloudAPIOutcomeUnknown,
    FileMissing,
    StoreUnavailable,
)


@dataclass(eq=False)
class Attempt:
    """Sends the first message of a conversation at `departure`, a monotonic time."""

    queue: AccountQueue
    queued: QueuedMessage
    departure: float
    tools: Tools
    on_departure: Callable[[], None]
    """Called when the request begins."""
    token: str | None = None
    """Of the claim under which the message was stored, or None if it is to be claimed."""
    has_begun: bool = field(default=False, init=False)
    """True once a request may have been sent."""
    is_revoked: bool = field(default=False, init=False)
    """True if no request may begin."""
    _showing: asyncio.Task[None] | None = field(default=None, init=False)

    async def run(self) -> float | None:
        """Returns None if the message has left the queue of its conversation, or the seconds after
        which that is to be read again.

        Raises:
            PyMongoError: the conversation is to be read again later.
        """
        add_log_fields(
            account_id=self.queue.id,
            conversation_id=self.queued.conversation_id,
            message_id=self.queued.id,
        )
        # Before the claim: an upload may take minutes, and nothing is sent until it is done.
        file_error = await self._prepare_file() if self.queued.has_file else None
        token = self.token or await self._claim()
        if token is None:
            self.queue.pace.return_slot()
            return 0.0
        is_settled = True
        try:
            return await self._send_claimed(file_error)
        except OutcomeNotRecorded:
            # Without its token it would be taken for a message that was not sent.
            is_settled = False
            raise
        finally:
            if is_settled:
                self.queue.drop_token(token)
            self.tools.summaries.forget(self.queued.id)

    async def _prepare_file(self) -> Exception | None:
        """Returns the error that keeps the message's file from being uploaded."""
        is_prepared = False
        while not is_prepared:
            found = await self._read_documents()
            message, account, contact = found.message, found.account, found.contact
            if message is None or account is None or contact is None or not may_send(account):
                return None
            if await _find_refusal(found, message, contact) is not None:
                return None
            try:
                is_prepared = await prepare_file(message, account, self.tools.uploads)
            except UPLOAD_ERRORS as error:
                return error
            except DecryptionError:
                return None  # handled after the claim, as for messages without a file
        return None

    async def _claim(self) -> str | None:
        claim = Claim(self.queued.id, self.queued.conversation_id, self.queue)
        claiming = asyncio.ensure_future(self.tools.claims.submit(claim))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            token = await claiming
            if token is not None:
                await self._return()
                self.queue.drop_token(token)
            raise

    async def _send_claimed(self, file_error: Exception | None) -> float | None:
        """Sends the message, fails it, or makes it READY again."""
        try:
            found = await self._read_documents()
            obstacle = await self._find_obstacle(found, file_error)
        except BaseException:
            # No request was begun.
            await self._return()
            raise
        if isinstance(obstacle, MessageError) and found.message is not None:
            await self._fail(found.message, obstacle)
            return None
        if found.message is None:
            return 0.0  # erased
        if not isinstance(obstacle, _Ready):
            await self._return()
            return obstacle if isinstance(obstacle, float) else 0.0
        return await self._send_ready(found.message, obstacle, file_error)

    async def _find_obstacle(
        self, found: SendDocuments, file_error: Exception | None
    ) -> "_Ready | MessageError | float":
        """Returns what is needed to send the message now, the reason why it may not be sent, or the
        seconds after which to look again."""
        message, account, contact = found.message, found.account, found.contact
        if account is None or not may_send(account):
            self.queue.is_stopped = True
            return 0.0
        if message is None:
            return 0.0
        self.queue.pace.set_rate(account)
        if contact is None:
            is_moving = await is_merged(message.contact_id)
            return MOVING_PAUSE_SECONDS if is_moving else local_errors.NOT_SENT
        if isinstance(file_error, FileMissing):
            return local_errors.FILE_GONE
        refusal = await _find_refusal(found, message, contact)
        if refusal is not None:
            return refusal
        if not await self._has_conversation(message, found.conversation):
            return MOVING_PAUSE_SECONDS
        return self._decrypt_token(account, contact)

    async def _has_conversation(self, message: Message, conversation: Conversation | None) -> bool:
        """Returns False if the contact was erased or merged before the message was stored."""
        if self.token is None:
            return await self.tools.summaries.include(message, conversation)
        # Read after the message was stored, so an erasure or merge from now on finds the message.
        return conversation is not None

    def _decrypt_token(self, account: Account, contact: Contact) -> "_Ready | float":
        try:
            return _Ready(account, contact, decrypt_access_token(self.tools.keyring, account))
        except DecryptionError as error:
            # Another process may have the key, so the account is only paused, not stopped.
            logger.error("The account can't send: %s", error)
            pause = DECRYPTION_PAUSE * self.tools.timeouts.retry_base_seconds
            self.queue.pace.pause(pause)
            return 0.0

    async def _send_ready(
        self, message: Message, ready: "_Ready", file_error: Exception | None
    ) -> float | None:
        sending = Sending(
            message,
            ready.account,
            ready.contact,
            self.queue,
            self.tools,
            before_outcome=partial(self._finish_storing, message),
        )
        if file_error is not None:
            return await sending.postpone_for_file(file_error)
        try:
            await self._wait_for_departure()
        except asyncio.CancelledError:
            await self._return()
            raise
        # Checked last: after a pause of this process, another one may own the account.
        if not self.has_time() or self.tools.is_stopping() or self.is_revoked:
            await self._return()
            return 0.0
        self.has_begun = True
        self.on_departure()
        if self.token is not None:
            self._showing = asyncio.create_task(_show_sending(message), name="send")
        with traces.linked_span("send message", [message], traces.Kind.CONSUMER):
            return await sending.send(ready.access_token)

    async def _finish_storing(self, message: Message) -> None:
        """Waits for writes that began before the request, so that its outcome comes after them."""
        if self._showing is not None:
            await asyncio.wait([self._showing])
        await self.tools.summaries.finish(message)

    async def _wait_for_departure(self) -> None:
        await _sleep_until(self.departure)
        await _sleep_until(self.queue.pace.compute_departure())

    def has_time(self) -> bool:
        """Returns True if a whole request fits into the remaining lease."""
        return self.queue.lease.remaining_seconds() > self.tools.timeouts.send_deadline_seconds

    async def _read_documents(self) -> SendDocuments:
        queued = self.queued
        key = SendKey(queued.id, queued.contact_id, queued.conversation_id, self.queue.id)
        return await self.tools.documents.load(key)

    async def _fail(self, message: Message, error: MessageError) -> None:
        self.queue.pace.return_slot()
        await outbox_transitions.persist_write(
            lambda: outbox_transitions.fail_unsent(message, error, fence=self.queue.fence)
        )

    async def _return(self) -> None:
        self.queue.pace.return_slot()
        await outbox_transitions.persist_write(
            lambda: outbox_transitions.return_message(self.queued, fence=self.queue.fence)
        )


@dataclass(frozen=True)
class _Ready:
    """Documents and token with which a message can be sent now."""

    account: Account
    contact: Contact
    access_token: str


async def _find_refusal(
    found: SendDocuments, message: Message, contact: Contact
) -> MessageError | None:
    """Returns the reason why a queued message may no longer be sent, or None."""
    if contact.blocked:
        return local_errors.CONTACT_BLOCKED
    if needs_window(message.type):
        conversation = found.conversation
        if conversation is None or not await may_send_free_text(conversation):
            return local_errors.WINDOW_CLOSED
    return await find_objection(message, contact)


async def _show_sending(message: Message) -> None:
    """Shows the status of a message that was stored as claimed; a claim would have shown it."""
    await asyncio.sleep(SHOWN_SECONDS)
    await outbox_transitions.show_sending(message.id)


async def _sleep_until(at: float) -> None:
    delay = at - time.monotonic()
    if delay > 0:
        await asyncio.sleep(delay)
