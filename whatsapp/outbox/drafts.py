"""Drafts: checked requests to send, before they are stored as QUEUED messages."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from beanie import PydanticObjectId

from models import (
    REACTION,
    Conversation,
    MediaState,
    Message,
    MessageDirection,
    MessagePriority,
    MessageStatus,
    OutboxState,
)
from models.database.base import new_id
from models.messages.words import list_message_words
from telemetry import traces
from whatsapp.common.values import check_idempotency_key
from whatsapp.errors import IdempotencyKeyReused, InvalidInput, RefusalCollector
from whatsapp.outbox.authors import Author
from whatsapp.outbox.content import OutgoingContent, ResolvedContent
from whatsapp.outbox.recipients import Recipient
from whatsapp.outbox.target_reads import read_repeated

_STEP = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Draft:
    """A message that passed all checks except of the account's state."""

    content: OutgoingContent
    author: Author
    idempotency_key: str | None
    digest: str
    priority: MessagePriority
    reply_to_wamid: str | None = None
    answered_at: datetime | None = None
    """Timestamp of the message it replies to."""
    retry_of: PydanticObjectId | None = None


def check_message_input(
    recipient: Recipient | None,
    content: OutgoingContent | None,
    *,
    reply_to_message_id: PydanticObjectId | None,
    idempotency_key: str | None,
) -> None:
    """Checks the input alone; None is skipped. Raises InvalidInput for all invalid fields."""
    with RefusalCollector() as collect:
        if recipient is not None:
            collect(recipient.to_identity)
        if content is not None:
            collect(content.check)
            if reply_to_message_id is not None:
                collect(_check_reply, content)
        collect(check_idempotency_key, idempotency_key)


def _check_reply(content: OutgoingContent) -> None:
    if content.type == REACTION:
        raise InvalidInput(
            "Leave it out: a reaction names its message in content.reaction.messageId.",
            field=["replyToMessageId"],
        )


def digest_input(
    recipient: Recipient,
    content: OutgoingContent,
    reply_to_message_id: PydanticObjectId | None,
    on_behalf_of: PydanticObjectId | None,
    priority: MessagePriority,
) -> str:
    request = [recipient.describe(), content.type, content.describe(), str(reply_to_message_id)]
    # Digests of version 0.1 have no agent and no priority.
    request += [] if on_behalf_of is None else [str(on_behalf_of)]
    request += [] if priority is MessagePriority.NORMAL else [priority.value]
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


async def find_repeated(account_id: PydanticObjectId, draft: Draft) -> Message | None:
    """Returns the message that an earlier request with the same idempotency key stored.

    Raises:
        IdempotencyKeyReused: the earlier request was different.
    """
    return check_repeated(await read_repeated(account_id, draft.idempotency_key), draft)


def check_repeated(existing: Message | None, draft: Draft) -> Message | None:
    """Returns the message with the draft's key; raises IdempotencyKeyReused for another input."""
    if existing is not None and existing.input_digest != draft.digest:
        raise IdempotencyKeyReused(existing)
    return existing


def build_message(
    conversation: Conversation, draft: Draft, resolved: ResolvedContent, *, now: datetime
) -> Message:
    """Builds the message to store; `now` is the database's time when `conversation` was read."""
    return Message(
        id=new_id(),
        workspace_id=conversation.workspace_id,
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        direction=MessageDirection.OUTBOUND,
        type=draft.content.type,
        content=resolved.content,
        text=resolved.text,
        words=list_message_words(resolved.text),
        media_state=MediaState.STORED if resolved.upload_id else None,
        upload_id=resolved.upload_id,
        timestamp=_choose_timestamp(conversation, draft, now),
        created_at=now,
        status_times={MessageStatus.QUEUED.key: now},
        status_rank=MessageStatus.QUEUED.rank,
        reply_to_wamid=draft.reply_to_wamid,
        agent_id=draft.author.agent_id,
        sent_by=draft.author.sent_by,
        idempotency_key=draft.idempotency_key,
        input_digest=draft.digest,
        retry_of=draft.retry_of,
        traceparent=traces.get_traceparent(),
        outbox_state=OutboxState.READY,
        priority=draft.priority.stored,
    )


def _choose_timestamp(conversation: Conversation, draft: Draft, now: datetime) -> datetime:
    """Returns a time after the messages it may answer, even if Meta's clock is ahead."""
    earlier = (conversation.last_activity_at, draft.answered_at)
    return max([now, *(time + _STEP for time in earlier if time is not None)])
