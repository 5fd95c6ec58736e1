"""What WhatsApp tells about an account: each report kept as it came, each fact where it belongs."""

import contextlib
import hashlib
import json
from collections.abc import Sequence
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
