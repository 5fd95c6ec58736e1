"""Whether WhatsApp lets an account send: causes that stop it come and go, each by itself.

Of each cause the newest report counts. `health` is derived from all of them, in the same write, but
never against anything else that stopped the account, such as a refused access token.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from beanie import PydanticObjectId

from models import Account, HealthState
from models.database.base import collection, utc_now
from whatsapp.cloud_api.error_codes import TOKEN_CODES

_BLOCKS = {"$objectToArray": {"$ifNull": ["$standing.blocks", {}]}}


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
    """WhatsApp said at `at` that the account may not send for this reason, or again may (None)."""
    path = f"standing.blocks.{cause}"
    told = {"at": at, "reason": reason, "until": until}
    stored = [f"${path}.{name}" for name in told]
    is_newer = {"$gt": [[{"$literal": value} for value in told.values()], stored]}
    await collection(Account).update_one(
        {"_id": account_id, "deleted_at": None, "$expr": is_newer},
        [{"$set": {path: {"$literal": told}, "updated_at": utc_now()}}, *_derive_health()],
    )


async def lift_expired_restrictions() -> None:
    """Starts the accounts whose last block has ended by itself."""
    ended = {
        "$anyElementTrue": [
            {
                "$map": {
                    "input": _BLOCKS,
                    "as": "one",
                    "in": {"$and": [_has("until"), {"$lte": ["$$one.v.until", "$$NOW"]}]},
                }
            }
        ]
    }
    await collection(Account).update_many(
        {"standing.is_stopping": True, "$expr": ended}, _derive_changed_health()
    )


async def restart_stopped_account(account: Account) -> bool:
    """Meta took this account's token: starts it again if a refused one is why it stopped.

    What WhatsApp told about its standing meanwhile counts from now on. False if nothing changed.
    """
    now = utc_now()
    started = {
        "health.state": HealthState.OK.value,
        "health.stop_code": None,
        "standing.is_stopping": False,
    }
    result = await collection(Account).update_one(
        {
            "_id": account.id,
            "deleted_at": None,
            # As for a stop: a token that was replaced meanwhile is not the one that was tried.
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
    """The changes of an account that staff start again: what stopped it before counts no more."""
    return {"standing.cleared_at": now, "standing.is_stopping": False}


def _has(name: str) -> dict[str, Any]:
    return {"$ne": [{"$ifNull": [f"$$one.v.{name}", None]}, None]}


def _derive_changed_health() -> list[Mapping[str, Any]]:
    """The same where it may be as it was: MongoDB writes nothing if the document stays equal."""
    health = ["$health", "$standing"]
    updated_at = {"$cond": [{"$ne": ["$before", health]}, utc_now(), "$updated_at"]}
    return [
        {"$set": {"before": health}},
        *_derive_health(),
        {"$set": {"updated_at": updated_at}},
        {"$unset": "before"},
    ]


def _derive_health() -> list[Mapping[str, Any]]:
    """Stages: the state of the account by its blocks, unless something else stopped it."""
    is_open = {"$or": [{"$not": [_has("until")]}, {"$gt": ["$$one.v.until", "$$NOW"]}]}
    counts = {"$gt": ["$$one.v.at", "$standing.cleared_at"]}
    holding = {"$and": [_has("reason"), is_open, counts]}
    open_blocks = {"$filter": {"input": _BLOCKS, "as": "one", "cond": holding}}
    newest = {"$last": {"$sortArray": {"input": "$open_blocks", "sortBy": {"v.at": 1, "k": 1}}}}
    is_stopped = {"$ne": ["$open_blocks", []]}
    is_ours = {
        "$or": [
            {"$ne": ["$health.state", HealthState.STOPPED.value]},
            {"$eq": ["$standing.is_stopping", True]},
        ]
    }
    state = {"$cond": [is_stopped, HealthState.STOPPED.value, HealthState.OK.value]}
    reason = {"$ifNull": ["$newest.v.reason", None]}
    told_at = {"$max": {"$map": {"input": _BLOCKS, "as": "one", "in": "$$one.v.at"}}}
    health = {
        "health.state": state,
        "health.reason": reason,
        "health.changed_at": told_at,
        "standing.is_stopping": is_stopped,
    }
    changes = {name: {"$cond": ["$is_ours", value, f"${name}"]} for name, value in health.items()}
    return [
        {"$set": {"open_blocks": open_blocks, "is_ours": is_ours}},
        {"$set": {"newest": newest}},
        {"$set": changes},
        {"$unset": ["open_blocks", "is_ours", "newest"]},
    ]
