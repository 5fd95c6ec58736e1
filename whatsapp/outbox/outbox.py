"""The outbox: checks messages and stores them as QUEUED, for the dispatcher to send in order."""

from collections.abc import Callable
from dataclasses import replace

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import (
    Conversation,
    Lane,
    Message,
    MessageDirection,
    MessageStatus,
    OutboxState,
)
from models.database.base import collection, from_bson, to_bson, utc_now
from telemetry.metrics.sends import QUEUED
from whatsapp.accounts.accounts import require_active_account
from whatsapp.auth.access import Viewer
from whatsapp.contacts.contacts import get_or_create_contact, is_merged
from whatsapp.conversations.conversations import (
    ConversationGone,
    get_or_create_conversation,
    may_send_free_text,
    update_summary,
    window_expires_at,
)
from whatsapp.errors import (
    Conflict,
    ContactBlocked,
    NotFound,
    WindowClosed,
)
from whatsapp.media.media import mark_erased
from whatsapp.media.uploaded_media import attach_upload
from whatsapp.messages.lanes import take_number, wake_lane
from whatsapp.outbox.authors import find_author, find_retry_author
from whatsapp.outbox.consent import check_marketing_pause
from whatsapp.outbox.content import OutgoingContent, ResolvedContent, StoredContent
from whatsapp.outbox.drafts import (
    Draft,
    build_message,
    check_message_input,
    digest_input,
    find_repeated,
)
from whatsapp.outbox.recipients import Recipient, Target, find_reply_target, resolve_recipient

_RETRYABLE = frozenset({MessageStatus.FAILED, MessageStatus.UNKNOWN, MessageStatus.CANCELLED})


