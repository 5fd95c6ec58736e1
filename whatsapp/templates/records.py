"""Message templates as WhatsApp tells about them: one fact at a time, or all that it lists.

A template has the time of each aspect that a webhook told, and the time of the last list that had
it. A webhook counts only if it is newer than both, a list only if nothing newer is known: whatever
comes late, or again, changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from models import Template
from models.database.base import collection, new_id, utc_now
from models.database.bulk_writes import write_unless_duplicate
from whatsapp.common.timestamped_fields import TimestampedFields, make_update_stage

DELETED = "DELETED"


@dataclass(frozen=True)
class Listed:
    """A template as a list of WhatsApp has it: for each aspect the values that belong together."""

    template_id: str
    aspects: Mapping[str, Mapping[str, Any]]


async def record_template(
    account_id: PydanticObjectId, template_id: str, updates: Sequence[TimestampedFields]
) -> bool:
    """Stores what is news of these updates; the template is made if it is unknown.

    Gives whether its text is known.
    """
    key = {"account_id": account_id, "template_id": template_id}
    unlisted = [replace(fact, newer_than="synced_at") for fact in updates]
    stages = [_make_unless_there(), make_update_stage(unlisted)]
    try:
        stored = await _update(key, stages)
    except DuplicateKeyError:
        # Another upsert won, and the server gave up repeating ours: theirs is there now.
        stored = await _update(key, stages)
    return bool(stored.get("components"))


async def _update(key: dict[str, Any], stages: list[dict[str, Any]]) -> dict[str, Any]:
    stored = await collection(Template).find_one_and_update(
        key,
        stages,
        {"components.type": 1},
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    return stored or {}


async def record_list(
    account_id: PydanticObjectId, listed: Sequence[Listed], *, at: datetime, now: datetime
) -> int:
    """Stores a page of the list that stood at `at`; gives how many of them were unknown.

    Those that differ from what was known get `now` as their `updated_at`.
    """
    updates = [
        UpdateOne(
            {"account_id": account_id, "template_id": one.template_id},
            [_make_unless_there(), _apply_listed(one, at=at, now=now)],
            upsert=True,
        )
        for one in listed
    ]
    result = await write_unless_duplicate(Template, updates)
    # A webhook created these templates at the same time: now they can be updated.
    again = [updates[position] for position in result.duplicates]
    repeated = await write_unless_duplicate(Template, again)
    return len(result.upserted) + len(repeated.upserted)


async def mark_unlisted(account_id: PydanticObjectId, *, at: datetime, now: datetime) -> int:
    """Templates that the whole list of `at` did not have are deleted, unless something newer was
    told about them. They stay: messages were sent with them.
    """
    told_before = [
        {f"changed_at.{aspect}": {"$not": {"$gt": at}}}
        for aspect in ("name", "status", "quality", "category", "components")
    ]
    gone: dict[str, Any] = {
        "account_id": account_id,
        "synced_at": {"$not": {"$gte": at}},
        "created_at": {"$lte": at},
        "status": {"$ne": DELETED},
        "$and": told_before,
    }
    change = {
        "status": DELETED,
        "status_reason": None,
        "recommendation": None,
        "disabled_at": None,
        "changed_at.status": at,
        "synced_at": at,
        "updated_at": now,
    }
    return (await collection(Template).update_many(gone, {"$set": change})).modified_count


def _make_unless_there() -> dict[str, Any]:
    made = {"_id": new_id(), "created_at": utc_now()}
    return {"$set": {name: {"$ifNull": [f"${name}", value]} for name, value in made.items()}}


def _apply_listed(one: Listed, *, at: datetime, now: datetime) -> dict[str, Any]:
    """The stage that stores what differs. What is as it was keeps the time of its own report."""
    changes: dict[str, Any] = {"synced_at": {"$max": ["$synced_at", at]}}
    news = []
    for aspect, values in one.aspects.items():
        time = f"changed_at.{aspect}"
        is_news = _is_news(aspect, values, at)
        is_change = {"$and": [is_news, _is_known(values)]}
        changes[time] = {"$cond": [is_change, at, {"$ifNull": [f"${time}", "$$REMOVE"]}]}
        for name, value in values.items():
            changes[name] = {"$cond": [is_news, {"$literal": value}, f"${name}"]}
        news.append(is_news)
    changes["updated_at"] = {"$cond": [{"$or": news}, now, "$updated_at"]}
    return {"$set": changes}


def _is_news(aspect: str, values: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    # The first value is what it is about: of an unchanged status a webhook knows more reasons.
    name, value = next(iter(values.items()))
    return {
        "$and": [
            {"$gt": [at, f"$changed_at.{aspect}"]},
            {"$gt": [at, "$synced_at"]},
            {"$ne": [[{"$literal": value}], [f"${name}"]]},
        ]
    }


def _is_known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"$gt": [f"${next(iter(values))}", None]}
