"""Accounts whose templates are read in the background: new ones, changed ones, and now and then."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING, ReturnDocument

from models import Account, HealthState
from models.database.base import collection, from_bson, utc_now
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.common.due_worker import DueWorker
from whatsapp.errors import Refused
from whatsapp.settings import Settings
from whatsapp.templates.sync import TemplateSync

logger = logging.getLogger(__name__)

SYNCS_AT_ONCE = 2
# What is due is announced in its own process; this finds what another one has left.
SWEEP_POLLS = 30
LEASE_DEADLINES = 40


async def note_stale(account_id: PydanticObjectId) -> None:
    """A webhook told only a part of what changed: all is read soon, once for many webhooks."""
    now = utc_now()
    not_noted = {"_id": account_id, "template_sync.stale_at": None}
    await collection(Account).update_one(not_noted, {"$set": {"template_sync.stale_at": now}})


class BackgroundSyncs:
    """Syncs the accounts that are due until `run` is cancelled."""

    def __init__(self, account_api: AccountAPI, *, settings: Settings) -> None:
        self.sync = TemplateSync(account_api, seconds=settings.template_sync_seconds)
        self._refresh = timedelta(seconds=settings.template_refresh_seconds)
        self._lease_seconds = settings.send_deadline_seconds * LEASE_DEADLINES
        self._worker = DueWorker(
            "Template syncs",
            claim=self._claim,
            work=self._work,
            find_account=lambda account: account.id,
            width=SYNCS_AT_ONCE,
            poll_seconds=settings.lane_poll_seconds * SWEEP_POLLS,
        )
        self.run = self._worker.run

    async def request(self, account_id: PydanticObjectId) -> None:
        """Has the templates of an account read as soon as a process finds the time."""
        await collection(Account).update_one(
            {"_id": account_id}, {"$set": {"template_sync.due_at": utc_now()}}
        )
        self._worker.wake()

    async def _claim(self, except_accounts: Sequence[PydanticObjectId]) -> Account | None:
        now = utc_now()
        well: dict[str, Any] = {
            "enabled": True,
            "deleted_at": None,
            "health.state": HealthState.OK.value,
            "template_sync.leased_until": {"$not": {"$gt": now}},
        }
        if except_accounts:
            well["_id"] = {"$nin": list(except_accounts)}
        # The type lets MongoDB use the partial index of each.
        due = {"template_sync.due_at": {"$type": "date", "$lte": now}}
        stale = {"template_sync.stale_at": {"$type": "date", "$lte": now - self._refresh}}
        query = {"$or": [well | due, well | stale]}
        leased_until = now + timedelta(seconds=self._lease_seconds)
        found = await collection(Account).find_one_and_update(
            query,
            {"$set": {"template_sync.leased_until": leased_until}},
            sort=[("template_sync.due_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return None if found is None else from_bson(Account, found)

    async def _work(self, account: Account) -> None:
        try:
            async with asyncio.timeout(self._lease_seconds):
                await self.sync.run(account)
        except Refused:
            pass  # it is in the log, and the account has it
        except TimeoutError:
            logger.warning("Account %s: reading its templates took too long", account.id)
