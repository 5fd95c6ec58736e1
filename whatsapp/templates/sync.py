"""Sync of an account's templates with Meta: on demand, after changes, and at intervals."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId

from models import Account, Template
from models.database.base import collection, utc_now
from models.database.lease import lease_document
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.accounts import MAY_SEND
from whatsapp.common.due_worker import DueWorker
from whatsapp.common.timeouts import Timeouts
from whatsapp.common.values import make_storable
from whatsapp.errors import MetaUnreachable, Refused
from whatsapp.templates.records import ListedTemplate, mark_unlisted, record_list

logger = logging.getLogger(__name__)

# A template may have 10 KB, and a page must fit into the size limit of an answer.
PAGE_SIZE = 50
# A business account has at most 6,000 templates.
MOST_PAGES = 200
FIELDS = (
    "id",
    "name",
    "language",
    "status",
    "category",
    "sub_category",
    "previous_category",
    "parameter_format",
    "components",
    "quality_score",
    "rejected_reason",
)
# Meta's times are whole seconds, so a webhook of the request's second may be newer than the list.
_STEP = timedelta(milliseconds=1)
_PLAIN = ("language", "category", "previous_category", "sub_category", "parameter_format")
RETRY_SECONDS = 3600.0
SYNCS_AT_ONCE = 2
LEASE_DEADLINES = 40


@dataclass(frozen=True)
class SyncResult:
    """Numbers of templates that were added, changed and removed."""

    created: int
    updated: int
    removed: int


class TemplateSync:
    """Syncs accounts, each of which is due again after `seconds`."""

    def __init__(self, account_api: AccountAPI, *, seconds: float) -> None:
        self._account_api = account_api
        self._seconds = seconds

    async def run(self, account: Account) -> SyncResult:
        """Stores all of the account's templates; later webhooks are not overwritten.

        Raises:
            MetaRefused, MetaUnreachable: the pages read before that are stored.
        """
        requested_at = utc_now()
        try:
            result = await self._read_all(account, requested_at)
        except Refused as refusal:
            await self._record_failure(account, refusal)
            raise
        await self._record_success(account, requested_at)
        return result

    async def _read_all(self, account: Account, requested_at: datetime) -> SyncResult:
        at, created = requested_at.replace(microsecond=0) - _STEP, 0
        async for page in self._fetch_pages(account):
            listed = [template for item in page if (template := read_listed(item)) is not None]
            created += await record_list(account.id, listed, at=at, now=requested_at)
        removed = await mark_unlisted(account.id, at=at, now=requested_at)
        updated = {"account_id": account.id, "updated_at": requested_at}
        changed = await collection(Template).count_documents(updated)
        return SyncResult(created, max(changed - created - removed, 0), removed)

    async def _fetch_pages(self, account: Account) -> AsyncIterator[list[Any]]:
        query = {"fields": ",".join(FIELDS), "limit": str(PAGE_SIZE)}
        for _ in range(MOST_PAGES):
            answer = await self._account_api.call(
                account, "GET", account.business_account_id, "message_templates", query=query
            )
            yield _read_data(answer)
            after = _read_next(answer)
            if after is None:
                return
            if after == query.get("after"):
                break
            query["after"] = after
        logger.warning(
            "Meta's list of templates has too many pages", extra={"account_id": account.id}
        )
        raise MetaUnreachable

    async def _record_success(self, account: Account, requested_at: datetime) -> None:
        # A sync that became due meanwhile stays due: its change may be missing from the list.
        due_at, stale_at = "$template_sync.due_at", "$template_sync.stale_at"
        next_at = utc_now() + timedelta(seconds=self._seconds)
        state = {
            "synced_at": requested_at,
            "error": None,
            "due_at": {"$cond": [{"$gt": [due_at, requested_at]}, due_at, next_at]},
            "leased_until": None,
            "stale_at": {"$cond": [{"$gt": [stale_at, requested_at]}, stale_at, None]},
        }
        await _set_state(account, state)

    async def _record_failure(self, account: Account, refusal: Refused) -> None:
        logger.warning(
            "Template sync failed: %s", refusal.message, extra={"account_id": account.id}
        )
        pause = timedelta(seconds=min(RETRY_SECONDS, self._seconds))
        await _set_state(
            account,
            {
                "error": {"$literal": refusal.message},
                "due_at": utc_now() + pause,
                "leased_until": None,
                "stale_at": None,
            },
        )


async def _set_state(account: Account, state: Mapping[str, Any]) -> None:
    stage = {"$set": {f"template_sync.{name}": value for name, value in state.items()}}
    await collection(Account).update_one({"_id": account.id}, [stage])


def _read_data(answer: Mapping[str, Any]) -> list[Any]:
    data = answer.get("data")
    if not isinstance(data, list):
        # An empty list would mark all templates as deleted.
        raise MetaUnreachable
    return data


def _read_next(answer: Mapping[str, Any]) -> str | None:
    """Returns the next page's cursor. Its URL is not used: the token is only for Meta's host."""
    paging = answer.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if not isinstance(after, str) or not after:
        raise MetaUnreachable
    return after


def read_listed(item: Any) -> ListedTemplate | None:
    """Reads a template of Meta's list, or returns None if it is malformed."""
    template_id = item.get("id") if isinstance(item, dict) else None
    name = item.get("name") if isinstance(item, dict) else None
    if not isinstance(template_id, str) or not template_id or not isinstance(name, str):
        return None
    aspects: dict[str, Mapping[str, Any]] = {"name": {"name": name}}
    aspects |= {key: {key: item[key]} for key in _PLAIN if isinstance(item.get(key), str)}
    if isinstance(item.get("status"), str):
        aspects["status"] = {
            "status": item["status"].upper(),
            "status_reason": _read_reason(item),
            "recommendation": None,
            "disabled_at": None,
        }
    score = item.get("quality_score")
    score = score.get("score") if isinstance(score, dict) else score
    if isinstance(score, str):
        aspects["quality"] = {"quality_score": score, "previous_quality_score": None}
    components = item.get("components")
    if isinstance(components, list):
        objects = [
            component for component in make_storable(components) if isinstance(component, dict)
        ]
        aspects["components"] = {"components": objects}
    return ListedTemplate(template_id, aspects)


