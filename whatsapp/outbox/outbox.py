"""The outbox: checks messages and stores them as QUEUED, for the dispatcher to send in order."""

import asyncio
from dataclasses import replace
from typing import Protocol

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import (
    UNSENT,
    Message,
    MessageDirection,
    MessagePriority,
    MessageStatus,
    OutboxState,
)
from models.database.base import collection, to_bson, utc_now
from models.database.shared_writes import insert_shared
from telemetry.metrics.sends import QUEUED
from whatsapp.auth.access import Viewer
from whatsapp.contacts.contacts import is_merged
from whatsapp.conversations.answers import mark_answers_stale, update_answers
from whatsapp.conversations.conversations import (
    ConversationGone,
    update_summary,
)
from whatsapp.errors import Conflict, NotFound
from whatsapp.outbox.authors import choose_author, find_retry_author
from whatsapp.outbox.content import OutgoingContent, ResolvedContent, StoredContent
from whatsapp.outbox.drafts import (
    Draft,
    build_message,
    check_message_input,
    check_repeated,
    digest_input,
    find_repeated,
)
from whatsapp.outbox.recipients import Recipient, Target, resolve_recipient
from whatsapp.outbox.retries import check_retryable, choose_retry_key, make_retry_key
from whatsapp.outbox.storing import attach_file, ensure_conversation, remove_or_follow
from whatsapp.outbox.target_checks import check_target, get_answered


class Announce(Protocol):
    """Notifies this process's dispatcher of a stored message.

    `summary` is the update of its conversation's summary, which is under way. If that fails because
    the conversation is gone, the message is removed and must not be sent.
    """

    def __call__(
        self, message: Message, *, waits_behind: bool, summary: asyncio.Future[None]
    ) -> None: ...


class Reservations(Protocol):
    """Claims messages for this process's dispatcher that are about to be stored."""

    def reserve(self, message: Message) -> None:
        """Marks the message as claimed if it may leave as soon as it is stored and announced. No
        other may wait in its conversation."""

    def release(self, message: Message) -> None:
        """Gives up the claim of a message that was not stored, or may yet be."""

    def revoke(self, message: Message) -> bool:
        """Keeps a message from being sent whose conversation is gone. Returns False if its request
        has begun: it was stored before, so the erasure or merge removes or moves it."""


