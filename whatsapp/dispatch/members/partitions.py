"""Partitions: which member sends for an account. Each change of the owner raises the fence."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from models import Account, Member, Message, Partition
from models.database.base import ANY_ID, collection, from_bson, has_passed
from models.database.bulk_writes import DUPLICATE_KEY
from models.messages.outbox_state import IS_ACTIVE
from whatsapp.accounts.accounts import MAY_SEND

# Messages of one read in a search for accounts, and reads of a search. They are limited, because
# accounts that may not send keep their messages for ever.
SEARCHED_MESSAGES = 200
SEARCH_READS = 50


async def own(account_id: PydanticObjectId, member_id: PydanticObjectId) -> Partition | None:
    """Takes an account that has no owner. Returns None if it has one.

    Raises:
        PyMongoError: this process may own it; call `read_owners` to find out.
    """
    try:
        document = await collection(Partition).find_one_and_update(
            {"_id": account_id, "owner": None},
            _change_owner(member_id),
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError:
        return None
    return None if document is None else from_bson(Partition, document)


async def own_all(
    account_ids: Collection[PydanticObjectId], member_id: PydanticObjectId
) -> list[Partition]:
    """Takes the accounts that have no owner, in two commands."""
    writes = [
        UpdateOne({"_id": account_id, "owner": None}, _change_owner(member_id), upsert=True)
        for account_id in account_ids
    ]
    return await _take(writes, account_ids, member_id)


async def take_over(
    owners: Mapping[PydanticObjectId, PydanticObjectId], member_id: PydanticObjectId
) -> list[Partition]:
    """Takes accounts from these owners, given by account, in two commands."""
    writes = [
        UpdateOne({"_id": account_id, "owner": owner}, _change_owner(member_id))
        for account_id, owner in owners.items()
    ]
    return await _take(writes, owners, member_id)


@dataclass(frozen=True)
class Owners:
    """The owners of accounts, and the members that have a lease."""

    by_account: Mapping[PydanticObjectId, PydanticObjectId]
    members: Collection[PydanticObjectId]
    has_expired: bool
    """True if the lease of one of the members has expired."""


async def read_owners() -> Owners:
    """Reads all owners, and then all members, in one command."""
    # In this order: a member exists before it owns anything, so an owner without member is dead.
    stages: list[dict[str, Any]] = [
        {"$match": {"owner": ANY_ID}},
        {"$project": {"owner": 1}},
        {"$unionWith": {"coll": Member.Settings.name, "pipeline": _READ_MEMBERS}},
    ]
    rows = await (await collection(Partition).aggregate(stages)).to_list()
    members = {row["_id"]: row["has_expired"] for row in rows if "owner" not in row}
    return Owners(
        by_account={row["_id"]: row["owner"] for row in rows if "owner" in row},
        members=members,
        has_expired=any(members.values()),
    )


_READ_MEMBERS: list[dict[str, Any]] = [{"$project": {"has_expired": has_passed("leased_until")}}]


def choose_share(
    account_ids: Collection[PydanticObjectId],
    members: Collection[PydanticObjectId],
    member_id: PydanticObjectId,
) -> list[PydanticObjectId]:
    """Returns the share of one of the members: each account is in the share of a single member."""
    return sorted(account_ids)[sorted(members).index(member_id) :: len(members)]


async def find_unowned(
    owned: Collection[PydanticObjectId], after: PydanticObjectId | None
) -> tuple[list[PydanticObjectId], PydanticObjectId | None]:
    """Returns accounts that have messages to send, may send, and are not among the owned ones.

    A search looks at a limited number of accounts after the given id. Also returns the id after
    which the next search continues, or None to begin again.
    """
    waiting, next_after = await _find_waiting(owned, after)
    if not waiting:
        return [], next_after
    may_send = {**MAY_SEND, "_id": {"$in": waiting}}
    found = collection(Account).find(may_send, {"_id": 1})
    return [row["_id"] async for row in found], next_after


async def _find_waiting(
    owned: Collection[PydanticObjectId], after: PydanticObjectId | None
) -> tuple[list[PydanticObjectId], PydanticObjectId | None]:
    """Returns the next accounts with active messages; most searches are a single read."""
    found: list[PydanticObjectId] = []
    for _ in range(SEARCH_READS):
        later: dict[str, Any] = {} if after is None else {"$gt": after}
        query = {"account_id": {"$nin": list(owned), **later}, **IS_ACTIVE}
        messages = collection(Message).find(query, {"account_id": 1}, hint="send_queue")
        rows = await messages.sort("account_id").limit(SEARCHED_MESSAGES).to_list()
        found += dict.fromkeys(row["account_id"] for row in rows)
        if len(rows) < SEARCHED_MESSAGES:
            return found, None
        after = found[-1]
    return found, after


async def find_waiting(account_ids: Collection[PydanticObjectId]) -> list[PydanticObjectId]:
    """Returns the accounts that have messages to send."""
    if not account_ids:
        return []
    query = {"account_id": {"$in": list(account_ids)}, **IS_ACTIVE}
    return await collection(Message).distinct("account_id", query)


async def release(partitions: Collection[Partition]) -> None:
    """Gives up accounts; those that were taken again since stay owned."""
    writes = [
        UpdateOne(
            {"_id": partition.id, "owner": partition.owner, "fence": partition.fence},
            {"$set": {"owner": None}},
        )
        for partition in partitions
    ]
    if writes:
        await collection(Partition).bulk_write(writes, ordered=False)


async def hand_over(partition: Partition, member_id: PydanticObjectId) -> bool:
    """Makes another member the owner, which notices it within its check. Returns True if done."""
    handed = await collection(Partition).update_one(
        {"_id": partition.id, "owner": partition.owner, "fence": partition.fence},
        {"$set": {"owner": member_id}},
    )
    return bool(handed.matched_count)


async def remove(partition: Partition) -> None:
    """Removes the partition of a deleted account."""
    await collection(Partition).delete_one({"_id": partition.id, "owner": partition.owner})


async def store_pace(partition: Partition, fields: Mapping[str, Any]) -> None:
    """Stores the account's rate and pauses for its next owner."""
    await collection(Partition).update_one(
        {"_id": partition.id, "owner": partition.owner, "fence": partition.fence},
        {"$set": dict(fields)},
    )


def _change_owner(member_id: PydanticObjectId) -> dict[str, Any]:
    return {"$set": {"owner": member_id}, "$inc": {"fence": 1}}


async def _take(
    writes: Sequence[UpdateOne],
    account_ids: Collection[PydanticObjectId],
    member_id: PydanticObjectId,
) -> list[Partition]:
    if not writes:
        return []
    try:
        await collection(Partition).bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        # An upsert finds no free partition, and that of another owner has its key.
        if any(problem["code"] != DUPLICATE_KEY for problem in error.details["writeErrors"]):
            raise
    query = {"_id": {"$in": list(account_ids)}, "owner": member_id}
    taken = await collection(Partition).find(query).to_list()
    return [from_bson(Partition, fields) for fields in taken]
