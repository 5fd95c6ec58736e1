"""What can't be applied now is parked with its reason, never lost, and can be replayed."""

import contextlib
import hashlib
from collections.abc import Mapping
from typing import Any

from pymongo.errors import DuplicateKeyError

from models import Account, ParkedItem, ParkedReason, ParkedState
from models.base import collection, to_bson, utc_now
from webhooks.events import StoredEvent
from webhooks.items import MESSAGES_FIELD, Item, Unfit
from webhooks.parsing import dump_json

# What connecting or enabling an account heals without anybody's doing.
WAITING_REASONS = [ParkedReason.UNKNOWN_ACCOUNT.value, ParkedReason.ACCOUNT_DISABLED.value]
_WAITING = {"state": ParkedState.PARKED.value, "reason": {"$in": WAITING_REASONS}}


async def park_item(
    item: Item, problem: Unfit, *, event_id: str, secret_digest: str, account: Account | None
) -> None:
    """Keeps the item; parking it again for the same event changes nothing."""
    await _insert(
        ParkedItem(
            id=_make_id(event_id, item.pointer),
            event_id=event_id,
            account_id=account.id if account else None,
            phone_number_id=item.phone_number_id,
            business_account_id=item.business_account_id,
            field=item.field_name,
            pointer=item.pointer,
            item=dump_json(item.value),
            entry=item.to_entry(),
            secret_digest=secret_digest,
            reason=problem.reason,
            details=problem.details,
        )
    )


async def park_body(event: StoredEvent, problem: Unfit) -> None:
    """Keeps a whole body that nothing could be read from."""
    await _insert(
        ParkedItem(
            id=_make_id(event.id, ""),
            event_id=event.id,
            pointer="",
            item=event.body.decode("utf-8", "replace"),
            secret_digest=event.secret_digest,
            reason=problem.reason,
            details=problem.details,
        )
    )


async def resolve(parked: ParkedItem, problem: Unfit | None, account: Account | None) -> None:
    """Marks a replayed item as applied, or says why it is still parked."""
    changes: dict[str, object] = {"account_id": account.id if account else parked.account_id}
    if problem is None:
        changes |= {"state": ParkedState.APPLIED.value, "resolved_at": utc_now()}
    else:
        changes |= {"reason": problem.reason.value, "details": problem.details}
    await collection(ParkedItem).update_one(
        {"_id": parked.id, "state": ParkedState.PARKED.value}, {"$set": changes}
    )


async def list_healed(*, limit: int) -> list[ParkedItem]:
    """Oldest first: what waited for an account that is connected and enabled by now."""
    numbers = await _list_connected("phone_number_id", _WAITING, {"enabled": True})
    # What names no number waits for any one of its business account, be it disabled; a message
    # that names none is nobody's.
    of_business = {"phone_number_id": None, "field": {"$ne": MESSAGES_FIELD}}
    businesses = await _list_connected("business_account_id", {**_WAITING, **of_business}, {})
    if not numbers and not businesses:
        return []
    healed = [
        {"phone_number_id": {"$in": numbers}},
        {**of_business, "business_account_id": {"$in": businesses}},
    ]
    query = {**_WAITING, "$or": healed}
    return await ParkedItem.find(query).sort("created_at", "_id").limit(limit).to_list()


async def _list_connected(
    name: str, waiting: Mapping[str, Any], condition: Mapping[str, Any]
) -> list[str]:
    """Which of Meta's ids under this name somebody waits for are those of accounts by now."""
    found = await collection(ParkedItem).distinct(name, waiting)
    ids = [one for one in found if isinstance(one, str)]
    if not ids:
        return []
    query = {name: {"$in": ids}, "deleted_at": None, **condition}
    connected: list[str] = await collection(Account).distinct(name, query)
    return connected


def _make_id(event_id: str, pointer: str) -> str:
    return hashlib.sha256(f"{event_id}{pointer}".encode()).hexdigest()


async def _insert(parked: ParkedItem) -> None:
    with contextlib.suppress(DuplicateKeyError):  # the event was processed before, in part
        await collection(ParkedItem).insert_one(to_bson(parked))
