"""What was told about a message before the message itself is known.

Whoever tells looks for the message again after keeping it; whoever makes the message known looks
here after that. So one of the two sees the other, whichever comes first.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from models import PendingUpdate
from models.database.base import collection, to_bson

DUPLICATE_KEY = 11000


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
    try:
        await collection(PendingUpdate).bulk_write(inserts, ordered=False)
    except BulkWriteError as error:
        # The same at the same moment is kept.
        is_race = all(one["code"] == DUPLICATE_KEY for one in error.details["writeErrors"])
        if not is_race or error.details["writeConcernErrors"]:
            raise


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
