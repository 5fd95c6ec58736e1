"""Restrictions by which WhatsApp stops an account, one per cause.

The newest report of each cause counts. `health` is derived from all causes in the same write,
unless the account was stopped for another reason, such as an invalid access token.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from beanie import PydanticObjectId

from models import Account, HealthState
from models.database.base import collection, utc_now
from whatsapp.cloud_api.error_codes import TOKEN_CODES

_BLOCKS = {"$objectToArray": {"$ifNull": ["$restrictions.blocks", {}]}}


class RestrictionCause(StrEnum):
    BAN = "ban"
    RESTRICTION = "restriction"
    CONNECTION = "connection"
    DELETION = "deletion"


async def record_restriction(
    account_id: PydanticObjectId,
    cause: RestrictionCause,
    *,
    at: datetime,
    reason: str | None,
    until: datetime | None = None,
) -> None:
    """Records that WhatsApp restricted the account at `at`, or lifted it (`reason` None)."""
    path = f"restrictions.blocks.{cause}"
    restriction = {"at": at, "reason": reason, "until": until}
    stored = [f"${path}.{name}" for name in restriction]
    is_newer = {"$gt": [[{"$literal": value} for value in restriction.values()], stored]}
    await collection(Account).update_one(
        {"_id": account_id, "deleted_at": None, "$expr": is_newer},
        [{"$set": {path: {"$literal": restriction}, "updated_at": utc_now()}}, *_derive_health()],
    )


async def lift_expired_restrictions() -> None:
    """Restarts the accounts whose last restriction has expired."""
    has_expired = {
        "$anyElementTrue": [
            {
                "$map": {
                    "input": _BLOCKS,
                    "as": "this",
                    "in": {"$and": [_has_field("until"), {"$lte": ["$$this.v.until", "$$NOW"]}]},
                }
            }
        ]
    }
    await collection(Account).update_many(
        {"restrictions.is_stopping": True, "$expr": has_expired}, _derive_changed_health()
    )


async def restart_stopped_account(account: Account) -> bool:
    """Restarts the account after a valid token, if it was stopped for an invalid one.

    Restrictions reported meanwhile apply from now on. Returns False if nothing changed.
    """
    now = utc_now()
    started = {
        "health.state": HealthState.OK.value,
        "health.stop_code": None,
        "restrictions.is_stopping": False,
    }
    result = await collection(Account).update_one(
        {
            "_id": account.id,
            "deleted_at": None,
            # The token may have been replaced since it was tried.
            "access_token": account.access_token,
            "health.state": HealthState.STOPPED.value,
            "health.stop_code": {"$in": sorted(TOKEN_CODES)},
        },
        [
            {"$set": started},
            *_derive_health(),
            {"$set": {"health.changed_at": now, "updated_at": now}},
        ],
    )
    return bool(result.modified_count)


def clear_restrictions(now: datetime) -> dict[str, Any]:
    """Returns the changes by which earlier restrictions no longer count."""
    return {"restrictions.cleared_at": now, "restrictions.is_stopping": False}


def _has_field(name: str) -> dict[str, Any]:
    return {"$ne": [{"$ifNull": [f"$$this.v.{name}", None]}, None]}


def _derive_changed_health() -> list[Mapping[str, Any]]:
    """Stages as `_derive_health`, but `updated_at` changes only if the result does.

    MongoDB writes nothing if the document stays equal.
    """
    health = ["$health", "$restrictions"]
    updated_at = {"$cond": [{"$ne": ["$before", health]}, utc_now(), "$updated_at"]}
    return [
        {"$set": {"before": health}},
        *_derive_health(),
        {"$set": {"updated_at": updated_at}},
        {"$unset": "before"},
    ]


def _derive_health() -> list[Mapping[str, Any]]:
    """Stages that derive the health from the restrictions, unless it has another cause."""
    is_unexpired = {"$or": [{"$not": [_has_field("until")]}, {"$gt": ["$$this.v.until", "$$NOW"]}]}
    is_uncleared = {"$gt": ["$$this.v.at", "$restrictions.cleared_at"]}
    is_active = {"$and": [_has_field("reason"), is_unexpired, is_uncleared]}
    active_blocks = {"$filter": {"input": _BLOCKS, "as": "this", "cond": is_active}}
    newest = {"$last": {"$sortArray": {"input": "$active_blocks", "sortBy": {"v.at": 1, "k": 1}}}}
    is_stopped = {"$ne": ["$active_blocks", []]}
    is_derived = {
        "$or": [
            {"$ne": ["$health.state", HealthState.STOPPED.value]},
            {"$eq": ["$restrictions.is_stopping", True]},
        ]
    }
    state = {"$cond": [is_stopped, HealthState.STOPPED.value, HealthState.OK.value]}
    reason = {"$ifNull": ["$newest.v.reason", None]}
    reported_at = {"$max": {"$map": {"input": _BLOCKS, "as": "this", "in": "$$this.v.at"}}}
    health = {
        "health.state": state,
        "health.reason": reason,
        "health.changed_at": reported_at,
        "restrictions.is_stopping": is_stopped,
    }
    changes = {
        name: {"$cond": ["$is_derived", value, f"${name}"]} for name, value in health.items()
    }
    return [
        {"$set": {"active_blocks": active_blocks, "is_derived": is_derived}},
        {"$set": {"newest": newest}},
        {"$set": changes},
        {"$unset": ["active_blocks", "is_derived", "newest"]},
    ]
