"""What was told about messages before they were stored, looked for as soon as they are.

Statuses, reactions, edits and deletions wait as pending updates; what was written on the business's
own phone had been read there, as its conversation says. Whoever tells later finds the messages.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import UpdateOne

from models import Conversation, Message, PendingUpdate
from models.database.base import collection, to_bson
from models.database.bulk_writes import write_unless_duplicate
from whatsapp.conversations.conversations import update_summaries
from whatsapp.conversations.inbox import clear_unread_until


@dataclass(frozen=True)
class EarlyUpdate:
    """One update that waits for the message with this wamid."""

    id: str
    wamid: str
    kind: str
    change: Mapping[str, Any]


async def store_pending_update(
    account_id: PydanticObjectId, wamid: str, *, kind: str, change: dict[str, Any]
) -> str:
    """Keeps it, once however often it is told; returns its id here."""
    pending = make_pending_update(account_id, wamid, kind=kind, change=change)
    await store_pending_updates([pending])
    return pending.id


def make_pending_update(
    account_id: PydanticObjectId, wamid: str, *, kind: str, change: dict[str, Any]
) -> PendingUpdate:
    identity = json.dumps([str(account_id), wamid, kind, change], default=str)
    return PendingUpdate(
        id=hashlib.sha256(identity.encode()).hexdigest(),
        account_id=account_id,
        wamid=wamid,
        kind=kind,
        change=change,
    )


async def store_pending_updates(updates: Iterable[PendingUpdate]) -> None:
    """Keeps each of them once, in one round trip."""
    inserts = []
    for update in updates:
        fields = to_bson(update)
        key = {"_id": fields.pop("_id")}
        inserts.append(UpdateOne(key, {"$setOnInsert": fields}, upsert=True))
    await write_unless_duplicate(PendingUpdate, inserts)


async def list_early_updates(
    account_id: PydanticObjectId, wamids: Iterable[str]
) -> list[EarlyUpdate]:
    """All that waits for one of these messages, in one round trip."""
    query = {"account_id": account_id, "wamid": {"$in": list(wamids)}}
    return [
        EarlyUpdate(found["_id"], found["wamid"], found["kind"], found["change"])
        async for found in collection(PendingUpdate).find(query)
    ]


async def delete_pending_update(pending_id: str) -> None:
    await delete_pending_updates([pending_id])


async def delete_pending_updates(pending_ids: Collection[str]) -> None:
    if pending_ids:
        await collection(PendingUpdate).delete_many({"_id": {"$in": list(pending_ids)}})


_PHONE_READ_AT = "phone_read_at"


@dataclass(frozen=True)
class EarlyUpdates:
    by_account: Mapping[PydanticObjectId, Sequence[EarlyUpdate]]
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


async def finish_stored_messages(
    messages: Sequence[Message], *, noted: Sequence[Message]
) -> EarlyUpdates:
    """Notes the messages `noted`; returns the updates that came before any of `messages`.

    Raises:
        ConversationGone: of some of `noted`; the others are noted.
    """
    early_updates = await find_early_updates(messages)
    for conversation_id, read_at in early_updates.phone_read_at.items():
        # Before they are noted: whoever sees the conversation change then counts what is unread.
        await clear_unread_until(conversation_id, read_at)
    await update_summaries(noted)
    return early_updates


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
