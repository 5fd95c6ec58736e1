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
from whatsapp.common.account_workspaces import get_workspace_id
from whatsapp.common.erased_people import ErasedPerson, list_erased
from whatsapp.common.people import list_text_people, make_matcher, redact
from whatsapp.common.timestamped_fields import TimestampedFields, make_update_stage, match_outdated

IMPORT_FIELDS = frozenset({"history", "smb_app_state_sync"})


async def record_event(
    account_id: PydanticObjectId,
    *,
    field: str,
    value: Any,
    at: datetime | None,
    event: str | None,
    summary: str,
) -> None:
    """Stores the webhook event once, without the customers who were erased after it.

    `value` is any JSON value; `at` is Meta's timestamp, None if there is none.

    Raises:
        ErasedPerson: customers were left out; the rest is stored.
    """
    raw = _dump(value)
    people = await list_text_people(raw)
    if erased := await _list_erased(account_id, people, field=field, at=at):
        left = redact(value, make_matcher(erased))
        if left is not None:
            raw = _dump(left)
            people = await list_text_people(raw)
    if erased and left is None:
        raise ErasedPerson
    account_event = AccountEvent(
        id=_make_id(account_id, field, at, value),
        workspace_id=await get_workspace_id(account_id),
        account_id=account_id,
        field=field,
        event=event,
        summary=summary,
        raw=raw,
        people=people,
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
    if erased:
        raise ErasedPerson


async def _list_erased(
    account_id: PydanticObjectId, people: Sequence[bytes], *, field: str, at: datetime | None
) -> list[bytes]:
    """Returns the people whose data in the event is of the time before their erasure."""
    # An import brings up to six months of chats, whatever its own time.
    is_import = field in IMPORT_FIELDS
    return [
        erased.person
        for erased in await list_erased(account_id, people)
        if is_import or at is None or at <= erased.erased_at
    ]


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
