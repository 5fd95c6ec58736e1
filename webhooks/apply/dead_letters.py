"""Dead letters: items that can't be applied are parked with the reason, and can be replayed."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import InsertOne, UpdateMany

from models import Account, ParkedItem, ParkedReason, ParkedState
from models.database.base import WORKSPACE_FIELD, collection, to_bson, utc_now
from models.database.bulk_writes import Write, write_unless_duplicate
from telemetry.metrics.webhooks import PARKED
from webhooks.apply.app_workspaces import AppWorkspaces
from webhooks.apply.tasks import Slices, Task, group_by_account
from webhooks.payload.items import Item, ItemRejected
from webhooks.payload.meta_objects import get_entry_time, get_time, get_value
from webhooks.payload.parsing import dump_json
from webhooks.store.events import StoredEvent
from whatsapp.accounts.account_events import IMPORT_FIELDS
from whatsapp.accounts.default_secret import list_default_workspaces
from whatsapp.common.erased_people import list_erased
from whatsapp.common.people import (
    MANY,
    get_people_digests,
    list_text_people,
    make_matcher,
    redact,
    redact_text,
)
from whatsapp.common.timestamped_fields import NO_TIME

PARKED_AT_ONCE = 250


@dataclass(frozen=True)
class Outcome:
    """The result of replaying a parked item."""

    parked: ParkedItem
    problem: ItemRejected | None
    """The reason why it stays parked, or None if it was applied."""
    account: Account | None

    def list_changes(self) -> dict[str, object]:
        """Returns the changed fields, except the time."""
        owner = self.account
        changes: dict[str, object] = {
            WORKSPACE_FIELD: owner.workspace_id if owner else self.parked.workspace_id,
            "account_id": owner.id if owner else self.parked.account_id,
        }
        if self.problem is None:
            return changes | {"state": ParkedState.APPLIED.value}
        return changes | {"reason": self.problem.reason.value, "details": self.problem.details}


async def park_items(tasks: Sequence[Task]) -> None:
    """Parks the items of failed tasks. Parking an item of an event again changes nothing."""
    slices, workspaces = Slices(), AppWorkspaces()
    for start in range(0, len(tasks), PARKED_AT_ONCE):
        documents = []
        for task in tasks[start : start + PARKED_AT_ONCE]:
            documents.append(to_bson(await _make_parked(task, workspaces)))
            await slices.pause()
        await _insert(documents)


async def _insert(documents: Sequence[dict[str, Any]]) -> None:
    inserts: list[Write] = [InsertOne(document) for document in documents]
    result = await write_unless_duplicate(ParkedItem, inserts)
    for position, document in enumerate(documents):
        if position not in result.duplicates:
            PARKED[document["reason"]].inc()


async def leave_out_erased(tasks: Sequence[Task]) -> list[Task]:
    """Returns the tasks without the customers who were erased after them.

    A task of which nothing is left is marked as erased, and is not returned.
    """
    left = []
    for account_id, group in group_by_account(tasks).items():
        people = [list_item_people(task.item) for task in group]
        erased = await list_erased(account_id, set().union(*people))
        times = {memory.person: memory.erased_at for memory in erased}
        for task, named in zip(group, people, strict=True):
            at = _get_time(task)
            old_for = {person for person, erased_at in times.items() if at <= erased_at}
            if _leave_out(task, old_for if MANY in named else old_for.intersection(named)):
                left.append(task)
    without_account = [task for task in tasks if task.account is None]
    return [*without_account, *left]


def _leave_out(task: Task, erased: Collection[bytes]) -> bool:
    """Returns True if anything is left of the task."""
    if not erased:
        return True
    task.is_erased = True
    if task.item.list_key is not None:
        return False
    value = redact(task.item.value, make_matcher(erased))
    task.item = replace(task.item, value=value)
    return value is not None


def _get_time(task: Task) -> datetime:
    """Returns Meta's time of the item; without one, and in an import of chats, it is old."""
    value = get_value(task.item)
    if task.item.field_name in IMPORT_FIELDS:
        return NO_TIME
    return get_time(value, "timestamp") or get_entry_time(task.item) or NO_TIME


async def remove_parked(ids: Sequence[str]) -> None:
    """Removes parked items about erased customers."""
    if ids:
        await collection(ParkedItem).delete_many({"_id": {"$in": list(ids)}})


