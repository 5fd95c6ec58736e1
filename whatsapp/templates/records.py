"""Storage of templates, from webhooks about single aspects and from complete lists.

A template has the time of the latest webhook for each aspect, and the time of the latest list. An
update counts only if it is newer than both, so late or repeated updates change nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from models import Template
from models.database.base import WORKSPACE_FIELD, collection, new_id, utc_now
from models.database.bulk_writes import write_unless_duplicate
from whatsapp.common.account_workspaces import get_workspace_id
from whatsapp.common.timestamped_fields import TimestampedFields, make_update_stage

DELETED = "DELETED"


@dataclass(frozen=True)
class ListedTemplate:
    """A template of a list; an aspect is a group of values that change together."""

    template_id: str
    aspects: Mapping[str, Mapping[str, Any]]


async def record_template(
    account_id: PydanticObjectId, template_id: str, updates: Sequence[TimestampedFields]
) -> bool:
    """Stores updates that are newer than the template, which is created if it is unknown.

    Returns True if the template's text is known.
    """
    key = {"account_id": account_id, "template_id": template_id}
    unlisted = [replace(update, newer_than="synced_at") for update in updates]
    stages = [_set_defaults(await get_workspace_id(account_id)), make_update_stage(unlisted)]
    try:
        stored = await _update_template(key, stages)
    except DuplicateKeyError:
        # A concurrent upsert has just inserted the template.
        stored = await _update_template(key, stages)
    return bool(stored.get("components"))


async def _update_template(key: dict[str, Any], stages: list[dict[str, Any]]) -> dict[str, Any]:
    stored = await collection(Template).find_one_and_update(
        key,
        stages,
        {"components.type": 1},
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    return stored or {}


async def record_list(
    account_id: PydanticObjectId, listed: Sequence[ListedTemplate], *, at: datetime, now: datetime
) -> int:
    """Stores a page of the list read at `at`. Returns the number of new templates.

    Templates that changed get `now` as their `updated_at`.
    """
    workspace_id = await get_workspace_id(account_id)
    updates = [
        UpdateOne(
            {"account_id": account_id, "template_id": template.template_id},
            [_set_defaults(workspace_id), _apply_listed(template, at=at, now=now)],
            upsert=True,
        )
        for template in listed
    ]
    result = await write_unless_duplicate(Template, updates)
    # A webhook created these templates at the same time: now they can be updated.
    again = [updates[position] for position in result.duplicates]
    repeated = await write_unless_duplicate(Template, again)
    return len(result.upserted) + len(repeated.upserted)


async def mark_unlisted(account_id: PydanticObjectId, *, at: datetime, now: datetime) -> int:
    """Marks templates missing from the complete list of `at` as deleted. Returns their number.

    Templates with newer updates are left alone. Documents stay, as messages refer to them.
    """
    unchanged_since = [
        {f"changed_at.{aspect}": {"$not": {"$gt": at}}}
        for aspect in ("name", "status", "quality", "category", "components")
    ]
    unlisted: dict[str, Any] = {
        "account_id": account_id,
        "synced_at": {"$not": {"$gte": at}},
        "created_at": {"$lte": at},
        "status": {"$ne": DELETED},
        "$and": unchanged_since,
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
    return (await collection(Template).update_many(unlisted, {"$set": change})).modified_count


def _set_defaults(workspace_id: PydanticObjectId) -> dict[str, Any]:
    defaults = {"_id": new_id(), WORKSPACE_FIELD: workspace_id, "created_at": utc_now()}
    return {"$set": {name: {"$ifNull": [f"${name}", value]} for name, value in defaults.items()}}


def _apply_listed(template: ListedTemplate, *, at: datetime, now: datetime) -> dict[str, Any]:
    """Returns the stage that stores changed aspects; unchanged aspects keep their times."""
    changes: dict[str, Any] = {"synced_at": {"$max": ["$synced_at", at]}}
    updated = []
    for aspect, values in template.aspects.items():
        time = f"changed_at.{aspect}"
        is_newer = _is_newer(aspect, values, at)
        is_change = {"$and": [is_newer, _is_known(values)]}
        changes[time] = {"$cond": [is_change, at, {"$ifNull": [f"${time}", "$$REMOVE"]}]}
        for name, value in values.items():
            changes[name] = {"$cond": [is_newer, {"$literal": value}, f"${name}"]}
        updated.append(is_newer)
    changes["updated_at"] = {"$cond": [{"$or": updated}, now, "$updated_at"]}
    return {"$set": changes}


def _is_newer(aspect: str, values: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    # Only the first value is compared: a webhook has more reasons for an unchanged status.
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
