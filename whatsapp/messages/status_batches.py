"""Many statuses in a few round trips: those that change nothing but their own message.

What else a status may bring about (a message learns its id, a customer opts out, a reaction is
shown) is left to `whatsapp.messages.statuses`, one by one. All updates are idempotent, so whatever
is not certainly done here may be done there again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from beanie import PydanticObjectId
from pymongo import UpdateOne

from models import REACTION, Message, MessageDirection, OutboxState
from models.database.base import collection
from whatsapp.cloud_api.error_codes import OPTED_OUT_CODE
from whatsapp.contacts.contact_identities import learn_reported_identities
from whatsapp.messages.early_updates import (
    delete_pending_updates,
    make_pending_update,
    store_pending_updates,
)
from whatsapp.messages.lanes import wake_lanes
from whatsapp.messages.statuses import STATUS_KIND, StatusUpdate, make_stage, to_change

_OUTBOUND = {"direction": MessageDirection.OUTBOUND.value}
_SHOWN = {"wamid": 1, "type": 1, "contact_id": 1}
_Found = Mapping[str, Any]


async def record_plain_statuses(
    account_id: PydanticObjectId, updates: Sequence[StatusUpdate]
) -> Collection[int]:
    """Applies or keeps them; returns the positions of those that are still to be recorded.

    Raises:
        PyMongoError: some may be recorded; recording all again completes the rest.
    """
    found = await _find_messages(account_id, updates)
    # All of one message go the same way, in the order in which they came.
    special = {
        message["_id"]
        for update, message in zip(updates, found, strict=True)
        if message is not None and _has_consequences(update, message)
    }
    plain = {
        position: message["_id"]
        for position, message in enumerate(found)
        if message is not None and message["_id"] not in special
    }
    await _apply(account_id, {position: updates[position] for position in plain}, plain)
    contact_ids = [None if message is None else message["contact_id"] for message in found]
    await learn_reported_identities(
        account_id,
        [
            replace(update.recipient, contact_id=contact_id)
            for update, contact_id in zip(updates, contact_ids, strict=True)
        ],
    )
    unknown = [position for position, message in enumerate(found) if message is None]
    arrived = await _keep(account_id, [updates[position] for position in unknown])
    left = [unknown[position] for position in arrived]
    return sorted([*left, *(at for at, one in enumerate(found) if one and one["_id"] in special)])


def _has_consequences(update: StatusUpdate, message: _Found) -> bool:
    learns = update.wamid is not None and not message.get("wamid")
    opts_out = any(error.code == OPTED_OUT_CODE for error in update.errors)
    return learns or opts_out or message["type"] == REACTION


async def _find_messages(
    account_id: PydanticObjectId, updates: Sequence[StatusUpdate]
) -> list[_Found | None]:
    """The message of each: the one of our own id, else the one of Meta's."""
    ids = {one.message_id for one in updates if one.message_id is not None}
    by_id = await _read(account_id, "_id", ids)
    unnamed = [one.wamid for one in updates if one.message_id not in by_id]
    by_wamid = await _read(account_id, "wamid", {one for one in unnamed if one is not None})
    return [by_id.get(one.message_id) or by_wamid.get(one.wamid) for one in updates]


async def _read(
    account_id: PydanticObjectId, name: str, values: Collection[Any]
) -> dict[Any, _Found]:
    if not values:
        return {}
    query = {"account_id": account_id, name: {"$in": list(values)}, **_OUTBOUND}
    return {found[name]: found async for found in collection(Message).find(query, _SHOWN)}


async def _apply(
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
    # A message that was erased since we looked needs its status no more.
    await collection(Message).bulk_write(writes, ordered=False)
    await _wake_holding(message_ids.values())


async def _wake_holding(message_ids: Iterable[PydanticObjectId]) -> None:
    """Looked for after the write: who begins to hold from now on sees the status."""
    holding = {"_id": {"$in": list(set(message_ids))}, "outbox_state": OutboxState.HOLDING.value}
    lanes = await collection(Message).distinct("conversation_id", holding)
    if lanes:
        # This may be what the messages behind it wait for.
        await wake_lanes(lanes)


async def _keep(account_id: PydanticObjectId, updates: Sequence[StatusUpdate]) -> list[int]:
    """Keeps what has no message; returns the positions of those whose message has come since."""
    kept = {
        position: make_pending_update(
            account_id, one.wamid, kind=STATUS_KIND, change=to_change(one)
        )
        for position, one in enumerate(updates)
        if one.wamid is not None
    }
    if not kept:
        return []
    await store_pending_updates(kept.values())
    # A message may have got its wamid between our look and our write.
    found = await _find_messages(account_id, updates)
    arrived = [position for position, message in enumerate(found) if message is not None]
    # Dropped before they are recorded: after a crash in between, the event is processed again.
    await delete_pending_updates([kept[position].id for position in arrived if position in kept])
    return arrived
