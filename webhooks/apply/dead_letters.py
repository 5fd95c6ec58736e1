"""Dead letters: items that can't be applied are parked with the reason, and can be replayed."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import InsertOne, UpdateMany

from models import Account, ParkedItem, ParkedReason, ParkedState
from models.database.base import collection, to_bson, utc_now
from models.database.bulk_writes import Write, write_unless_duplicate
from telemetry.metrics.webhooks import PARKED
from webhooks.apply.tasks import Slices, Task
from webhooks.payload.items import ItemRejected
from webhooks.payload.parsing import dump_json
from webhooks.store.events import StoredEvent

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
        changes: dict[str, object] = {
            "account_id": self.account.id if self.account else self.parked.account_id
        }
        if self.problem is None:
            return changes | {"state": ParkedState.APPLIED.value}
        return changes | {"reason": self.problem.reason.value, "details": self.problem.details}


async def park_items(tasks: Sequence[Task]) -> None:
    """Parks the items of failed tasks. Parking an item of an event again changes nothing."""
    slices = Slices()
    for start in range(0, len(tasks), PARKED_AT_ONCE):
        documents = []
        for task in tasks[start : start + PARKED_AT_ONCE]:
            documents.append(to_bson(_make_parked(task)))
            await slices.pause()
        await _insert(documents)


async def _insert(documents: Sequence[dict[str, Any]]) -> None:
    inserts: list[Write] = [InsertOne(document) for document in documents]
    result = await write_unless_duplicate(ParkedItem, inserts)
    for position, document in enumerate(documents):
        if position not in result.duplicates:
            PARKED[document["reason"]].inc()


def _make_parked(task: Task) -> ParkedItem:
    item, problem = task.item, task.problem
    return ParkedItem(
        id=_make_id(task.event_id, item.pointer),
        event_id=task.event_id,
        account_id=task.account.id if task.account else None,
        phone_number_id=item.phone_number_id,
        business_account_id=item.business_account_id,
        field=item.field_name,
        pointer=item.pointer,
        item=dump_json(item.value),
        entry=item.to_entry(),
        secret_digest=task.secret_digest,
        by_default_secret=task.by_default_secret,
        received_at=task.received_at,
        reason=problem.reason if problem else ParkedReason.INTERNAL_ERROR,
        details=problem.details if problem else None,
    )


async def park_body(event: StoredEvent, problem: ItemRejected) -> None:
    """Parks a body that could not be read."""
    parked = ParkedItem(
        id=_make_id(event.id, ""),
        event_id=event.id,
        pointer="",
        item=event.body.decode("utf-8", "replace"),
        secret_digest=event.secret_digest,
        by_default_secret=event.by_default_secret,
        received_at=event.received_at,
        reason=problem.reason,
        details=problem.details,
    )
    await _insert([to_bson(parked)])


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
