"""Background download of the files that customers send, and removal of erased files."""

import asyncio
import logging
from collections import Counter
from collections.abc import Hashable, Sequence
from contextlib import suppress
from datetime import timedelta

import pymongo
from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Media
from models.database.base import collection, utc_now
from telemetry.log_context import name_document
from whatsapp.cloud_api.media_api import MediaAPI
from whatsapp.common.capacity import Capacity
from whatsapp.common.circuit_breaker import PROBE_PAUSES
from whatsapp.common.crypto import KeyRing
from whatsapp.common.due_worker import DueWorker
from whatsapp.common.timeouts import Timeouts
from whatsapp.media import media as medias
from whatsapp.media.account_breakers import AccountBreakers
from whatsapp.media.media_fetching import MediaFetcher, make_key
from whatsapp.media.media_store import MediaStore, MediaStores, StoreUnavailable
from whatsapp.media.uploaded_media import release_upload, sweep_uploads
from whatsapp.settings import Settings
from whatsapp.workspaces.quotas import WorkspaceQuotas

logger = logging.getLogger(__name__)

SWEEP_POLLS = 5


class MediaDownloader(DueWorker[Media]):
    """Downloads due files until `run` is cancelled."""

    def __init__(
        self,
        *,
        settings: Settings,
        keyring: KeyRing,
        media_api: MediaAPI,
        stores: MediaStores,
        quotas: WorkspaceQuotas,
        timeouts: Timeouts = Timeouts(),
        capacity: Capacity = Capacity(),
    ) -> None:
        width, poll_seconds = capacity.media_downloads, timeouts.media_poll_seconds
        super().__init__("Media downloads", width=width, poll_seconds=poll_seconds)
        self._timeouts = timeouts
        self._stores = stores
        self._quotas = quotas
        self._running: Counter[PydanticObjectId] = Counter()
        """Files under way, by workspace."""
        # Leaves time after the deadline to remove the bytes and record the outcome.
        self._lease_seconds = timeouts.media_deadline_seconds * 1.5
        self._breakers = AccountBreakers(probe_seconds=PROBE_PAUSES * timeouts.media_retry_seconds)
        self._fetcher = MediaFetcher(
            settings=settings,
            timeouts=timeouts,
            keyring=keyring,
            media_api=media_api,
            stores=stores,
            quotas=quotas,
            breakers=self._breakers,
        )
        self.sweep_seconds = poll_seconds * SWEEP_POLLS
        self._page: PydanticObjectId | None = None
        """The last message that `sweep` has checked."""

    async def run(self) -> None:
        """Works until cancelled; then other processes may fetch the files under way."""
        with medias.observing_due_media(self.wake_later):
            await super().run()

    async def claim(self, except_accounts: Sequence[Hashable]) -> Media | None:
        media = await medias.claim_media(except_accounts, lease_seconds=self._lease_seconds)
        if media is not None:
            self._running[media.workspace_id] += 1
        return media

    def list_holders(self, media: Media) -> list[Hashable]:
        return [media.account_id, *self._quotas.list_holders(media.workspace_id)]

    def list_closed(self) -> list[Hashable]:
        """Returns accounts with an open breaker, and workspaces at their quota."""
        limits = ((key, self._quotas.get(key).media_downloads) for key in self._running)
        at_limit = [
            key for key, limit in limits if limit is not None and self._running[key] >= limit
        ]
        return [*self._breakers.list_closed(), *at_limit]

    def count_running(self, workspace_id: PydanticObjectId) -> int:
        """Returns the number of files of the workspace under way in this process."""
        return self._running[workspace_id]

    async def work(self, media: Media) -> None:
        try:
            await self._work(media)
        finally:
            self._running[media.workspace_id] -= 1
            if not self._running[media.workspace_id]:
                del self._running[media.workspace_id]

    async def _work(self, media: Media) -> None:
        self._breakers.enter(media.account_id)
        try:
            await self._fetcher.fetch(media)
        except asyncio.CancelledError:
            with suppress(PyMongoError), pymongo.timeout(self._timeouts.media_release_seconds):
                await medias.postpone_media(media, 0, error=None, counts=False)
            raise
        finally:
            self._breakers.leave(media.account_id)

    async def sweep(self) -> None:
        """Repairs files after a crash, resumes suspended files, and removes erased files."""
        self._page = await medias.repair_messages(self._page)
        if await medias.resume_suspended_media(except_workspaces=self._quotas.list_full()):
            self.wake()
        try:
            await remove_erased(self._stores, lease_seconds=self._lease_seconds)
            await sweep_uploads(self._stores)
        except StoreUnavailable as error:
            logger.warning("Erased files can't be removed from the media store yet: %s", error)


async def remove_erased(stores: MediaStores, *, lease_seconds: float) -> int:
    """Removes the bytes of erased files, then their documents. Returns the number of files.

    A document is kept while a worker may still be storing its file: if that worker crashed, nothing
    else would name the stored bytes.

    Raises:
        StoreUnavailable, PyMongoError: a later call removes the remaining files.
    """
    erased = await medias.list_erased()
    before = utc_now() - timedelta(seconds=lease_seconds)
    for media in erased:
        if media.upload_id is not None:  # other messages may share the bytes
            await release_upload(media)
            await collection(Media).delete_one({"_id": media.id})
            continue
        store = stores.find(media.store)
        if store is None:
            logger.error(
                "An erased file can't be deleted: its store is no longer configured",
                extra=name_document(media),
            )
            continue
        await _remove_bytes(media, store, stores)
        is_final = media.erased_at is not None and media.erased_at < before
        if is_final or not media.unsettled:
            unchanged = {"_id": media.id, "begun": media.begun}
            await collection(Media).delete_one(unchanged)
    return len(erased)


async def _remove_bytes(media: Media, store: MediaStore, stores: MediaStores) -> None:
    if media.stored_as is not None:
        await store.delete(media.stored_as)
    for fence in media.unsettled:
        for any_store in stores.list():
            await any_store.delete(make_key(media, fence))