class Outbox:
    """Queues, retries and cancels messages. `wake` wakes this process's dispatcher."""

    def __init__(self, *, wake: Callable[[], None]) -> None:
        self._wake = wake

    def wake(self) -> None:
        """Wakes this process's dispatcher."""
        self._wake()

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
        target = await resolve_recipient(viewer, recipient, account_id=account_id)
        author = await find_author(viewer, target.account.id, on_behalf_of=on_behalf_of)
        digest = digest_input(recipient, content, reply_to_message_id, on_behalf_of)
        draft = Draft(content, author, idempotency_key, digest)
        existing = await find_repeated(target.account.id, draft)
        if existing is not None:
            return await self._return_existing(existing)
        await _check_target(target, content)
        if reply_to_message_id is not None:
            answered = await find_reply_target(target.conversation, reply_to_message_id)
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
        if message.status not in _RETRYABLE:
            raise Conflict(
                f"The message is {message.status}; only FAILED, UNKNOWN and CANCELLED messages can"
                " be sent again.",
                current=message,
            )
        check_marketing_pause(message)
        recipient = Recipient(conversation_id=message.conversation_id)
        target = await resolve_recipient(viewer, recipient, account_id=None)
        content = StoredContent(message)
        key = await _find_retry_key(message)
        draft = Draft(
            content,
            find_retry_author(viewer, message),
            key,
            digest=str(message.id),
            reply_to_wamid=message.reply_to_wamid,
            retry_of=message.id,
        )
        existing = await find_repeated(message.account_id, draft)
        if existing is not None:
            return await self._return_existing(existing)
        await _check_target(target, content)
        return await self._store_message(target, draft, await content.resolve(target))

    async def cancel_message(self, viewer: Viewer, message_id: PydanticObjectId) -> Message:
        """Cancels a queued message; repeated calls change nothing.

        Raises:
            Refused: NotFound, or Conflict if it is being sent or was sent.
        """
        message = await _get_outbound(viewer, message_id)
        cancelled = await collection(Message).update_one(
            {"_id": message.id, "outbox_state": OutboxState.READY.value},
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
        # Later messages of the lane may have waited for this message.
        await wake_lane(message.conversation_id)
        self._wake()
        return message

    async def _store_message(
        self, target: Target, draft: Draft, resolved: ResolvedContent
    ) -> Message:
        conversation = await _ensure_conversation(target)
        number = await take_number(target.account.id, conversation.id)
        message = build_message(conversation, draft, resolved, number)
        try:
            await collection(Message).insert_one(to_bson(message))
        except DuplicateKeyError:
            # A concurrent request with the same idempotency key stored its message first.
            existing = await find_repeated(target.account.id, draft)
            if existing is None:
                raise
            return await self._return_existing(existing)
        QUEUED.inc()
        try:
            await _attach_file(message)
        except NotFound:
            moved: Message | None = message
            while moved is not None:
                moved = await _remove_or_follow(moved)
            raise
        return await self._announce_message(message)

    async def _return_existing(self, existing: Message) -> Message:
        """Announces an existing message again: the earlier request may have crashed before."""
        if existing.outbox_state is not OutboxState.READY:
            return existing
        return await self._announce_message(existing)

    async def _announce_message(self, message: Message) -> Message:
        """Updates the conversation's summary and wakes the dispatcher; may be repeated."""
        try:
            await update_summary(message)
        except ConversationGone:
            moved = await _remove_or_follow(message)
            if moved is None:
                raise
            return await self._announce_message(moved)
        await wake_lane(message.conversation_id)
        self._wake()
        return message


async def _check_target(target: Target, content: OutgoingContent) -> None:
    require_active_account(target.account)
    if target.contact is not None and target.contact.blocked:
        raise ContactBlocked(target.contact)
    if not content.needs_window:
        return
    conversation = target.conversation
    if conversation is None or not await may_send_free_text(conversation):
        raise WindowClosed(None if conversation is None else window_expires_at(conversation))


async def _find_retry_key(message: Message) -> str:
    """Returns the idempotency key of the last retry, or a new key if that retry failed too."""
    for number in range(1000):
        key = f"\x1fretry:{message.id}:{number}"
        retry = await Message.find_one({"account_id": message.account_id, "idempotency_key": key})
        if retry is None or retry.status not in _RETRYABLE:
            return key
    raise Conflict("The message was retried too often; send a new one.", current=message)


async def _get_outbound(viewer: Viewer, message_id: PydanticObjectId) -> Message:
    message = await Message.get(message_id)
    if message is None or not viewer.can_see(message.account_id):
        raise NotFound("The message", field=["messageId"])
    if message.direction is not MessageDirection.OUTBOUND:
        raise Conflict("The message was sent by the customer.", current=message)
    return message


async def _ensure_conversation(target: Target) -> Conversation:
    """Creates the contact and the conversation if they do not exist."""
    contact, conversation = target.contact, target.conversation
    if contact is None:
        identities = [] if target.identity is None else [target.identity]
        contact = await get_or_create_contact(target.account.id, identities)
    if conversation is None:
        conversation = await get_or_create_conversation(contact.account_id, contact.id)
    return conversation


async def _attach_file(message: Message) -> None:
    """Raises NotFound if the message's upload was erased meanwhile."""
    if message.upload_id is not None and not await attach_upload(message):
        raise NotFound("The upload", field=["content", message.type, "uploadId"])


async def _remove_or_follow(message: Message) -> Message | None:
    """Removes a message whose conversation was erased meanwhile.

    If the contact was merged instead, returns the message in its new conversation.
    """
    unmoved = {"_id": message.id, "conversation_id": message.conversation_id}
    if not (await collection(Message).delete_one(unmoved)).deleted_count:
        moved = await collection(Message).find_one({"_id": message.id})
        if moved is not None:
            return from_bson(Message, moved)
    await mark_erased({"_id": message.id})
    key = {"_id": message.conversation_id}
    if await collection(Conversation).find_one(key, {"_id": 1}) is None:
        await collection(Lane).delete_one(key)
    return None
