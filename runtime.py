"""The components of a server process, and its background tasks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from graph.core.context import Services
from graph.core.loaders import Count
from graph.core.rates.rate_limits import RateLimits
from graph.events.count_watches import CountWatches
from graph.events.feed import LiveFeed
from graph.fanout.credential_watch import CredentialWatch
from graph.fanout.groups import Groups
from models.backlog import Backlog
from models.connection import (
    DatabaseUnreachable,
    DatabaseUnusable,
    finish_upgrade,
    prepare_database,
)
from models.database.outage_log import log_failure
from models.database.paced_reads import PacedReads
from models.database.readiness import MajorityProbe
from telemetry.metrics.mongodb import PoolMetrics
from telemetry.metrics.process import ProcessMonitor
from webhooks.ingest import Ingest
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.account_restrictions import lift_expired_restrictions
from whatsapp.accounts.background_checks import BackgroundChecks
from whatsapp.auth.agent_activity import AgentActivity
from whatsapp.auth.api_keys import Authenticator
from whatsapp.auth.audit import AuditTrail
from whatsapp.auth.identity_provider import create_identity_provider
from whatsapp.auth.presence import AgentPresence
from whatsapp.auth.retired_agents import RetiredAgents
from whatsapp.cloud_api.client import CloudAPI
from whatsapp.cloud_api.media_api import MediaAPI
from whatsapp.common.capacity import Capacity
from whatsapp.common.crypto import DecryptionError, KeyRing
from whatsapp.common.people import open_people_digests
from whatsapp.common.raw_bodies import empty_old_bodies
from whatsapp.common.timeouts import Timeouts
from whatsapp.contacts.search_keys import index_stale
from whatsapp.conversations.answers import sweep_stale_answers
from whatsapp.conversations.changes import sweep_reopenings
from whatsapp.conversations.read_receipts import ReadReceiptWorker
from whatsapp.dispatch.dispatcher import Dispatcher
from whatsapp.exports.exporter import ContactExporter
from whatsapp.housekeeping import Housekeeping, Job
from whatsapp.media.media_download import MediaDownloader
from whatsapp.media.media_store import MediaStores
from whatsapp.media.media_urls import MediaUrls
from whatsapp.media.uploads import Uploads
from whatsapp.merging.merged_history import finish_merges
from whatsapp.outbox.outbox import Outbox
from whatsapp.privacy.account_deletion import finish_deletions
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.erasures import finish_erasures
from whatsapp.privacy.people_index import index_people
from whatsapp.privacy.retention import RetentionRules
from whatsapp.privacy.workspace_deletion import finish_workspace_deletions
from whatsapp.restore.sending_hold import SendingHold
from whatsapp.settings import Settings
from whatsapp.templates.sync import BackgroundSyncs
from whatsapp.workspaces.quotas import WorkspaceQuotas
from whatsapp.workspaces.suspension import settle_suspensions
from whatsapp.workspaces.usage import measure_due_workspaces
from whatsapp.workspaces.workspace_states import WorkspaceStates

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0

PrepareDatabase = Callable[[AsyncDatabase[dict[str, Any]]], Awaitable[object]]
"""Returns a true value if `finish_upgrade` has more to do while serving."""


class Runtime:
    """The components of a process and their background tasks."""

    def __init__(
        self,
        settings: Settings,
        timeouts: Timeouts,
        capacity: Capacity,
        database: AsyncDatabase[dict[str, Any]],
        http: httpx.AsyncClient,
        prepare: PrepareDatabase = prepare_database,
    ) -> None:
        self._timeouts = timeouts
        self._prepare_database = prepare
        self.database = database
        self.majority = MajorityProbe(database, seconds=timeouts.readiness_seconds)
        self._backlog = Backlog(read_seconds=timeouts.backlog_read_seconds)
        self._process_monitor = ProcessMonitor(PoolMetrics(database.client).read)
        self.is_prepared = False
        self._has_upgrade = False
        keyring = KeyRing.from_text(settings.encryption_keys.get_secret_value())
        self._keyring = keyring
        cloud_api = CloudAPI(http, settings=settings, timeouts=timeouts)
        self.ingest = Ingest(
            settings=settings, timeouts=timeouts, capacity=capacity, keyring=keyring
        )
        self.quotas = WorkspaceQuotas(refresh_seconds=timeouts.quota_refresh_seconds)
        stores = MediaStores(database, url=settings.media_store_url)
        self.erasure_log = ErasureLog(settings.erasure_log_url, timeouts=timeouts)
        self.hold = SendingHold(
            database,
            self.erasure_log,
            poll_seconds=timeouts.restore_poll_seconds,
            watch_seconds=timeouts.restore_watch_seconds,
        )
        uploads = Uploads(
            timeouts=timeouts,
            keyring=keyring,
            cloud_api=cloud_api,
            stores=stores,
            quotas=self.quotas,
        )
        self.dispatcher = Dispatcher(
            settings=settings,
            timeouts=timeouts,
            capacity=capacity,
            keyring=keyring,
            cloud_api=cloud_api,
            uploads=uploads,
            quotas=self.quotas,
        )
        self.downloader = MediaDownloader(
            settings=settings,
            timeouts=timeouts,
            capacity=capacity,
            keyring=keyring,
            media_api=MediaAPI(http, cloud_api=cloud_api, settings=settings),
            stores=stores,
            quotas=self.quotas,
        )
        self.exporter = ContactExporter(stores=stores, timeouts=timeouts, capacity=capacity)
        account_api = AccountAPI(cloud_api, keyring=keyring, is_held=lambda: self.hold.is_held)
        audit = AuditTrail(days=settings.audit_days)
        self._retention = RetentionRules(audit, timeouts=timeouts)
        self.housekeeping = Housekeeping(database, self._list_jobs(timeouts))
        self.checks = BackgroundChecks(
            account_api, keyring=keyring, settings=settings, timeouts=timeouts
        )
        self.receipts = ReadReceiptWorker(account_api, timeouts=timeouts)
        self.template_syncs = BackgroundSyncs(account_api, timeouts=timeouts)
        self.live = LiveFeed(
            database=database,
            keyring=keyring,
            timeouts=timeouts,
            listeners=[self.dispatcher.changes],
            get_history_start=lambda: self.hold.history_start,
        )
        self.groups = Groups(
            self.live, settings, timeouts=timeouts, capacity=capacity, quotas=self.quotas
        )
        self.agent_activity = AgentActivity(flush_seconds=timeouts.agent_flush_seconds)
        self.retired_agents = RetiredAgents()
        self.workspace_states = WorkspaceStates()
        self.credentials = CredentialWatch(
            timeouts, self.agent_activity, self.retired_agents, self.workspace_states
        )
        self.presence = AgentPresence(timeouts, self.credentials.list_agents)
        counts: PacedReads[list[Count]] = PacedReads(interval=timeouts.count_interval_seconds)
        self.services = Services(
            settings=settings,
            timeouts=timeouts,
            capacity=capacity,
            keyring=keyring,
            authenticator=Authenticator(
                create_identity_provider(settings, timeouts=timeouts),
                activity=self.agent_activity,
                retired_agents=self.retired_agents,
                workspace_states=self.workspace_states,
                claims_check_seconds=timeouts.claims_check_seconds,
            ),
            audit=audit,
            outbox=Outbox(announce=self.dispatcher.announce, reservations=self.dispatcher),
            workspace_states=self.workspace_states,
            account_api=account_api,
            template_syncs=self.template_syncs,
            live=self.live,
            live_budgets=self.groups.budgets,
            presence=self.presence,
            media_urls=MediaUrls(
                keyring, public_url=settings.public_url, seconds=settings.media_url_seconds
            ),
            export_urls=MediaUrls(
                keyring,
                public_url=settings.public_url,
                seconds=settings.media_url_seconds,
                folder="exports",
            ),
            media_stores=stores,
            erasure_log=self.erasure_log,
            rate_limits=RateLimits(settings, self.quotas),
            quotas=self.quotas,
            count_sends=self.dispatcher.count_recent_sends,
            count_downloads=self.downloader.count_running,
            uploads=uploads,
            replay_parked=self.ingest.replay,
            wake_ingest=self.ingest.wake,
            wake_checks=self.checks.wake,
            wake_receipts=self.receipts.wake,
            wake_exports=self.exporter.wake,
            conversation_counts=counts,
            count_watches=CountWatches(
                self.live, counts, retry_seconds=timeouts.count_interval_seconds
            ),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the background tasks, also while MongoDB is unavailable.

        Raises:
            DatabaseUnusable: MongoDB lacks a required feature (a standalone server), or
                ENCRYPTION_KEYS lacks a key.
        """
        try:
            await self._prepare()
        except DatabaseUnreachable as error:
            logger.error("%s Retrying until it responds.", error)
        monitor = keep_running("process metrics", self._process_monitor.run)
        tasks = [
            asyncio.create_task(self._run_tasks(), name="wagraph"),
            asyncio.create_task(monitor, name="process metrics"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _prepare(self) -> None:
        self._has_upgrade = bool(await self._prepare_database(self.database))
        try:
            await open_people_digests(self._keyring)
        except DecryptionError as error:
            raise DatabaseUnusable(f"{error}: add the key that was in use before.") from None
        await self.hold.check()
        self.is_prepared = True

    async def _prepare_until_possible(self) -> None:
        logged = ""
        while not self.is_prepared:
            await asyncio.sleep(self._timeouts.reconnect_seconds)
            try:
                await self._prepare()
            except DatabaseUnreachable:
                continue  # logged at the start
            except DatabaseUnusable as error:
                # A different or incomplete MongoDB, which the operator may fix.
                if str(error) != logged:
                    logged = str(error)
                    logger.error("%s Retrying.", error)
            else:
                logger.info("MongoDB is available; serving.")

    async def _run_tasks(self) -> None:
        await self._prepare_until_possible()
        async with asyncio.TaskGroup() as group:
            group.create_task(keep_running("sending hold", self.hold.run))
            group.create_task(keep_running("workspace quotas", self.quotas.run))
            group.create_task(keep_running("live feed", self.live.run))
            group.create_task(keep_running("credential watch", self.credentials.run))
            group.create_task(keep_running("agent activity", self.agent_activity.run))
            group.create_task(keep_running("presence", self.presence.run))
            group.create_task(keep_running("webhook processing", self.ingest.run))
            group.create_task(keep_running("dispatcher", self.hold.hold(self.dispatcher.run)))
            group.create_task(keep_running("media downloads", self.downloader.run))
            group.create_task(keep_running("contact exports", self.exporter.run))
            group.create_task(keep_running("account checks", self.hold.hold(self.checks.run)))
            group.create_task(keep_running("read receipts", self.hold.hold(self.receipts.run)))
            group.create_task(keep_running("template syncs", self.template_syncs.run))
            group.create_task(keep_running("housekeeping", self.housekeeping.run))
            if self._has_upgrade:
                group.create_task(keep_running("upgrade", self._finish_upgrade))

    def _list_jobs(self, timeouts: Timeouts) -> list[Job]:
        block_seconds = 3 * timeouts.webhook_lease_seconds
        log = self.erasure_log
        interval = timeouts.usage_interval_seconds
        measure_usage = partial(measure_due_workspaces, interval_seconds=interval)
        seconds = timeouts.restore_mark_seconds
        marks = [Job("Restore mark", self.hold.record_mark, seconds=seconds)] if log.is_kept else []
        return [
            *marks,
            Job("Account deletion", partial(finish_deletions, log), seconds=60),
            Job("Workspace deletion", partial(finish_workspace_deletions, log), seconds=60),
            Job("Suspended workspaces", settle_suspensions, seconds=60),
            Job("Erasures", partial(finish_erasures, log), seconds=60),
            Job("People index", index_people, seconds=60),
            Job("Raw bodies", empty_old_bodies, seconds=60),
            Job("Retention", self._retention.apply_due, seconds=timeouts.retention_poll_seconds),
            Job("Contact merges", finish_merges, seconds=15),
            Job("Reopened conversations", sweep_reopenings, seconds=15),
            Job("Unanswered messages", sweep_stale_answers, seconds=15),
            Job("Search keys", index_stale, seconds=60),
            Job("Expired restrictions", lift_expired_restrictions, seconds=block_seconds),
            Job("Contact exports", self.exporter.sweep, seconds=timeouts.background_poll_seconds),
            Job("Workspace usage", measure_usage, seconds=timeouts.usage_poll_seconds),
            Job("Media", self.downloader.sweep, seconds=self.downloader.sweep_seconds),
        ]

    async def _finish_upgrade(self) -> None:
        await finish_upgrade(self.database)
        logger.info("Database upgrade complete.")
        await (
            asyncio.get_running_loop().create_future()
        )  # waits forever, so that it is not restarted

    async def refresh_metrics(self) -> None:
        """Updates the metrics that are read from the database."""
        if self.is_prepared:
            await self._backlog.refresh()

    async def find_problem(self) -> str | None:
        """Returns the reason why this process is not ready, or None."""
        if not self.is_prepared:
            return "MongoDB has not been reached yet"
        if not self.live.is_healthy:
            return "the change stream is disconnected"
        return await self.majority.find_problem()


async def keep_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Runs a background task forever: logs its errors and restarts it."""
    while True:
        try:
            await run()
        except PyMongoError as error:
            log_failure(logger, error, "%s failed; restarting", name.capitalize())
        except Exception:
            # The edge of a background task: a bug must not end the process.
            logger.exception("%s failed; restarting", name)
        await asyncio.sleep(RETRY_SECONDS)
