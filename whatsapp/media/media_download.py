"""The worker that fetches files: takes what is due, a few at a time, until each is settled.

Any number of processes may run one: files are shared by their leases.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pymongo
from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Media
from models.database.base import collection, utc_now
from models.database.outage_log import log_failure
from whatsapp.accounts.account_gate import PROBE_PAUSES, AccountGate
from whatsapp.cloud_api.media_api import MediaAPI
from whatsapp.common.crypto import KeyRing
from whatsapp.common.fair_shares import FairShares
from whatsapp.media import media as medias
from whatsapp.media.media_fetching import Fetching, make_key
from whatsapp.media.media_store import MediaStore, MediaStores, StoreUnavailable
from whatsapp.media.uploaded_media import release_upload, sweep_uploads
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

SWEEP_POLLS = 5
RELEASE_SECONDS = 2.0
# A file that is due now by our clock may be due a little later by the database's.
WAKE_MARGIN_SECONDS = 0.01


class MediaDownloader:
    """Fetches the files of messages until `run` is cancelled."""

    def __init__(
        self, *, settings: Settings, keyring: KeyRing, media_api: MediaAPI, stores: MediaStores
    ) -> None:
        self._settings = settings
        self._stores = stores
        # After the deadline what has come is removed, and the outcome written.
        self._lease_seconds = settings.media_deadline_seconds * 1.5
        self._gate = AccountGate(
            lanes_per_account=settings.media_concurrency,
            probe_seconds=PROBE_PAUSES * settings.media_retry_seconds,
        )
        self._fetching = Fetching(
            settings=settings, keyring=keyring, media_api=media_api, stores=stores, gate=self._gate
        )
        self._shares = FairShares(settings.media_concurrency)
        self.sweep_seconds = settings.media_poll_seconds * SWEEP_POLLS
        self._page: PydanticObjectId | None = None
        """Where the next sweep goes on with messages whose file is pending."""
        self._wakened = asyncio.Event()
        self._workers: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Looks for files that are due now instead of at the next poll."""
        self._wakened.set()

    def wake_later(self, seconds: float) -> None:
        """Looks for a file that will be due then."""
        if seconds <= 0:
            self.wake()
        elif seconds < self._settings.media_poll_seconds:
            asyncio.get_running_loop().call_later(seconds + WAKE_MARGIN_SECONDS, self.wake)

    async def run(self) -> None:
        """Works until cancelled; then files on their way are given back to be fetched by others."""
        try:
            with medias.hearing_of_due_media(self.wake_later):
                await self._claim_files()
        finally:
            for worker in self._workers:
                worker.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)

    async def _claim_files(self) -> None:
        while True:
            self._wakened.clear()
            try:
                await self._claim_due()
            except PyMongoError as error:
                log_failure(logger, error, "Media can't be claimed")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.media_poll_seconds):
                    await self._wakened.wait()

    async def _claim_due(self) -> None:
        while len(self._workers) < self._settings.media_concurrency:
            media = await medias.claim_media(
                lease_seconds=self._lease_seconds,
                except_accounts=[*self._gate.list_closed(), *self._shares.list_full()],
            )
            if media is None:
                return
            release_place = self._shares.take(media.account_id)
            worker = asyncio.create_task(self._work(media), name="media")
            self._workers.add(worker)
            worker.add_done_callback(partial(self._end, release_place))

    def _end(self, release_place: Callable[[], None], worker: asyncio.Task[None]) -> None:
        release_place()
        self._workers.discard(worker)
        self.wake()

    async def _work(self, media: Media) -> None:
        self._gate.enter(media.account_id)
        try:
            await self._fetching.fetch(media)
        except asyncio.CancelledError:
            with suppress(PyMongoError), pymongo.timeout(RELEASE_SECONDS):
                await medias.put_off(media, 0, error=None, counts=False)
            raise
        except PyMongoError as error:
            # Its lease ends some time, and then it is tried again.
            log_failure(logger, error, "Media %s waits until its lease ends", media.id)
        except Exception as error:  # noqa: BLE001 - see the next line
            # The edge of a background task: a bug with one file must not end the others.
            # The error's own text may quote the file, so only its kind and place are logged.
            frames = "".join(traceback.format_tb(error.__traceback__))
            logger.error("Media %s failed (%s). %s", media.id, type(error).__name__, frames)
        finally:
            self._gate.leave(media.account_id)

    async def sweep(self) -> None:
        """Mends what a crash left, wakes what waited for its account, removes what was erased."""
        self._page = await medias.mend_messages(self._page)
        if await medias.wake_waiting_media():
            self.wake()
        try:
            await remove_erased(self._stores, lease_seconds=self._lease_seconds)
            await sweep_uploads(self._stores)
        except StoreUnavailable as error:
            logger.warning("Erased files wait for the media store: %s", error)


async def remove_erased(stores: MediaStores, *, lease_seconds: float) -> int:
    """Removes the bytes of erased files, then their documents; gives how many.

    A document stays while a worker may still be storing the file: its death would leave bytes that
    nothing names.

    Raises:
        StoreUnavailable, PyMongoError: the rest is removed by a later call.
    """
    erased = await medias.list_erased()
    before = utc_now() - timedelta(seconds=lease_seconds)
    for media in erased:
        if media.upload_id is not None:  # the bytes go with the last message that shows them
            await release_upload(media)
            await collection(Media).delete_one({"_id": media.id})
            continue
        store = stores.find(media.store)
        if store is None:
            logger.error("Media %s is erased, but its store is not set any more", media.id)
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
        for each in stores.list():
            await each.delete(make_key(media, fence))
