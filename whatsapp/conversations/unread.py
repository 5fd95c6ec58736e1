"""Which conversations have messages that nobody has read: derived from the messages."""

from collections.abc import Mapping
from typing import Any

from beanie import PydanticObjectId

from models import Message
from models.database.base import collection

MAX_UNREAD_CONVERSATIONS = 20_000


async def list_unread_conversations(
    of_accounts: Mapping[str, Any],
) -> list[PydanticObjectId] | None:
    """Their ids, or None if there are too many to name; `of_accounts` is a filter by account."""
    found = await collection(Message).aggregate(
        [
            {"$match": {"unread": True, **of_accounts}},
            {"$group": {"_id": "$conversation_id"}},
            {"$limit": MAX_UNREAD_CONVERSATIONS + 1},
        ]
    )
    ids = [PydanticObjectId(group["_id"]) async for group in found]
    return ids if len(ids) <= MAX_UNREAD_CONVERSATIONS else None
