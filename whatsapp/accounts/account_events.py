"""What WhatsApp tells about an account: each report kept as it came, each fact where it belongs."""

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Account, AccountEvent
from models.database.base import collection, to_bson, utc_now
from whatsapp.common.timestamped_fields import TimestampedFields, make_update_stage, match_outdated


async def record_event(
    account_id: PydanticObjectId,
    *,
    field: str,
    value: Any,
    at: datetime | None,
    event: str | None,
    summary: str,
) -> None:
    """Keeps the report; a repetition of it changes nothing.

    `value` is any JSON value; `at` is Meta's time, None where it told none.
    """
    stored = AccountEvent(
        id=_make_id(account_id, field, at, value),
        account_id=account_id,
        field=field,
        event=event,
        summary=summary,
        raw=json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        at=at or utc_now(),
    )
    with contextlib.suppress(DuplicateKeyError):  # it was recorded before
        await collection(AccountEvent).insert_one(to_bson(stored))
    if at is not None:
        # Whoever watches the account learns of it by this.
        await collection(Account).update_one(
            {"_id": account_id, "$expr": {"$lt": ["$last_event_at", at]}},
            {"$set": {"last_event_at": at}},
        )


async def update_account_fields(
    account_id: PydanticObjectId, updates: Sequence[TimestampedFields]
) -> None:
    """Stores what is news of these updates about the account."""
    if updates:
        query = {"_id": account_id, "deleted_at": None, **match_outdated(updates)}
        await collection(Account).update_one(query, [make_update_stage(updates)])


def _make_id(account_id: PydanticObjectId, field: str, at: datetime | None, value: Any) -> str:
    told_at = at.isoformat() if at else None
    identity = json.dumps([str(account_id), field, told_at, value], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()


NUMBER_FIELDS = (
    "display_phone_number",
    "verified_name",
    "quality_rating",
    "throughput",
    "code_verification_status",
    "name_status",
    "platform_type",
)
LIMIT_FIELD = "whatsapp_business_manager_messaging_limit"
"""Asked for by itself: a version of the Graph API without it refuses the whole request."""
CLOUD_PLATFORM = "CLOUD_API"


def read_number_fields(number: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    """What WhatsApp's description of a number says about the account."""
    throughput = number.get("throughput")
    level = throughput.get("level") if isinstance(throughput, dict) else None
    told = {
        "display_phone_number": ("display_phone_number", number.get("display_phone_number")),
        "verified_name": ("verified_name", number.get("verified_name")),
        "quality_rating": ("health.quality_rating", number.get("quality_rating")),
        "throughput": ("health.throughput", level),
    }
    return [
        TimestampedFields(aspect, at, {path: value})
        for aspect, (path, value) in told.items()
        if isinstance(value, str) and value
    ]


def read_limit_field(number: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    """How many customers may be written to first."""
    limit = number.get(LIMIT_FIELD)
    if not isinstance(limit, str) or not limit:
        return []
    return [TimestampedFields("messaging_limit", at, {"health.messaging_limit": limit})]
