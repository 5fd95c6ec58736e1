"""Batches of statuses without side effects, in a few round trips.

Statuses with side effects (setting a wamid, an opt-out, showing a reaction) are left to
`whatsapp.messages.statuses`. All updates are idempotent, so a status may be recorded there again.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from beanie import PydanticObjectId
from pymongo import UpdateOne

from models import REACTION, Message, MessageDirection, MessageStatus
from models.database.base import collection
from whatsapp.cloud_api.error_codes import OPTED_OUT_CODE
from whatsapp.common.erased_people import list_erased, list_erased_wamids
from whatsapp.contacts.contact_identities import learn_reported_identities
from whatsapp.conversations.answers import mark_answers_stale, update_answers
from whatsapp.messages.early_updates import (
    delete_pending_updates,
    make_pending_update,
    store_pending_updates,
)
from whatsapp.messages.statuses import (
    STATUS_KIND,
    StatusUpdate,
    list_recipient,
    make_stage,
    to_change,
)
from whatsapp.messages.wamids import knows_wamid, list_wamids, match_wamids

_FAILED_AT = f"status_times.{MessageStatus.FAILED.key}"
_OUTBOUND = {"direction": MessageDirection.OUTBOUND.value}
_PROJECTION = {"wamid": 1, "duplicate_wamids": 1, "type": 1, "contact_id": 1}
_Fields = Mapping[str, Any]


async def record_plain_statuses(
    account_id: PydanticObjectId, updates: Sequence[StatusUpdate]
) -> Collection[int]:
    """Applies or stores statuses; returns the positions that are still to be recorded.

    Raises:
        PyMongoError: some may be recorded; a repetition completes the rest.
    """
    messages = await _find_messages(account_id, updates)
    # All statuses of a message are recorded in the same way, to keep their order.
    special = {
        message["_id"]
        for update, message in zip(updates, messages, strict=True)
        if message is not None and _has_side_effects(update, message)
    }
    plain = {
        position: message["_id"]
        for position, message in enumerate(messages)
        if message is not None and message["_id"] not in special
    }
    await _apply_statuses(account_id, {position: updates[position] for position in plain}, plain)
    contact_ids = [None if message is None else message["contact_id"] for message in messages]
    await learn_reported_identities(
        account_id,
        [
            replace(update.recipient, contact_id=contact_id)
            for update, contact_id in zip(updates, contact_ids, strict=True)
        ],
    )
    unknown = [position for position, message in enumerate(messages) if message is None]
    arrived = await _store_pending(account_id, [updates[position] for position in unknown])
    left = [unknown[position] for position in arrived]
    with_side_effects = (
        position
        for position, message in enumerate(messages)
        if message is not None and message["_id"] in special
    )
    return sorted([*left, *with_side_effects])


def _has_side_effects(update: StatusUpdate, message: _Fields) -> bool:
    sets_wamid = update.wamid is not None and not knows_wamid(message, update.wamid)
    opts_out = any(error.code == OPTED_OUT_CODE for error in update.errors)
    return sets_wamid or opts_out or message["type"] == REACTION


async def _find_messages(
    account_id: PydanticObjectId, updates: Sequence[StatusUpdate]
) -> list[_Fields | None]:
    """Returns the message of each update, found by our id, else by the wamid."""
    ids = {update.message_id for update in updates if update.message_id is not None}
    of_ids = {"account_id": account_id, "_id": {"$in": list(ids)}}
    by_id = {message["_id"]: message for message in await _read_messages(of_ids)} if ids else {}
    wamids = [
        update.wamid
        for update in updates
        if update.wamid is not None and update.message_id not in by_id
    ]
    found = await _read_messages(match_wamids(account_id, wamids)) if wamids else []
    by_wamid: dict[str | None, _Fields] = {
        wamid: message for message in found for wamid in list_wamids(message)
    }
    return [by_id.get(update.message_id) or by_wamid.get(update.wamid) for update in updates]


async def _read_messages(query: _Fields) -> Sequence[_Fields]:
    return await collection(Message).find({**query, **_OUTBOUND}, _PROJECTION).to_list()


async def _apply_statuses(
    account_id: PydanticObjectId,
    updates: Mapping[int, StatusUpdate],
    message_ids: Mapping[int, PydanticObjectId],
) -> None:
    if not updates:
        return
    writes = [
        UpdateOne(
            {"_id": message_ids[position], "account_id": account_id, **_OUTBOUND},
            [{"$set": make_stage(update)}],
        )
        for position, update in updates.items()
    ]
    # Messages that were erased meanwhile don't match.
    await collection(Message).bulk_write(writes, ordered=False)
    await _follow_up(message_ids.values())


async def _follow_up(message_ids: Iterable[PydanticObjectId]) -> None:
    """Corrects conversations in which a message failed.

    It reads after the write, so that no concurrent status is missed.
    """
    failed = {"_id": {"$in": list(set(message_ids))}, _FAILED_AT: {"$exists": True}}
    messages = collection(Message).find(failed, {"conversation_id": 1})
    for conversation_id in {message["conversation_id"] async for message in messages}:
        await mark_answers_stale(conversation_id)
        await update_answers(conversation_id)


async def _find_erased(account_id: PydanticObjectId, updates: Sequence[StatusUpdate]) -> list[int]:
    """Returns the positions of updates whose message or recipient may have been erased."""
    wamids = {update.wamid for update in updates if update.wamid is not None}
    if not wamids:
        return []
    people = [set(list_recipient(update)) for update in updates]
    erased_wamids, memories = await asyncio.gather(
        list_erased_wamids(account_id, wamids), list_erased(account_id, set().union(*people))
    )
    erased = {memory.person for memory in memories}
    return [
        position
        for position, update in enumerate(updates)
        if update.wamid in erased_wamids or people[position] & erased
    ]


async def _store_pending(
    account_id: PydanticObjectId, updates: Sequence[StatusUpdate]
) -> list[int]:
    """Stores pending updates; returns positions whose message was stored or erased meanwhile."""
    pending = {
        position: await make_pending_update(
            account_id,
            update.wamid,
            kind=STATUS_KIND,
            change=to_change(update),
            people=list_recipient(update),
        )
        for position, update in enumerate(updates)
        if update.wamid is not None
    }
    if not pending:
        return []
    await store_pending_updates(pending.values())
    # A message may have got its wamid between the first read and this write.
    messages = await _find_messages(account_id, updates)
    arrived = [position for position, message in enumerate(messages) if message is not None]
    # Recorded alone, which drops them if they are old.
    arrived += await _find_erased(account_id, updates)
    # Deleted before they are recorded: after a crash in between, the event is processed again.
    await delete_pending_updates(
        [pending[position].id for position in arrived if position in pending]
    )
    return arrived
