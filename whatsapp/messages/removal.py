"""Removal of what was said in conversations, in batches; used by erasures and deleted accounts."""

from collections.abc import Sequence
from typing import Any

from beanie import PydanticObjectId

from models import Conversation, Lane, Message, PendingUpdate
from models.database.base import ANY_STRING, collection
from models.database.bulk_writes import delete_in_batches, list_batches
from whatsapp.conversations.conversations import remove_conversations
from whatsapp.media.media import mark_erased

CONVERSATIONS_AT_ONCE = 100
# As the partial index of the outbox has them.
_WAITING = ["READY", "SENDING", "HOLDING"]


async def remove_messages(
    account_id: PydanticObjectId, conversation_ids: Sequence[PydanticObjectId]
) -> None:
    """Removes messages with their files, and with what waits for them."""
    said = {"conversation_id": {"$in": list(conversation_ids)}}
    async for batch in list_batches(Message, said, "wamid"):
        ids = [fields["_id"] for fields in batch]
        # What waits for a message knows it by its WhatsApp id only, so the message goes after it.
        wamids = [fields["wamid"] for fields in batch if fields.get("wamid") is not None]
        waiting = {"account_id": account_id, "wamid": {"$in": wamids}}
        await collection(PendingUpdate).delete_many(waiting)
        await mark_erased({"_id": {"$in": ids}})
        await collection(Message).delete_many({"_id": {"$in": ids}})
    await mark_erased(said)


async def remove_conversations_with_messages(
    account_id: PydanticObjectId, conversation_ids: Sequence[PydanticObjectId]
) -> None:
    """Removes conversations with everything in them."""
    await remove_messages(account_id, conversation_ids)
    # These only: what is said in one that was made meanwhile is not among what goes with them.
    await remove_conversations(conversation_ids)
    await collection(Lane).delete_many({"_id": {"$in": list(conversation_ids)}})


async def remove_account_conversations(account_id: PydanticObjectId) -> None:
    """Removes all conversations of an account, and messages that are in none."""
    of_account: dict[str, Any] = {"account_id": account_id}
    async for batch in list_batches(Conversation, of_account):
        for start in range(0, len(batch), CONVERSATIONS_AT_ONCE):
            part = batch[start : start + CONVERSATIONS_AT_ONCE]
            await remove_conversations_with_messages(account_id, [fields["_id"] for fields in part])
    # Whoever stores a message takes it back if its conversation is gone, unless it is killed.
    for indexed in ({"wamid": ANY_STRING}, {"outbox_state": {"$in": _WAITING}}):
        await delete_in_batches(Message, of_account | indexed)
