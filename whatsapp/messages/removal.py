"""Removal of conversations and messages in batches, for erasures and deleted accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId

from models import Conversation, Message, PendingUpdate
from models.database.base import ANY_STRING, collection
from models.database.bulk_writes import delete_in_batches, list_batches
from models.messages.outbox_state import IS_ACTIVE
from models.messages.pending_update import KEPT
from whatsapp.common.erased_people import remember_messages
from whatsapp.conversations.conversations import remove_conversations
from whatsapp.media.media import mark_erased
from whatsapp.messages.wamids import list_wamids

CONVERSATION_BATCH = 100
REMOVED_FIELDS = ("wamid", "duplicate_wamids", "timestamp")


async def remove_messages(
    account_id: PydanticObjectId,
    conversation_ids: Sequence[PydanticObjectId],
    *,
    erased_at: datetime | None = None,
) -> None:
    """Removes messages with their files and pending updates.

    With `erased_at`, remembers the messages that WhatsApp may still report.
    """
    in_conversations = {"conversation_id": {"$in": list(conversation_ids)}}
    async for batch in list_batches(Message, in_conversations, *REMOVED_FIELDS):
        await remove_batch(account_id, batch, erased_at=erased_at)
    await mark_erased(in_conversations)


async def remove_batch(
    account_id: PydanticObjectId,
    batch: Sequence[dict[str, Any]],
    *,
    erased_at: datetime | None = None,
    unchanged: Mapping[str, Any] | None = None,
) -> tuple[int, int]:
    """Removes messages, which have `REMOVED_FIELDS`, unless they do not match `unchanged` any more.

    May be repeated after a crash. Returns the numbers of messages and of files.
    """
    if erased_at is not None:
        await _remember(account_id, batch, erased_at)
    ids = [fields["_id"] for fields in batch]
    # Pending updates are found only by the message's wamids, so they are deleted before it.
    wamids = [wamid for fields in batch for wamid in list_wamids(fields)]
    if wamids:
        pending = {"account_id": account_id, "wamid": {"$in": wamids}}
        await collection(PendingUpdate).delete_many(pending)
    files = await mark_erased({"_id": {"$in": ids}})
    result = await collection(Message).delete_many({**(unchanged or {}), "_id": {"$in": ids}})
    return result.deleted_count, files


async def _remember(
    account_id: PydanticObjectId, messages: Sequence[dict[str, Any]], erased_at: datetime
) -> None:
    recent = [fields for fields in messages if fields["timestamp"] > erased_at - KEPT]
    wamids = [wamid for fields in recent for wamid in list_wamids(fields)]
    await remember_messages(account_id, wamids, erased_at=erased_at)


async def remove_conversations_with_messages(
    account_id: PydanticObjectId,
    conversation_ids: Sequence[PydanticObjectId],
    *,
    erased_at: datetime | None = None,
) -> None:
    """Removes conversations with their messages; see `remove_messages`."""
    await remove_messages(account_id, conversation_ids, erased_at=erased_at)
    await remove_conversations(conversation_ids)


async def remove_account_conversations(account_id: PydanticObjectId) -> None:
    """Removes all conversations of an account, and messages without a conversation."""
    of_account: dict[str, Any] = {"account_id": account_id}
    async for batch in list_batches(Conversation, of_account):
        for start in range(0, len(batch), CONVERSATION_BATCH):
            part = batch[start : start + CONVERSATION_BATCH]
            await remove_conversations_with_messages(account_id, [fields["_id"] for fields in part])
    # A writer deletes its message if the conversation is gone, unless the process is killed.
    for indexed in ({"wamid": ANY_STRING}, IS_ACTIVE):
        await delete_in_batches(Message, of_account | indexed)
