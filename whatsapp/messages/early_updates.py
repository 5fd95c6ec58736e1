"""What was told about messages before they were stored, looked for as soon as they are.

Statuses, reactions, edits and deletions wait as pending updates; what was written on the business's
own phone had been read there, as its conversation says. Whoever tells later finds the messages.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId

from models import Conversation, Message, PendingUpdate
from models.database.base import collection
from whatsapp.messages.pending import EarlyUpdate

_PHONE_READ_AT = "phone_read_at"


@dataclass(frozen=True)
class EarlyUpdates:
    waiting: Mapping[PydanticObjectId, Sequence[EarlyUpdate]]
    """By account."""
    phone_read_at: Mapping[PydanticObjectId, datetime]
    """By conversation; of those in which nothing was ever written on the phone there is none."""


async def find_early_updates(messages: Iterable[Message]) -> EarlyUpdates:
    """All of it in one round trip, since it is asked for every message and mostly there is none."""
    wamids: dict[PydanticObjectId, list[str]] = {}
    conversation_ids: set[PydanticObjectId] = set()
    for message in messages:
        if message.wamid is not None:
            wamids.setdefault(message.account_id, []).append(message.wamid)
        if message.unread:
            conversation_ids.add(message.conversation_id)
    found = await collection(PendingUpdate).aggregate(
        [{"$match": _match(wamids)}, *_add_read(conversation_ids)]
    )
    waiting: dict[PydanticObjectId, list[EarlyUpdate]] = {}
    phone_read_at = {}
    async for fields in found:
        if _PHONE_READ_AT in fields:
            phone_read_at[fields["_id"]] = fields[_PHONE_READ_AT]
        else:
            one = EarlyUpdate(fields["_id"], fields["wamid"], fields["kind"], fields["change"])
            waiting.setdefault(fields["account_id"], []).append(one)
    return EarlyUpdates(waiting, phone_read_at)


def _match(wamids: Mapping[PydanticObjectId, Sequence[str]]) -> dict[str, Any]:
    keys = [{"account_id": account_id, "wamid": {"$in": own}} for account_id, own in wamids.items()]
    return keys[0] if len(keys) == 1 else {"$or": keys or [{"_id": None}]}


def _add_read(conversation_ids: Iterable[PydanticObjectId]) -> list[dict[str, Any]]:
    if not (ids := list(conversation_ids)):
        return []
    read = [
        {"$match": {"_id": {"$in": ids}, _PHONE_READ_AT: {"$ne": None}}},
        {"$project": {_PHONE_READ_AT: 1}},
    ]
    return [{"$unionWith": {"coll": Conversation.Settings.name, "pipeline": read}}]
