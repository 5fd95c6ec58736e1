"""Finishes the restore of a database."""

from dataclasses import dataclass

from models import Account
from models.database.base import collection
from models.restores import Database, RestoreState, release_sending
from whatsapp.dispatch.outbox_transitions import mark_unsent_unknown
from whatsapp.privacy.account_deletion import delete_again
from whatsapp.privacy.erasure_log import ErasedKind, ErasureLog
from whatsapp.privacy.erasures import erase_again
from whatsapp.privacy.workspace_deletion import delete_workspaces_again


@dataclass(frozen=True)
class RestoreReport:
    """Numbers of changed documents."""

    unknown_messages: int
    erased_contacts: int
    deleted_accounts: int


async def finish_restore(database: Database, state: RestoreState, log: ErasureLog) -> RestoreReport:
    """Settles messages and erasures since the backup, then releases sending.

    May be repeated after a failure.

    Raises:
        ErasureLogUnavailable, PyMongoError: sending stays held.
    """
    async for ids in log.list_ids(ErasedKind.WORKSPACE):
        await delete_workspaces_again(ids, log)
    report = RestoreReport(
        unknown_messages=await _settle_messages(state),
        deleted_accounts=sum(
            [await delete_again(ids, log) async for ids in log.list_ids(ErasedKind.ACCOUNT)]
        ),
        erased_contacts=sum(
            [await erase_again(ids, log) async for ids in log.list_ids(ErasedKind.CONTACT)]
        ),
    )
    await release_sending(database, state)
    return report


async def _settle_messages(state: RestoreState) -> int:
    """Marks the messages unknown that were unsent at the backup. Returns their number."""
    settled = 0
    if state.held_since is not None:
        async for account in collection(Account).find({}, {"_id": 1}):
            settled += await mark_unsent_unknown(account["_id"], created_until=state.held_since)
    return settled