def list_item_people(item: Item) -> list[bytes]:
    """Returns the digests of the item's customers."""
    digests = get_people_digests()
    if item.list_key is not None:
        return digests.list_item_people(item.value, item.contact)
    return digests.list_people(dump_json(item.value).encode("utf-8", "replace"))


async def _make_parked(task: Task, workspaces: AppWorkspaces) -> ParkedItem:
    item, problem = task.item, task.problem
    return ParkedItem(
        id=_make_id(task.event_id, item.pointer),
        workspace_id=task.account.workspace_id
        if task.account
        else await workspaces.find(task.secret_digest, by_default_secret=task.by_default_secret),
        event_id=task.event_id,
        account_id=task.account.id if task.account else None,
        phone_number_id=item.phone_number_id,
        business_account_id=item.business_account_id,
        field=item.field_name,
        pointer=item.pointer,
        item=dump_json(item.value),
        entry=item.to_entry(),
        people=list_item_people(item),
        secret_digest=task.secret_digest,
        by_default_secret=task.by_default_secret,
        received_at=task.received_at,
        reason=problem.reason if problem else ParkedReason.INTERNAL_ERROR,
        details=problem.details if problem else None,
    )


async def park_body(event: StoredEvent, problem: ItemRejected) -> bool:
    """Parks a body that could not be read, without customers who were erased.

    Returns True if any were left out. Their times are unknown, so new messages are left out, too.
    """
    text = event.body.decode("utf-8", "replace")
    people = await list_text_people(event.body)
    memories = await list_erased(None, people)
    signers = await _list_signers(event, {memory.account_id for memory in memories})
    erased = [memory.person for memory in memories if memory.account_id in signers]
    left = await redact_text(text, make_matcher(erased)) if erased else text
    if left is None:
        return True
    parked = ParkedItem(
        id=_make_id(event.id, ""),
        workspace_id=await AppWorkspaces().find(
            event.secret_digest, by_default_secret=event.by_default_secret
        ),
        event_id=event.id,
        pointer="",
        item=left,
        people=await list_text_people(left),
        secret_digest=event.secret_digest,
        by_default_secret=event.by_default_secret,
        received_at=event.received_at,
        reason=problem.reason,
        details=problem.details,
    )
    await _insert([to_bson(parked)])
    return bool(erased)


async def _list_signers(
    event: StoredEvent, account_ids: Collection[PydanticObjectId]
) -> set[PydanticObjectId]:
    """Returns the accounts whose app may have signed the body."""
    if not account_ids:
        return set()
    is_signer = _match_secret(event.secret_digest)
    if event.by_default_secret:
        workspaces = [*await list_default_workspaces(), None]  # None for documents of version 0.1
        is_default: dict[str, object] = {
            "$or": _match_secret(None),
            WORKSPACE_FIELD: {"$in": workspaces},
        }
        is_signer.append(is_default)
    query = {"_id": {"$in": list(account_ids)}, "$or": is_signer}
    return {account["_id"] async for account in collection(Account).find(query, {"_id": 1})}


def _match_secret(digest: str | None) -> list[dict[str, object]]:
    return [
        {"app_secret_digest": digest},
        {"former_app_secrets": {"$elemMatch": {"digest": digest}}},
    ]


async def resolve(outcomes: Iterable[Outcome]) -> None:
    """Stores the outcomes of replayed items, equal outcomes with one update."""
    groups: dict[tuple[tuple[str, object], ...], list[str]] = {}
    for outcome in outcomes:
        changes = tuple(outcome.list_changes().items())
        groups.setdefault(changes, []).append(outcome.parked.id)
    updates = [_make_update(ids, dict(changes)) for changes, ids in groups.items()]
    if updates:
        await collection(ParkedItem).bulk_write(updates, ordered=False)


def _make_update(ids: Sequence[str], changes: dict[str, object]) -> UpdateMany:
    if "state" in changes:
        changes["resolved_at"] = utc_now()
    key = {"_id": {"$in": ids}, "state": ParkedState.PARKED.value}
    return UpdateMany(key, {"$set": changes})


def _make_id(event_id: str, pointer: str) -> str:
    return hashlib.sha256(f"{event_id}{pointer}".encode()).hexdigest()
