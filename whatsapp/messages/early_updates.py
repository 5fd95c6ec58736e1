"""Updates of a message that arrive before the message is stored.

Statuses, reactions, edits and deletions are stored as pending updates. A message sent from the
business's phone marks earlier messages as read; the conversation keeps that time.

Writers of updates check for the message again after storing a pending update, and writers of
messages check for pending updates after storing a message, so that none is missed.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import UpdateOne

from models import (
    Conversation,
    ConversationStatus,
    Message,
    MessageDirection,
    PendingUpdate,
)
from models.database.base import collection, to_bson
from models.database.bulk_writes import write_unless_duplicate
from whatsapp.common.account_workspaces import get_workspace_id
from whatsapp.common.erased_people import ErasedPerson, list_erased, list_erased_wamids
from whatsapp.conversations.changes import record_reopenings
from whatsapp.conversations.conversations import update_summaries
from whatsapp.conversations.inbox import clear_unread_until


@dataclass(frozen=True)
class EarlyUpdate:
    """A pending update of the message with this wamid."""

    id: str
    wamid: str
    kind: str
    change: Mapping[str, Any]


async def store_pending_update(
    account_id: PydanticObjectId,
    wamid: str,
    *,
    kind: str,
    change: dict[str, Any],
    people: Sequence[bytes] = (),
    is_by_us: bool = False,
) -> str:
    """Stores a pending update once; returns its id.

    `people` are the digests of the customer's identities. `is_by_us` is True if this server stored
    the message earlier.

    Raises:
        ErasedPerson: the message or its customer was erased.
    """
    pending = await make_pending_update(account_id, wamid, kind=kind, change=change, people=people)
    await store_pending_updates([pending])
    # Checked after the write, so that a later erasure finds the pending update.
    if await _is_erased(pending, is_by_us=is_by_us):
        await delete_pending_update(pending.id)
        raise ErasedPerson
    return pending.id


async def _is_erased(update: PendingUpdate, *, is_by_us: bool) -> bool:
    if await list_erased_wamids(update.account_id, [update.wamid]):
        return True
    erased = await list_erased(update.account_id, update.people)
    return any(is_by_us or update.change["at"] <= memory.erased_at for memory in erased)


async def make_pending_update(
    account_id: PydanticObjectId,
    wamid: str,
    *,
    kind: str,
    change: dict[str, Any],
    people: Sequence[bytes] = (),
) -> PendingUpdate:
    identity = json.dumps([str(account_id), wamid, kind, change], default=str)
    return PendingUpdate(
        id=hashlib.sha256(identity.encode()).hexdigest(),
        workspace_id=await get_workspace_id(account_id),
        account_id=account_id,
        wamid=wamid,
        kind=kind,
        change=change,
        people=list(people),
    )


async def store_pending_updates(updates: Iterable[PendingUpdate]) -> None:
    """Stores pending updates, each once, in one round trip."""
    inserts = []
    for update in updates:
        fields = to_bson(update)
        key = {"_id": fields.pop("_id")}
        inserts.append(UpdateOne(key, {"$setOnInsert": fields}, upsert=True))
    await write_unless_duplicate(PendingUpdate, inserts)


async def list_early_updates(
    account_id: PydanticObjectId, wamids: Iterable[str]
) -> list[EarlyUpdate]:
    """Returns the pending updates of these messages, in one round trip."""
    query = {"account_id": account_id, "wamid": {"$in": list(wamids)}}
    return [
        EarlyUpdate(update["_id"], update["wamid"], update["kind"], update["change"])
        async for update in collection(PendingUpdate).find(query)
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
    """By conversation, if the business wrote in it from its phone."""
    closed_conversations: Sequence[PydanticObjectId]
    """Conversations that the messages may reopen."""


async def find_early_updates(messages: Iterable[Message]) -> EarlyUpdates:
    """Finds early updates of the messages in one round trip."""
    wamids: dict[PydanticObjectId, list[str]] = {}
    conversation_ids: set[PydanticObjectId] = set()
    for message in messages:
        if message.wamid is not None:
            wamids.setdefault(message.account_id, []).append(message.wamid)
        if message.direction is MessageDirection.INBOUND:
            conversation_ids.add(message.conversation_id)
    rows = await collection(PendingUpdate).aggregate(
        [{"$match": _match_messages(wamids)}, *_add_conversations(conversation_ids)]
    )
    by_account: dict[PydanticObjectId, list[EarlyUpdate]] = {}
    phone_read_at, closed_conversations = {}, []
    async for fields in rows:
        if "status" not in fields:
            update = EarlyUpdate(fields["_id"], fields["wamid"], fields["kind"], fields["change"])
            by_account.setdefault(fields["account_id"], []).append(update)
            continue
        if fields["status"] == ConversationStatus.CLOSED.value:
            closed_conversations.append(fields["_id"])
        if fields.get(_PHONE_READ_AT) is not None:
            phone_read_at[fields["_id"]] = fields[_PHONE_READ_AT]
    return EarlyUpdates(by_account, phone_read_at, closed_conversations)


async def finish_stored_messages(
    messages: Sequence[Message], *, summarized: Sequence[Message]
) -> EarlyUpdates:
    """Updates the summaries for `summarized`; returns the early updates of `messages`.

    Raises:
        ConversationGone: for some of `summarized`; the other summaries are updated.
    """
    early_updates = await find_early_updates(messages)
    for conversation_id, read_at in early_updates.phone_read_at.items():
        # Before the summaries, so that readers of their change see the new unread count.
        await clear_unread_until(conversation_id, read_at)
    await update_summaries(summarized)
    if early_updates.closed_conversations:
        await record_reopenings(early_updates.closed_conversations)
    return early_updates


def _match_messages(wamids: Mapping[PydanticObjectId, Sequence[str]]) -> dict[str, Any]:
    keys = [{"account_id": key, "wamid": {"$in": values}} for key, values in wamids.items()]
    return keys[0] if len(keys) == 1 else {"$or": keys or [{"_id": None}]}


def _add_conversations(conversation_ids: Iterable[PydanticObjectId]) -> list[dict[str, Any]]:
    if not (ids := list(conversation_ids)):
        return []
    is_special = [{_PHONE_READ_AT: {"$ne": None}}, {"status": ConversationStatus.CLOSED.value}]
    special = [
        {"$match": {"_id": {"$in": ids}, "$or": is_special}},
        {"$project": {_PHONE_READ_AT: 1, "status": 1}},
    ]
    return [{"$unionWith": {"coll": Conversation.Settings.name, "pipeline": special}}]
