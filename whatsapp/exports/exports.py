"""Documents of exports: one unfinished per contact, leased by one worker at a time.

`next_attempt_at` is both due time and end of the lease, so an export whose worker crashed is due
again when its lease expires.
"""

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Account, Contact, ContactExport, ExportState
from models.database.base import collection, from_bson, is_due, seconds_from_now, to_bson, utc_now
from models.database.bulk_writes import update_in_batches
from models.database.lease import lease_document
from models.messages.contact_export import IS_UNFINISHED
from whatsapp.auth.access import Viewer
from whatsapp.contacts.contact_management import get_contact
from whatsapp.conversations.changes import to_actor
from whatsapp.errors import Conflict, NotFound

FILE_LIFE = timedelta(days=7)
# Time until the document of an export without a file is removed.
RECORD_LIFE = timedelta(days=30)
MAX_UNFINISHED = 100
SWEPT_AT_ONCE = 100


async def request_export(viewer: Viewer, contact_id: PydanticObjectId) -> ContactExport:
    """Queues an export of the contact, or returns the unfinished one.

    Raises:
        NotFound: the contact does not exist, or the viewer may not see it.
        Conflict: too many exports of the account are unfinished.
    """
    contact = await get_contact(viewer, contact_id)
    while True:
        unfinished = await collection(ContactExport).find_one(
            {"contact_id": contact.id, **IS_UNFINISHED}
        )
        if unfinished is not None:
            return from_bson(ContactExport, unfinished)
        export = ContactExport(
            workspace_id=contact.workspace_id,
            account_id=contact.account_id,
            contact_id=contact.id,
            requested_by=to_actor(viewer),
        )
        with suppress(DuplicateKeyError):  # of a concurrent request
            await collection(ContactExport).insert_one(to_bson(export))
            await _check_request(export)
            return export


async def _check_request(export: ContactExport) -> None:
    """Takes a stored request back if there are too many, or its contact was removed meanwhile.

    A removal deletes the contact first and its exports second, so one of both sees the other.
    """
    of_account = {"account_id": export.account_id, **IS_UNFINISHED}
    unfinished = await collection(ContactExport).count_documents(
        of_account, limit=MAX_UNFINISHED + 1, hint="newest_of_account"
    )
    if unfinished > MAX_UNFINISHED:
        await collection(ContactExport).delete_one({"_id": export.id, "fence": 0})
        raise Conflict(
            f"An account can have {MAX_UNFINISHED} unfinished exports: try again when some are"
            " finished."
        )
    if not await is_exportable(export):
        await delete_exports({"_id": export.id})
        raise NotFound("The contact", field=["contactId"])


async def is_exportable(export: ContactExport) -> bool:
    """Returns False if the contact was erased or merged, or the account is being deleted."""
    account = {"_id": export.account_id, "deleted_at": None}
    if await collection(Account).find_one(account, {"_id": 1}) is None:
        return False
    contact = {"_id": export.contact_id, "account_id": export.account_id}
    return await collection(Contact).find_one(contact, {"_id": 1}) is not None


async def claim_export(
    except_accounts: Sequence[Hashable], *, lease_seconds: float
) -> ContactExport | None:
    """Leases the export that has been due longest; returns None if no export is due."""
    changes = {
        "state": ExportState.RUNNING.value,
        "done": 0,
        "total": None,
        "fence": {"$add": ["$fence", 1]},
        # Counted before the attempt, so that an export that crashes the process is given up.
        "attempts": {"$add": ["$attempts", 1]},
    }
    return await lease_document(
        ContactExport,
        is_due("next_attempt_at") | {"account_id": {"$nin": list(except_accounts)}},
        field="next_attempt_at",
        seconds=lease_seconds,
        changes=changes,
    )


async def renew_export(
    export: ContactExport, *, done: int, total: int | None, lease_seconds: float
) -> bool:
    """Stores the progress and extends the lease. Returns False if the lease was lost."""
    changes = {"done": done, "total": total, "next_attempt_at": seconds_from_now(lease_seconds)}
    result = await collection(ContactExport).update_one(_match_claim(export), [{"$set": changes}])
    return result.matched_count == 1


async def finish_export(export: ContactExport, **fields: Any) -> bool:
    """Makes the export READY. Returns False if the lease was lost or the export erased."""
    now = utc_now()
    changes = {
        **fields,
        "state": ExportState.READY.value,
        "error": None,
        "next_attempt_at": None,
        "finished_at": now,
        "expires_at": now + FILE_LIFE,
    }
    result = await collection(ContactExport).update_one(_match_claim(export), {"$set": changes})
    if not result.matched_count:
        return False
    # Only the newest file is kept.
    earlier = {
        "contact_id": export.contact_id,
        "_id": {"$ne": export.id},
        "created_at": {"$lte": export.created_at},
        "state": ExportState.READY.value,
        "expires_at": {"$gt": now},
    }
    await collection(ContactExport).update_many(earlier, {"$set": {"expires_at": now}})
    return True


async def postpone_export(
    export: ContactExport, seconds: float, *, error: str | None, counts: bool = True
) -> None:
    """Makes the export due again after `seconds`; without `counts` for free."""
    changes: dict[str, Any] = {
        "state": ExportState.QUEUED.value,
        "error": error,
        "next_attempt_at": seconds_from_now(seconds),
    }
    if not counts:
        changes["attempts"] = {"$subtract": ["$attempts", 1]}
    await collection(ContactExport).update_one(_match_claim(export), [{"$set": changes}])


async def fail_export(export: ContactExport, error: str) -> None:
    """Gives the export up. Its stores must have no bytes of it."""
    now = utc_now()
    changes = {
        "state": ExportState.FAILED.value,
        "error": error,
        "next_attempt_at": None,
        "finished_at": now,
        "kept_until": now + RECORD_LIFE,
    }
    await collection(ContactExport).update_one(_match_claim(export), {"$set": changes})


async def delete_exports(query: Mapping[str, Any]) -> None:
    """Hides exports permanently and stops their work; a sweep then removes their files.

    The store is not used here, so an erasure completes even if the store is unavailable.
    """
    await update_in_batches(
        ContactExport,
        {**query, "erased_at": None},
        {
            "$set": {
                "erased_at": utc_now(),
                "state": ExportState.FAILED.value,
                "next_attempt_at": None,
            }
        },
    )


async def list_expired() -> list[ContactExport]:
    """Returns exports whose files have expired and are not deleted yet."""
    query = {"state": ExportState.READY.value, "expires_at": {"$lte": utc_now()}}
    return await ContactExport.find(query).sort("expires_at").limit(SWEPT_AT_ONCE).to_list()


async def expire_export(export: ContactExport) -> None:
    """Records that the file is deleted."""
    changes = {
        "state": ExportState.EXPIRED.value,
        "stored_as": None,
        "kept_until": utc_now() + RECORD_LIFE,
    }
    key = {"_id": export.id, "state": ExportState.READY.value}
    await collection(ContactExport).update_one(key, {"$set": changes})


async def list_erased() -> list[ContactExport]:
    query = {"erased_at": {"$type": "date"}}
    return await ContactExport.find(query).sort("erased_at").limit(SWEPT_AT_ONCE).to_list()


def make_key(export: ContactExport, fence: int | None = None) -> str:
    """Returns the storage key of the attempt with this `fence`, by default the current attempt."""
    number = export.fence if fence is None else fence
    return f"{export.account_id}/exports/{export.id}.{number}"


def _match_claim(export: ContactExport) -> dict[str, Any]:
    return {
        "_id": export.id,
        "fence": export.fence,
        "state": ExportState.RUNNING.value,
        "erased_at": None,
    }
