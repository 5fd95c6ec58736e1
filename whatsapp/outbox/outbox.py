"""The outbox: checks what somebody wants to send and stores it as a QUEUED message.

Nothing is sent here: `whatsapp.dispatch.dispatcher` does that, in the order of the lane numbers.
"""

from collections.abc import Callable
from dataclasses import replace

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import (
    REACTION,
    Conversation,
    Lane,
    Message,
    MessageDirection,
    MessageStatus,
    OutboxState,
)
from models.database.base import collection, from_bson, to_bson, utc_now
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
    InvalidInput,
    NotFound,
    WindowClosed,
)
from whatsapp.media.media import mark_erased
from whatsapp.media.uploaded_media import attach_upload
from whatsapp.messages.lanes import take_number, wake_lane
from whatsapp.outbox.content import OutgoingContent, ResolvedContent, StoredContent
from whatsapp.outbox.drafts import (
    Draft,
    build_message,
    check_idempotency_key,
    digest_input,
    find_repeated,
)
from whatsapp.outbox.marketing import check_marketing_pause
from whatsapp.outbox.recipients import Recipient, Target, find_reply_target, resolve_recipient

_ENDED_BADLY = frozenset({MessageStatus.FAILED, MessageStatus.UNKNOWN, MessageStatus.CANCELLED})