def _read_reason(item: Mapping[str, Any]) -> str | None:
    reason = item.get("rejected_reason")
    return reason if isinstance(reason, str) and reason not in ("", "NONE") else None


async def mark_templates_stale(account_id: PydanticObjectId) -> None:
    """Requests a sync after an incomplete webhook; many webhooks cause a single sync."""
    now = utc_now()
    unmarked = {"_id": account_id, "template_sync.stale_at": None}
    await collection(Account).update_one(unmarked, {"$set": {"template_sync.stale_at": now}})


class BackgroundSyncs(DueWorker[Account]):
    """Syncs due accounts until `run` is cancelled."""

    account_field = "id"

    def __init__(self, account_api: AccountAPI, *, timeouts: Timeouts = Timeouts()) -> None:
        poll_seconds = timeouts.background_poll_seconds
        super().__init__("Template syncs", width=SYNCS_AT_ONCE, poll_seconds=poll_seconds)
        self.sync = TemplateSync(account_api, seconds=timeouts.template_sync_seconds)
        self._refresh = timedelta(seconds=timeouts.template_refresh_seconds)
        self._lease_seconds = timeouts.send_deadline_seconds * LEASE_DEADLINES

    async def request(self, account_id: PydanticObjectId) -> None:
        """Makes a sync of the account due now."""
        await collection(Account).update_one(
            {"_id": account_id}, {"$set": {"template_sync.due_at": utc_now()}}
        )
        self.wake()

    async def claim(self, except_accounts: Sequence[PydanticObjectId]) -> Account | None:
        now = utc_now()
        healthy: dict[str, Any] = {**MAY_SEND, "_id": {"$nin": list(except_accounts)}}
        # The types let MongoDB use partial indexes.
        due = {"template_sync.due_at": {"$type": "date", "$lte": now}}
        stale = {"template_sync.stale_at": {"$type": "date", "$lte": now - self._refresh}}
        return await lease_document(
            Account,
            {"$or": [healthy | due, healthy | stale]},
            field="template_sync.leased_until",
            seconds=self._lease_seconds,
            order="template_sync.due_at",
        )

    async def work(self, account: Account) -> None:
        try:
            async with asyncio.timeout(self._lease_seconds):
                await self.sync.run(account)
        except Refused:
            pass  # logged, and recorded with the account
        except TimeoutError:
            logger.warning("Template sync exceeded its deadline", extra={"account_id": account.id})
