"""Replays the parked items of an account that was connected, enabled or changed.

A change of the account makes its replay due, and one process leases it. See
docs/decisions/0031.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any

from pymongo import ASCENDING, ReturnDocument

from models import Account, ParkedItem, ParkedReason, ParkedState
from models.database.base import (
    collection,
    from_bson,
    is_due,
    match_workspace,
    seconds_from_now,
    utc_now,
)
from models.database.lease import lease_document
from webhooks.apply.app_workspaces import match_signers
from webhooks.apply.tasks import Task
from webhooks.payload.items import NUMBER_FIELDS

logger = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
REPLAYED_AT_ONCE = 250
# Items may have megabytes; a page ends with the item that reaches this size.
PAGE_CHARACTERS = 8 * 1024 * 1024
# Items with these reasons are applied once their account is connected and enabled.
WAITING_REASONS = (ParkedReason.UNKNOWN_ACCOUNT, ParkedReason.ACCOUNT_DISABLED)

Query = dict[str, Any]
Order = tuple[str, ...]
Replay = Callable[[Sequence[ParkedItem]], Awaitable[object]]


async def claim_replay() -> Account | None:
    """Leases the account whose replay has been due longest, or returns None.

    Its `replay_due_at` is the end of the lease.
    """
    return await lease_document(
        Account,
        {**is_due("replay_due_at"), "deleted_at": None},
        field="replay_due_at",
        seconds=LEASE_SECONDS,
    )


async def run_replay(
    account: Account,
    replay: Replay,
    *,
    default_digest: str | None,
    page_characters: int = PAGE_CHARACTERS,
) -> None:
    """Replays the parked items of a claimed account in pages while the lease is held.

    Raises:
        PyMongoError: MongoDB is unavailable; the replay is due again when the lease ends.
    """
    leased_until = account.replay_due_at
    for query, order in await _list_queries(account, default_digest):
        first_id: str | None = None
        while items := await _read_page(query, order, page_characters):
            if items[0].id == first_id:
                break  # the items stay parked for the same reason
            first_id = items[0].id
            logger.info("Replaying %d parked items", len(items), extra={"account_id": account.id})
            await replay(items)
            lease = {"_id": account.id, "replay_due_at": leased_until}
            renewed = await collection(Account).find_one_and_update(
                lease,
                [{"$set": {"replay_due_at": seconds_from_now(LEASE_SECONDS)}}],
                {"replay_due_at": 1},
                return_document=ReturnDocument.AFTER,
            )
            if renewed is None:
                return  # the lease was lost, or the account has changed
            leased_until = renewed["replay_due_at"]
    # Unless another replay was requested meanwhile.
    await collection(Account).update_one(
        {"_id": account.id, "replay_due_at": leased_until}, {"$set": {"replay_due_at": None}}
    )


async def read_in_pages(ids: Sequence[str]) -> AsyncIterator[list[ParkedItem]]:
    """Yields the items that are parked, in the order of their ids, in pages of bounded size.

    Raises:
        PyMongoError
    """
    query = {"_id": {"$in": list(ids)}, "state": ParkedState.PARKED.value}
    stages: list[Query] = [
        {"$match": query},
        {"$project": {"bytes": {"$bsonSize": "$$ROOT"}}},
    ]
    cursor = await collection(ParkedItem).aggregate(stages)
    sizes = {document["_id"]: document["bytes"] async for document in cursor}
    page: list[str] = []
    size = 0
    for item_id in ids:
        if page and size + sizes.get(item_id, 0) > PAGE_CHARACTERS:
            yield await _load_items(page)
            page, size = [], 0
        if item_id in sizes:
            page.append(item_id)
            size += sizes[item_id]
    if page:
        yield await _load_items(page)


async def _load_items(ids: Sequence[str]) -> list[ParkedItem]:
    cursor = collection(ParkedItem).find({"_id": {"$in": list(ids)}})
    items = {document["_id"]: from_bson(ParkedItem, document) async for document in cursor}
    return [items[item_id] for item_id in ids if item_id in items]


async def request_replays(tasks: Iterable[Task]) -> None:
    """Requests replays for accounts that were connected or enabled while these items were being
    parked for lack of them.
    """
    waiting = [
        task
        for task in tasks
        if task.problem and task.problem.reason in WAITING_REASONS and not task.is_foreign
    ]
    if not waiting:
        return
    numbers = {task.item.phone_number_id for task in waiting} - {None}
    businesses = {
        task.item.business_account_id
        for task in waiting
        if task.item.phone_number_id is None and task.item.field_name not in NUMBER_FIELDS
    } - {None}
    connected = [
        {"phone_number_id": {"$in": sorted(map(str, numbers))}, "enabled": True},
        {"business_account_id": {"$in": sorted(map(str, businesses))}},
    ]
    await collection(Account).update_many(
        {"$or": connected, "deleted_at": None}, {"$set": {"replay_due_at": utc_now()}}
    )


async def _list_queries(account: Account, default_digest: str | None) -> list[tuple[Query, Order]]:
    """Returns queries for the parked items of the account, with the order of their index."""
    of_number: Query = {
        "state": ParkedState.PARKED.value,
        "phone_number_id": account.phone_number_id,
    }
    # Items without a number are for all accounts of the business, including disabled accounts.
    of_business: Query = {
        "state": ParkedState.PARKED.value,
        "business_account_id": account.business_account_id,
        "phone_number_id": None,
        "field": {"$nin": sorted(NUMBER_FIELDS)},
    }
    order: Order = ("secret_digest", "created_at")
    # Items that were signed with the current secret before the account had it.
    digest = account.app_secret_digest or default_digest
    signed = {"reason": ParkedReason.WRONG_SECRET.value, "secret_digest": digest}
    # Items of other workspaces' apps would stay parked, and be in the way.
    unknown = {
        "reason": ParkedReason.UNKNOWN_ACCOUNT.value,
        **await match_signers(account.workspace_id, default_digest),
    }
    disabled = {"reason": ParkedReason.ACCOUNT_DISABLED.value}
    # Items that were parked for an account stay in its workspace.
    elsewhere = {"account_id": {"$ne": None}, "$nor": [match_workspace(account.workspace_id)]}
    of_number["$nor"] = of_business["$nor"] = [elsewhere]
    waiting = [unknown, disabled]
    queries: list[tuple[Query, Order]] = [(of_business | reason, order) for reason in waiting]
    queries.append((of_business | signed, order[1:]))
    if account.enabled:
        queries += [(of_number | reason, order) for reason in waiting]
        queries.append((of_number | signed, order[1:]))
    return queries


async def _read_page(query: Query, order: Order, max_characters: int) -> list[ParkedItem]:
    documents = collection(ParkedItem).find(query).sort([(name, ASCENDING) for name in order])
    items: list[ParkedItem] = []
    size = 0
    async with documents.limit(REPLAYED_AT_ONCE).batch_size(REPLAYED_AT_ONCE + 1) as cursor:
        async for document in cursor:
            items.append(from_bson(ParkedItem, document))
            size += len(items[-1].item) + len(items[-1].entry or "")
            if size >= max_characters:
                break
    return items