class Outbox:
    """`wake` tells this process's dispatcher that there is something to send."""

    def __init__(self, *, wake: Callable[[], None]) -> None:
        self._wake = wake

    def wake(self) -> None:
        """Tells this process's dispatcher that there is something to send."""
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
    ) -> Message:
        """Stores a message to be sent, or gives the one that the idempotency key already made.

        `account_id` is needed with a phone number or user id. A refusal writes nothing.

        Raises:
            Refused: NotFound, InvalidInput, IdempotencyKeyReused, AccountDisabled, AccountStopped,
                ContactBlocked or WindowClosed, looked for in this order.
        """
        content.check()
        check_idempotency_key(idempotency_key)
        if reply_to_message_id is not None and content.type == REACTION:
            raise InvalidInput(
                "A reaction names the message it is about, and answers no other.",
                field=["replyToMessageId"],
            )
        target = await resolve_recipient(viewer, recipient, account_id=account_id)
        digest = digest_input(recipient, content, reply_to_message_id)
        draft = Draft(content, viewer.name, idempotency_key, digest)
        existing = await find_repeated(target.account.id, draft)
        if existing is not None:
            return await self._repeat(existing)
        await _check_target(target, content)
        if reply_to_message_id is not None:
            answered = await find_reply_target(target.conversation, reply_to_message_id)
            draft = replace(draft, reply_to_wamid=answered.wamid, answered_at=answered.timestamp)
        try:
            return await self._store(target, draft, await content.resolve(target))
        except ConversationGone:
            if target.contact is None or not await is_merged(target.contact.id):
                raise
        # Merged at this very moment: the message goes to the contact that is left.
        return await self.queue_message(
            viewer,
            account_id=account_id,
            recipient=recipient,
            content=content,
            reply_to_message_id=reply_to_message_id,
            idempotency_key=idempotency_key,
        )

    async def retry_message(self, viewer: Viewer, message_id: PydanticObjectId) -> Message:
        """Queues a new message with the content of one that failed, is unknown or was cancelled.

        Asked again while that new message has not ended badly too, it gives the same one: two
        clicks send once.

        Raises:
            Refused: NotFound, Conflict (it did not end badly, or is marketing that WhatsApp wants
                a day later), and as for `queue_message`.
        """
        message = await _get_outbound(viewer, message_id)
        if message.status not in _ENDED_BADLY:
            raise Conflict(
                f"The message is {message.status}: only one that is FAILED, UNKNOWN or CANCELLED"
                " can be sent again."
            )
        check_marketing_pause(message)
        recipient = Recipient(conversation_id=message.conversation_id)
        target = await resolve_recipient(viewer, recipient, account_id=None)
        content = StoredContent(message)
        key = await _find_retry_key(message)
        draft = Draft(
            content,
            viewer.name,
            key,
            digest=str(message.id),
            reply_to_wamid=message.reply_to_wamid,
            retry_of=message.id,
        )
        existing = await find_repeated(message.account_id, draft)
        if existing is not None:
            return await self._repeat(existing)
        await _check_target(target, content)
        return await self._store(target, draft, await content.resolve(target))

    async def cancel_message(self, viewer: Viewer, message_id: PydanticObjectId) -> Message:
        """Takes back a message that waits in the outbox; repeating it changes nothing.

        Raises:
            Refused: NotFound, or Conflict when it is being sent or has left the outbox.
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
            raise Conflict(f"The message is {message.status}: it can't be taken back any more.")
        # It may have been the one that the others waited for.
        await wake_lane(message.conversation_id)
        self._wake()
        return message

    async def _store(self, target: Target, draft: Draft, resolved: ResolvedContent) -> Message:
        conversation = await _ensure_conversation(target)
        number = await take_number(target.account.id, conversation.id)
        message = build_message(conversation, draft, resolved, number)
        try:
            await collection(Message).insert_one(to_bson(message))
        except DuplicateKeyError:
            # The same request came twice at once, and the other one was first.
            existing = await find_repeated(target.account.id, draft)
            if existing is None:
                raise
            return await self._repeat(existing)
        try:
            await _attach_file(message)
        except NotFound:
            moved: Message | None = message
            while moved is not None:
                moved = await _take_back(moved)
            raise
        return await self._announce(message)

    async def _repeat(self, existing: Message) -> Message:
        """An earlier request stored it, and may have ended before it told anybody."""
        if existing.outbox_state is not OutboxState.READY:
            return existing
        return await self._announce(existing)

    async def _announce(self, message: Message) -> Message:
        """Tells its conversation and the dispatcher of it, once or again."""
        try:
            await update_summary(message)
        except ConversationGone:
            moved = await _take_back(message)
            if moved is None:
                raise
            return await self._announce(moved)
        await wake_lane(message.conversation_id)
        self._wake()
        return message


async def _check_target(target: Target, content: OutgoingContent) -> None:
    require_active_account(target.account)
    if target.contact is not None and target.contact.blocked:
        raise ContactBlocked
    if not content.needs_window:
        return
    conversation = target.conversation
    if conversation is None or not await may_send_free_text(conversation):
        raise WindowClosed(None if conversation is None else window_expires_at(conversation))


async def _find_retry_key(message: Message) -> str:
    """An idempotency key for the next retry: that of the last one, unless it ended badly too."""
    for number in range(1000):
        key = f"\x1fretry:{message.id}:{number}"
        made = await Message.find_one({"account_id": message.account_id, "idempotency_key": key})
        if made is None or made.status not in _ENDED_BADLY:
            return key
    raise Conflict("The message was sent again too often: write a new one.")


async def _get_outbound(viewer: Viewer, message_id: PydanticObjectId) -> Message:
    message = await Message.get(message_id)
    if message is None or not viewer.can_see(message.account_id):
        raise NotFound("The message", field=["messageId"])
    if message.direction is not MessageDirection.OUTBOUND:
        raise Conflict("The message came from the customer.")
    return message


async def _ensure_conversation(target: Target) -> Conversation:
    """Makes contact and conversation of somebody who was never written to."""
    contact, conversation = target.contact, target.conversation
    if contact is None:
        identities = [] if target.identity is None else [target.identity]
        contact = await get_or_create_contact(target.account.id, identities)
    if conversation is None:
        conversation = await get_or_create_conversation(contact.account_id, contact.id)
    return conversation


async def _attach_file(message: Message) -> None:
    """Raises NotFound: its upload was erased at this very moment."""
    if message.upload_id is not None and not await attach_upload(message):
        raise NotFound("The upload", field=["content", message.type, "uploadId"])


async def _take_back(message: Message) -> Message | None:
    """The contact was erased at this very moment: nothing of it may come back. Returns the message
    if the contact was merged instead, and the message has followed it.
    """
    as_stored = {"_id": message.id, "conversation_id": message.conversation_id}
    if not (await collection(Message).delete_one(as_stored)).deleted_count:
        moved = await collection(Message).find_one({"_id": message.id})
        if moved is not None:
            return from_bson(Message, moved)
    await mark_erased({"_id": message.id})
    if (
        await collection(Conversation).find_one({"_id": message.conversation_id}, {"_id": 1})
        is None
    ):
        await collection(Lane).delete_one({"_id": message.conversation_id})
    return None
