"""Background checks of accounts whose credentials were entered or changed."""

import asyncio
from collections.abc import Sequence

from beanie import PydanticObjectId

from models import Account
from models.database.base import collection, is_due
from models.database.lease import lease_document
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.account_check import AccountCheckup
from whatsapp.common.crypto import KeyRing
from whatsapp.common.due_worker import DueWorker
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

CHECKS_AT_ONCE = 4
# A check makes several requests in sequence, and a business may have pages of numbers.
LEASE_DEADLINES = 8


class BackgroundChecks(DueWorker[Account]):
    """Checks due accounts until `run` is cancelled."""

    account_field = "id"

    def __init__(
        self,
        account_api: AccountAPI,
        *,
        keyring: KeyRing,
        settings: Settings,
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        poll_seconds = timeouts.background_poll_seconds
        super().__init__("Account checks", width=CHECKS_AT_ONCE, poll_seconds=poll_seconds)
        self._account_api = account_api
        self._keyring = keyring
        self._settings = settings
        self._lease_seconds = timeouts.send_deadline_seconds * LEASE_DEADLINES

    async def claim(self, except_accounts: Sequence[PydanticObjectId]) -> Account | None:
        is_free = {
            "_id": {"$nin": list(except_accounts)},
            "deleted_at": None,
            "workspace_suspended_at": None,
        }
        return await lease_document(
            Account,
            is_due("check_due_at") | is_free,
            field="check_due_at",
            seconds=self._lease_seconds,
        )

    async def work(self, account: Account) -> None:
        checkup = AccountCheckup(
            account, self._account_api, keyring=self._keyring, settings=self._settings
        )
        async with asyncio.timeout(self._lease_seconds):
            await checkup.run()
        # Credentials that were changed meanwhile make the account due again.
        await collection(Account).update_one(
            {"_id": account.id, "check_due_at": account.check_due_at},
            {"$set": {"check_due_at": None}},
        )