class Outbox:
    """Queues, retries and cancels messages.

    Without `reservations` each message is claimed after it was stored.
    """

    def __init__(self, *, announce: Announce, reservations: Reservations | None = None) -> None:
        self._announce = announce
        self._reservations = reservations

    async def queue_message(
        self,
        viewer: Viewer,
        *,
        account_id: PydanticObjectId | None,
        recipient: Recipient,
        content: OutgoingContent,
        reply_to_message_id: PydanticObjectId | None = None,
        idempotency_key: str | None = None,
        on_behalf_of: PydanticObjectId | None = None,
        priority: MessagePriority = MessagePriority.NORMAL,
    ) -> Message:
        """Stores a message to send, or returns the message stored with the same idempotency key.

        `account_id` is required with a phone number or user id, and `on_behalf_of` is the id of the
        agent who wrote the message, by default the viewer's. An error writes nothing.

        Raises:
            Refused: NotFound, InvalidInput, IdempotencyKeyReused, AccountDisabled, AccountStopped,
                ContactBlocked or WindowClosed, checked in this order.
        """
        check_message_input(
            recipient,
            content,
            reply_to_message_id=reply_to_message_id,
            idempotency_key=idempotency_key,
        )
        references = content.references
        if reply_to_message_id is not None:
            references = replace(references, message_id=reply_to_message_id)
        target = await resolve_recipient(
            viewer,
            recipient,
            account_id=account_id,
            idempotency_key=idempotency_key,
            priority=priority,
            references=replace(references, agent_id=on_behalf_of),
        )
        author = choose_author(
            viewer,
            target.account.id,
            on_behalf_of=on_behalf_of,
            agent=target.references.agent,
        )
        digest = digest_input(recipient, content, reply_to_message_id, on_behalf_of, priority)
        draft = Draft(content, author, idempotency_key, digest, priority)
        existing = check_repeated(target.repeated, draft)
        if existing is not None:
            return await self._return_existing(existing)
        await check_target(target, content)
        if reply_to_message_id is not None:
            answered = get_answered(target)
            draft = replace(draft, reply_to_wamid=answered.wamid, answered_at=answered.timestamp)
        try:
            return await self._store_message(target, draft, await content.resolve(target))
        except ConversationGone:
            if target.contact is None or not await is_merged(target.contact.id):
                raise
        # The contact was merged meanwhile, so the message goes to the remaining contact.
        return await self.queue_message(
            viewer,
            account_id=account_id,
            recipient=recipient,
            content=content,
            reply_to_message_id=reply_to_message_id,
            idempotency_key=idempotency_key,
            on_behalf_of=on_behalf_of,
            priority=priority,
        )

    async def retry_message(self, viewer: Viewer, message_id: PydanticObjectId) -> Message:
        """Queues a new message with the content of a FAILED, UNKNOWN or CANCELLED message.

        Repeated calls return the same new message until it fails too, so that two clicks send only
        once.

        Raises:
            Refused: NotFound, Conflict (another status, or marketing that WhatsApp held back
                within the last day), and as for `queue_message`.
        """
        message = await _get_outbound(viewer, message_id)
        check_retryable(message)
        recipient = Recipient(conversation_id=message.conversation_id)
        priority = MessagePriority.from_stored(message.priority)
        target = await resolve_recipient(
            viewer,
            recipient,
            account_id=None,
            idempotency_key=make_retry_key(message),
            priority=priority,
        )
        content = StoredContent(message)
        key = await choose_retry_key(message, target.repeated)
        draft = Draft(
            content,
            find_retry_author(viewer, message),
            key,
            digest=str(message.id),
            priority=priority,
            reply_to_wamid=message.reply_to_wamid,
            retry_of=message.id,
        )
        existing = await _find_existing(target, draft)
        if existing is not None:
            return await self._return_existing(existing)
        await check_target(target, content)
        return await self._store_message(target, draft, await content.resolve(target))

    async def cancel_message(self, viewer: Viewer, message_id: PydanticObjectId) -> Message:
        """Cancels a queued message; repeated calls change nothing.

        Raises:
            Refused: NotFound, or Conflict if it is being sent or was sent.
        """
        message = await _get_outbound(viewer, message_id)
        if message.outbox_state is OutboxState.READY:
            await mark_answers_stale(message.conversation_id)
        cancelled = await collection(Message).update_one(
            {"_id": message.id, "outbox_state": OutboxState.READY.value, **UNSENT},
            {
                "$set": {"outbox_state": OutboxState.DONE.value},
                "$max": {"status_rank": MessageStatus.CANCELLED.rank},
                "$min": {f"status_times.{MessageStatus.CANCELLED.key}": utc_now()},
            },
        )
        message = await _get_outbound(viewer, message_id)
        if not cancelled.matched_count and message.status is not MessageStatus.CANCELLED:
            raise Conflict(
                f"The message is {message.status}; it can no longer be cancelled.", current=message
            )
        if cancelled.matched_count:
            await update_answers(message.conversation_id)
        return message

    async def _store_message(
        self, target: Target, draft: Draft, resolved: ResolvedContent
    ) -> Message:
        conversation = await ensure_conversation(target)
        message = build_message(conversation, draft, resolved, now=target.now)
        try:
            await self._insert(message, waits_behind=target.waits_behind)
        except DuplicateKeyError:
            # A concurrent request with the same idempotency key stored its message first.
            existing = await find_repeated(target.account.id, draft)
            if existing is None:
                raise
            return await self._return_existing(existing)
        QUEUED.inc()
        try:
            await attach_file(message, resolved.upload)
        except NotFound:
            moved: Message | None = message
            while moved is not None:
                moved = await remove_or_follow(moved)
            raise
        return await self._announce_message(message, waits_behind=target.waits_behind)

    async def _insert(self, message: Message, *, waits_behind: bool) -> None:
        if self._reservations is None or waits_behind:
            await insert_shared(Message, to_bson(message))
            return
        self._reservations.reserve(message)
        try:
            await insert_shared(Message, to_bson(message))
        except BaseException:
            self._reservations.release(message)
            raise

    async def _return_existing(self, existing: Message) -> Message:
        """Announces an existing message again: the earlier request may have crashed before."""
        if existing.outbox_state is not OutboxState.READY:
            return existing
        return await self._announce_message(existing, waits_behind=True)

    async def _announce_message(
        self,
        message: Message,
        *,
        waits_behind: bool,
    ) -> Message:
        """Updates the conversation's summary and wakes the dispatcher; may be repeated.

        `waits_behind` is False only if no message of this priority was waiting or being sent when
        the conversation was read.
        """
        # Side by side, because the dispatcher claims the message meanwhile.
        summary = asyncio.ensure_future(update_summary(message))
        self._announce(message, waits_behind=waits_behind, summary=summary)
        try:
            await summary
        except ConversationGone:
            if self._reservations is not None and not self._reservations.revoke(message):
                return message
            moved = await remove_or_follow(message)
            if moved is None:
                raise
            return await self._announce_message(moved, waits_behind=True)
        return message


async def _find_existing(target: Target, draft: Draft) -> Message | None:
    """Returns the message with the draft's key, which is read already if it is the first retry."""
    if target.repeated is None or target.repeated.idempotency_key == draft.idempotency_key:
        return check_repeated(target.repeated, draft)
    return await find_repeated(target.account.id, draft)


async def _get_outbound(viewer: Viewer, message_id: PydanticObjectId) -> Message:
    message = await Message.get(message_id)
    if message is None or not viewer.can_see(message):
        raise NotFound("The message", field=["messageId"])
    if message.direction is not MessageDirection.OUTBOUND:
        raise Conflict("The message was sent by the customer.", current=message)
    return message
