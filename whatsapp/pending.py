"""What was told about a message before the message itself is known.

Whoever tells looks for the message again after keeping it; whoever makes the message known looks
here after that. So one of the two sees the other, whichever comes first.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import PendingUpdate
from models.base import collection, to_bson


@dataclass(frozen=True)
class Waiting:
    """One update that waits for the message with this wamid."""

    id: str
    wamid: str
    kind: str
    change: Mapping[str, Any]


async def keep_pending(
    account_id: PydanticObjectId, wamid: str, *, kind: str, change: dict[str, Any]
) -> str:
    """Keeps it, once however often it is told; returns its id here."""
    identity = json.dumps([str(account_id), wamid, kind, change], default=str)
    pending = PendingUpdate(
        id=hashlib.sha256(identity.encode()).hexdigest(),
        account_id=account_id,
        wamid=wamid,
        kind=kind,
        change=change,
    )
    fields = to_bson(pending)
    pending_id = fields.pop("_id")
    with contextlib.suppress(DuplicateKeyError):  # the same at the same moment is kept
        await collection(PendingUpdate).update_one(
            {"_id": pending_id}, {"$setOnInsert": fields}, upsert=True
        )
    return pending.id


async def list_waiting(account_id: PydanticObjectId, wamids: Iterable[str]) -> list[Waiting]:
    """All that waits for one of these messages, in one round trip."""
    query = {"account_id": account_id, "wamid": {"$in": list(wamids)}}
    return [
        Waiting(found["_id"], found["wamid"], found["kind"], found["change"])
        async for found in collection(PendingUpdate).find(query)
    ]


async def drop_pending(pending_id: str) -> None:
    await collection(PendingUpdate).delete_one({"_id": pending_id})
