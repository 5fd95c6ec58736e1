"""The audit trail: an entry for each administrative action, written before the action.

An action whose entry can't be written is not performed. If a crash or an outage loses the outcome,
the entry stays STARTED.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from beanie import Document, PydanticObjectId

from models import (
    Account,
    Agent,
    ApiKey,
    AuditAction,
    AuditActor,
    AuditEntry,
    AuditOutcome,
    AuditTarget,
    Contact,
    ContactExport,
    ParkedItem,
    QuickReply,
    User,
)
from models.database.base import collection, match_workspace, utc_now
from whatsapp.auth.access import Viewer

logger = logging.getLogger(__name__)

# The field with the account ids, for each type of target.
_ACCOUNT_FIELDS: Mapping[str, tuple[type[Document], str]] = {
    "Account": (Account, "_id"),
    "Agent": (Agent, "account_ids"),
    "ApiKey": (ApiKey, "account_ids"),
    "Contact": (Contact, "account_id"),
    "ContactExport": (ContactExport, "account_id"),
    "ParkedItem": (ParkedItem, "account_id"),
    "QuickReply": (QuickReply, "account_id"),
    "User": (User, "account_ids"),
}


@dataclass(frozen=True)
class AuditedAction:
    """An action that is about to be performed."""

    action: AuditAction
    actor: AuditActor
    workspace_id: PydanticObjectId
    targets: Sequence[AuditTarget] = ()
    account_ids: Sequence[PydanticObjectId] = ()
    fields: Sequence[str] = ()
    request_id: str | None = None


class AuditTrail:
    """Writes audit entries, which are kept for `days`."""

    def __init__(self, *, days: int) -> None:
        self._kept = timedelta(days=days)

    async def begin(self, act: AuditedAction) -> AuditEntry:
        """Writes the entry; the action may only start afterwards.

        Raises:
            PyMongoError: the entry could not be written.
        """
        now = utc_now()
        entry = AuditEntry(
            workspace_id=act.workspace_id,
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
        """Records the outcome and, if given, the created targets. A recorded outcome is kept."""
        change: dict[str, Any] = {"outcome": outcome.value, "finished_at": utc_now()}
        if refusal is not None:
            change["refusal"] = refusal
        if targets:
            dumped = [target.model_dump() for target in targets]
            change |= {"targets": dumped, "account_ids": list(account_ids or ())}
        await collection(AuditEntry).update_one(
            {"_id": entry.id, "outcome": AuditOutcome.STARTED.value}, {"$set": change}
        )

    async def count(
        self, entry: AuditEntry, counts: Mapping[str, int], *, account_id: PydanticObjectId | None
    ) -> None:
        """Adds to the numbers of documents that an unfinished action removed from an account."""
        added = {f"counts.{kind}": number for kind, number in counts.items() if number}
        if added:
            accounts = [] if account_id is None else [account_id]
            affected = {"account_ids": {"$each": accounts}}
            await collection(AuditEntry).update_one(
                {"_id": entry.id}, {"$inc": added, "$addToSet": affected}
            )


def to_audit_actor(viewer: Viewer) -> AuditActor:
    return AuditActor(
        kind=viewer.kind,
        id=str(viewer.credential_id),
        name=viewer.name,
        agent_id=viewer.agent_id,
    )


async def find_target_accounts(
    viewer: Viewer, targets: Sequence[AuditTarget]
) -> list[PydanticObjectId]:
    """Returns the accounts of the targets that the viewer may see."""
    account_ids: set[PydanticObjectId] = set()
    for type_name, (document_class, field) in _ACCOUNT_FIELDS.items():
        ids = [
            _read_id(document_class, target.id) for target in targets if target.type == type_name
        ]
        if ids:
            query = match_workspace(viewer.workspace_id)
            query["_id"] = {"$in": [key for key in ids if key is not None]}
            async for document in collection(document_class).find(query, {field: 1}):
                value = document.get(field) or []
                account_ids.update(value if isinstance(value, list) else [value])
    return sorted(viewer.narrow(account_ids))


def _read_id(document_class: type[Document], text: str) -> PydanticObjectId | str | None:
    if document_class is ParkedItem:
        return text
    return PydanticObjectId(text) if PydanticObjectId.is_valid(text) else None


def make_entry_filter(viewer: Viewer) -> dict[str, Any]:
    """Returns the filter for entries that concern only accounts of the viewer."""
    limited = match_workspace(viewer.workspace_id)
    if viewer.account_ids is None:
        return limited
    beyond = {"$elemMatch": {"$nin": sorted(viewer.account_ids)}}
    return limited | {"account_ids": {"$ne": [], "$not": beyond}}
