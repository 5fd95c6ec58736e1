"""Meta's reports about an account: webhook events, and fields of the account and its number."""

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
    """Stores the webhook event once.

    `value` is any JSON value; `at` is Meta's timestamp, None if there is none.
    """
    account_event = AccountEvent(
        id=_make_id(account_id, field, at, value),
        account_id=account_id,
        field=field,
        event=event,
        summary=summary,
        raw=json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        at=at or utc_now(),
    )
    with contextlib.suppress(DuplicateKeyError):
        await collection(AccountEvent).insert_one(to_bson(account_event))
    if at is not None:
        # Subscribers of the account are notified by this change.
        await collection(Account).update_one(
            {"_id": account_id, "$expr": {"$lt": ["$last_event_at", at]}},
            {"$set": {"last_event_at": at}},
        )


async def update_account_fields(
    account_id: PydanticObjectId, updates: Sequence[TimestampedFields]
) -> None:
    """Stores the updates that are newer than the account's fields."""
    if updates:
        query = {"_id": account_id, "deleted_at": None, **match_outdated(updates)}
        await collection(Account).update_one(query, [make_update_stage(updates)])


def _make_id(account_id: PydanticObjectId, field: str, at: datetime | None, value: Any) -> str:
    timestamp = at.isoformat() if at else None
    identity = json.dumps([str(account_id), field, timestamp, value], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()


# Source: Meta, "WhatsApp Business phone number". Unknown values are stored as they are.
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
"""Requested separately: older Graph API versions refuse a request that names it."""
CLOUD_PLATFORM = "CLOUD_API"


def read_number_fields(number: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    """Reads the account's fields from Meta's phone number object."""
    throughput = number.get("throughput")
    level = throughput.get("level") if isinstance(throughput, dict) else None
    paths = {
        "display_phone_number": ("display_phone_number", number.get("display_phone_number")),
        "verified_name": ("verified_name", number.get("verified_name")),
        "quality_rating": ("health.quality_rating", number.get("quality_rating")),
        "throughput": ("health.throughput", level),
    }
    return [
        TimestampedFields(aspect, at, {path: value})
        for aspect, (path, value) in paths.items()
        if isinstance(value, str) and value
    ]


def read_limit_field(number: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    """Reads the messaging limit: customers to whom the business may write first."""
    limit = number.get(LIMIT_FIELD)
    if not isinstance(limit, str) or not limit:
        return []
    return [TimestampedFields("messaging_limit", at, {"health.messaging_limit": limit})]
