"""The audit trail: who did what to what, written before it is done.

First comes the entry, then the act, then its outcome. What can't be written down is not done; and
where a crash or an outage swallows the outcome, the entry still says STARTED, for somebody to look.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from beanie import Document, PydanticObjectId

from models import (
    Account,
    ApiKey,
    AuditAction,
    AuditActor,
    AuditEntry,
    AuditOutcome,
    AuditTarget,
    Contact,
    ParkedItem,
    User,
)
from models.database.base import collection, utc_now
from whatsapp.auth.access import Viewer

logger = logging.getLogger(__name__)

# Where each type's document says which accounts it belongs to.
_PLACES: Mapping[str, tuple[type[Document], str]] = {
    "Account": (Account, "_id"),
    "ApiKey": (ApiKey, "account_ids"),
    "Contact": (Contact, "account_id"),
    "ParkedItem": (ParkedItem, "account_id"),
    "User": (User, "account_ids"),
}


@dataclass(frozen=True)
class AuditedAction:
    """What somebody is about to do."""

    action: AuditAction
    actor: AuditActor
    targets: Sequence[AuditTarget] = ()
    account_ids: Sequence[PydanticObjectId] = ()
    fields: Sequence[str] = ()
    request_id: str | None = None


class AuditTrail:
    """Writes entries that are kept for `days`."""

    def __init__(self, *, days: int) -> None:
        self._kept = timedelta(days=days)

    async def begin(self, act: AuditedAction) -> AuditEntry:
        """Writes the entry; until that has succeeded, nothing may be done.

        Raises:
            PyMongoError: it could not be written.
        """
        now = utc_now()
        entry = AuditEntry(
            action=act.action,
            actor=act.actor,
            targets=list(act.targets),
            account_ids=list(act.account_ids),
            fields=list(act.fields),
            request_id=act.request_id,
            created_at=now,
            expires_at=now + self._kept,
        )
        await entry.insert()
        return entry

    async def finish(
        self,
        entry: AuditEntry,
        outcome: AuditOutcome,
        *,
        refusal: str | None = None,
        targets: Sequence[AuditTarget] = (),
        account_ids: Sequence[PydanticObjectId] | None = None,
    ) -> None:
        """Notes the outcome, and what was not known before; an entry that has one keeps it."""
        change: dict[str, Any] = {"outcome": outcome.value, "finished_at": utc_now()}
        if refusal is not None:
            change["refusal"] = refusal
        if targets:
            shown = [target.model_dump() for target in targets]
            change |= {"targets": shown, "account_ids": list(account_ids or ())}
        await collection(AuditEntry).update_one(
            {"_id": entry.id, "outcome": AuditOutcome.STARTED.value}, {"$set": change}
        )


def to_audit_actor(viewer: Viewer) -> AuditActor:
    return AuditActor(kind=viewer.kind, id=str(viewer.credential_id), name=viewer.name)


async def find_target_accounts(
    viewer: Viewer, targets: Sequence[AuditTarget]
) -> list[PydanticObjectId]:
    """The accounts that the targets belong to, but for those out of the viewer's sight."""
    found: set[PydanticObjectId] = set()
    for type_name, (document_class, field) in _PLACES.items():
        ids = [_read_id(document_class, one.id) for one in targets if one.type == type_name]
        if ids:
            query = {"_id": {"$in": [one for one in ids if one is not None]}}
            async for document in collection(document_class).find(query, {field: 1}):
                value = document.get(field) or []
                found.update(value if isinstance(value, list) else [value])
    return sorted(viewer.narrow(found))


def _read_id(document_class: type[Document], text: str) -> PydanticObjectId | str | None:
    if document_class is ParkedItem:
        return text
    return PydanticObjectId(text) if PydanticObjectId.is_valid(text) else None


def make_entry_filter(viewer: Viewer) -> dict[str, Any]:
    """The filter of the entries that concern no account but those of the viewer."""
    if viewer.account_ids is None:
        return {}
    beyond = {"$elemMatch": {"$nin": sorted(viewer.account_ids)}}
    return {"account_ids": {"$ne": [], "$not": beyond}}
