"""Removal of conversations and messages in batches, for erasures and deleted accounts."""

from collections.abc import Sequence
from typing import Any

from beanie import PydanticObjectId

from models import Conversation, Lane, Message, PendingUpdate
from models.database.base import ANY_STRING, collection
from models.database.bulk_writes import delete_in_batches, list_batches
from whatsapp.conversations.conversations import remove_conversations
from whatsapp.media.media import mark_erased

CONVERSATION_BATCH = 100
# The states of the outbox's partial index.
_QUEUED = ["READY", "SENDING", "HOLDING"]


async def remove_messages(
    account_id: PydanticObjectId, conversation_ids: Sequence[PydanticObjectId]
) -> None:
    """Removes messages with their files and pending updates."""
    in_conversations = {"conversation_id": {"$in": list(conversation_ids)}}
    async for batch in list_batches(Message, in_conversations, "wamid"):
        ids = [fields["_id"] for fields in batch]
        # Pending updates are found only by the message's wamid, so they are deleted before it.
        wamids = [fields["wamid"] for fields in batch if fields.get("wamid") is not None]
        pending = {"account_id": account_id, "wamid": {"$in": wamids}}
        await collection(PendingUpdate).delete_many(pending)
        await mark_erased({"_id": {"$in": ids}})
        await collection(Message).delete_many({"_id": {"$in": ids}})
    await mark_erased(in_conversations)


async def remove_conversations_with_messages(
    account_id: PydanticObjectId, conversation_ids: Sequence[PydanticObjectId]
) -> None:
    """Removes conversations with their messages and lanes."""
    await remove_messages(account_id, conversation_ids)
    await remove_conversations(conversation_ids)
    await collection(Lane).delete_many({"_id": {"$in": list(conversation_ids)}})


async def remove_account_conversations(account_id: PydanticObjectId) -> None:
    """Removes all conversations of an account, and messages without a conversation."""
    of_account: dict[str, Any] = {"account_id": account_id}
    async for batch in list_batches(Conversation, of_account):
        for start in range(0, len(batch), CONVERSATION_BATCH):
            part = batch[start : start + CONVERSATION_BATCH]
            await remove_conversations_with_messages(account_id, [fields["_id"] for fields in part])
    # A writer deletes its message if the conversation is gone, unless the process is killed.
    for indexed in ({"wamid": ANY_STRING}, {"outbox_state": {"$in": _QUEUED}}):
        await delete_in_batches(Message, of_account | indexed)
