"""Deletion of accounts: hidden at once, then removed with their data in batches."""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId

from models import (
    Account,
    AccountEvent,
    Contact,
    ContactMerge,
    ConversationChange,
    ErasedIdentity,
    ErasedMessage,
    Erasure,
    Note,
    ParkedItem,
    Partition,
    PendingUpdate,
    QuickReply,
    Template,
    User,
)
from models.database.base import collection, utc_now
from models.database.bulk_writes import delete_in_batches, update_in_batches
from whatsapp.common.timeouts import Timeouts
from whatsapp.exports.exports import delete_exports
from whatsapp.media.media import mark_erased
from whatsapp.media.uploaded_media import erase_uploads
from whatsapp.messages.removal import remove_account_conversations
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.traces import empty_bodies_of_account

logger = logging.getLogger(__name__)

# Tasks that loaded the account before its deletion have ended after this time.
SETTLING = timedelta(minutes=5)
ACCOUNTS_AT_ONCE = 100
_OF_ACCOUNT = (
    PendingUpdate,
    Contact,
    ContactMerge,
    Note,
    ConversationChange,
    ParkedItem,
    Template,
    AccountEvent,
    ErasedIdentity,
    ErasedMessage,
)


async def delete_account(
    account: Account, log: ErasureLog, *, wait_seconds: float = Timeouts.account_removal_seconds
) -> None:
    """Deletes the account with its contacts, conversations and messages.

    The first write hides the account and frees its phone number. `finish_deletions` removes what
    is left after `wait_seconds`.

    Raises:
        ErasureLogUnavailable: the account is hidden; `finish_deletions` continues the deletion.
    """
    await hide_account(account.id, log)
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_seconds):
            await _remove_data(account.id)


async def hide_account(account_id: PydanticObjectId, log: ErasureLog) -> None:
    """Begins a deletion that `finish_deletions` completes.

    Raises:
        ErasureLogUnavailable: the account is hidden; `finish_deletions` continues the deletion.
    """
    await collection(Account).update_one(
        {"_id": account_id},
        {
            "$set": {
                "deleted_at": utc_now(),
                "enabled": False,
                "phone_number_id": f"deleted:{account_id}",
                "verify_token_digest": f"deleted:{account_id}",
                "access_token": "",
                "verify_token": "",
                "app_secret": None,
                "app_secret_digest": None,
                "former_app_secrets": [],
            }
        },
    )
    await log.record_account(account_id)


async def delete_again(account_ids: Collection[PydanticObjectId], log: ErasureLog) -> int:
    """Deletes the accounts that exist again after a restore. Returns their number."""
    existing = {"_id": {"$in": list(account_ids)}, "deleted_at": None}
    accounts = await Account.find(existing).to_list()
    for account in accounts:
        await delete_account(account, log)
    return len(accounts)


async def finish_deletions(log: ErasureLog) -> None:
    """Removes the remaining data of deleted accounts, and data that was stored meanwhile."""
    deleted = {"deleted_at": {"$type": "date"}}
    accounts = collection(Account).find(deleted, {"deleted_at": 1}).sort("deleted_at")
    for fields in await accounts.limit(ACCOUNTS_AT_ONCE).to_list():
        # The process that hid the account may have been killed before it recorded the deletion.
        await log.record_account(fields["_id"])
        # An erasure finds the workspace of what it remembers by the account.
        erasing = await collection(Erasure).find_one({"contact.account_id": fields["_id"]})
        await _remove_data(fields["_id"])
        if erasing is None and fields["deleted_at"] < utc_now() - SETTLING:
            await collection(Account).delete_one({"_id": fields["_id"]})
            logger.info("The account is removed", extra={"account_id": fields["_id"]})


async def _remove_data(account_id: PydanticObjectId) -> None:
    of_account: dict[str, Any] = {"account_id": account_id}
    await delete_exports(of_account)
    await remove_account_conversations(account_id)
    await mark_erased(of_account)
    # Before the uploads, which are kept while a quick reply has them.
    await delete_in_batches(QuickReply, of_account)
    await erase_uploads(of_account)
    await collection(Partition).delete_one({"_id": account_id})
    await empty_bodies_of_account(account_id)
    for document_class in _OF_ACCOUNT:
        await delete_in_batches(document_class, of_account)
    await update_in_batches(
        User,
        {"account_ids": account_id},
        {"$pull": {"account_ids": account_id}, "$set": {"updated_at": utc_now()}},
    )
    await delete_in_batches(User, {"from_contact": True, "account_ids": []})
