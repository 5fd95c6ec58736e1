"""Replays the parked items of an account that was connected, enabled or changed.

A change of the account makes its replay due, and one process claims it with a lease. See
docs/decisions/0031.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, ReturnDocument

from models import Account, ParkedItem, ParkedReason, ParkedState
from models.database.base import collection, from_bson, utc_now
from webhooks.apply.tasks import Task
from webhooks.payload.items import NUMBER_FIELDS

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
REPLAYED_AT_ONCE = 250
# An item may have megabytes: a page ends with the item that reaches this size.
REPLAYED_CHARACTERS = 8 * 1024 * 1024
# Items with these reasons are applied once their account is connected and enabled.
WAITING_REASONS = (ParkedReason.UNKNOWN_ACCOUNT, ParkedReason.ACCOUNT_DISABLED)

Query = dict[str, Any]
Order = tuple[str, ...]
Replay = Callable[[Sequence[ParkedItem]], Awaitable[object]]


@dataclass(frozen=True)
class Claim:
    """The replay of one account's parked items, leased to this process."""

    account: Account
    leased_until: datetime

    @property
    def _key(self) -> dict[str, Any]:
        return {"_id": self.account.id, "replay_due_at": self.leased_until}

    async def renew(self) -> "Claim | None":
        """Extends the lease; None if it is lost, or the account has changed since."""
        until = utc_now() + LEASE
        result = await collection(Account).update_one(self._key, {"$set": {"replay_due_at": until}})
        return replace(self, leased_until=until) if result.matched_count else None

    async def finish(self) -> None:
        """Ends the replay, unless another was requested meanwhile."""
        await collection(Account).update_one(self._key, {"$set": {"replay_due_at": None}})


async def claim_replay() -> Claim | None:
    """Leases the replay that is due for the longest time, or None if none is due."""
    now = utc_now()
    document = await collection(Account).find_one_and_update(
        {"replay_due_at": {"$lte": now}, "deleted_at": None},
        {"$set": {"replay_due_at": now + LEASE}},
        sort=[("replay_due_at", ASCENDING)],
        return_document=ReturnDocument.AFTER,
    )
    return Claim(from_bson(Account, document), now + LEASE) if document else None


async def run_replay(claim: Claim, replay: Replay, *, default_digest: str | None) -> None:
    """Replays all that is parked for the account, page by page, as long as the lease is held.

    Raises:
        PyMongoError: MongoDB is away; the replay is due again when the lease has passed.
    """
    for query, order in _list_queries(claim.account, default_digest):
        first_id: str | None = None
        while items := await _read_page(query, order):
            if items[0].id == first_id:
                break  # what stays parked for the same reason must not be tried without end
            first_id = items[0].id
            logger.info("Replaying %d parked items of account %s", len(items), claim.account.id)
            await replay(items)
            renewed = await claim.renew()
            if renewed is None:
                return
            claim = renewed
    await claim.finish()


async def request_replays(tasks: Iterable[Task]) -> None:
    """Makes the replays due of accounts that were connected or enabled while these items, which
    waited for them, were being parked.
    """
    waiting = [task for task in tasks if task.problem and task.problem.reason in WAITING_REASONS]
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


def _list_queries(account: Account, default_digest: str | None) -> list[tuple[Query, Order]]:
    """What is parked for the account, and the order in which its index has it."""
    of_number: Query = {
        "state": ParkedState.PARKED.value,
        "phone_number_id": account.phone_number_id,
    }
    # What names no number is for all accounts of a business, be they disabled.
    of_business: Query = {
        "state": ParkedState.PARKED.value,
        "business_account_id": account.business_account_id,
        "phone_number_id": None,
        "field": {"$nin": sorted(NUMBER_FIELDS)},
    }
    order: Order = ("secret_digest", "created_at")
    # What came signed with the next secret before the account had it.
    digest = account.app_secret_digest or default_digest
    signed = {"reason": ParkedReason.WRONG_SECRET.value, "secret_digest": digest}
    queries: list[tuple[Query, Order]] = [
        (of_business | {"reason": reason.value}, order) for reason in WAITING_REASONS
    ]
    queries.append((of_business | signed, order[1:]))
    if account.enabled:
        queries += [(of_number | {"reason": reason.value}, order) for reason in WAITING_REASONS]
        queries.append((of_number | signed, order[1:]))
    return queries


async def _read_page(query: Query, order: Order) -> list[ParkedItem]:
    documents = collection(ParkedItem).find(query).sort([(name, ASCENDING) for name in order])
    items: list[ParkedItem] = []
    size = 0
    async with documents.limit(REPLAYED_AT_ONCE) as cursor:
        async for document in cursor:
            items.append(from_bson(ParkedItem, document))
            size += len(items[-1].item) + len(items[-1].entry or "")
            if size >= REPLAYED_CHARACTERS:
                break
    return items
