"""Writes exports into the media store until cancelled, and removes their files."""

import asyncio
import logging
from collections.abc import Hashable, Sequence
from contextlib import aclosing, suppress
from datetime import timedelta

import pymongo
from pymongo.errors import PyMongoError

from models import Account, Contact, ContactExport
from models.database.base import collection, utc_now
from whatsapp.common.capacity import Capacity
from whatsapp.common.due_worker import DueWorker, compute_backoff
from whatsapp.common.timeouts import Timeouts
from whatsapp.exports import exports
from whatsapp.exports.contents import ContactArchive, ContactGone, HistoryMoved, Progress
from whatsapp.exports.exports import make_key
from whatsapp.exports.files import ExportedFiles
from whatsapp.exports.zip_stream import stream_zip
from whatsapp.media.media_fetching import HashingStream
from whatsapp.media.media_store import FileMissing, MediaStores, StoreUnavailable

logger = logging.getLogger(__name__)


class ContactExporter(DueWorker[ContactExport]):
    """Writes due exports. One that is taken over begins again under a new key."""

    def __init__(
        self,
        *,
        stores: MediaStores,
        timeouts: Timeouts = Timeouts(),
        capacity: Capacity = Capacity(),
    ) -> None:
        super().__init__(
            "Contact exports",
            width=capacity.contact_exports,
            poll_seconds=timeouts.background_poll_seconds,
        )
        self._timeouts = timeouts
        self._stores = stores
        self._page_items = capacity.export_page_items
        self._files = ExportedFiles(stores)

    async def claim(self, except_accounts: Sequence[Hashable]) -> ContactExport | None:
        seconds = self._timeouts.export_lease_seconds
        return await exports.claim_export(except_accounts, lease_seconds=seconds)

    async def work(self, export: ContactExport, /) -> None:
        if export.attempts > self._timeouts.export_attempts:
            await self._give_up(export, export.error or "every attempt was interrupted")
            return
        progress = Progress()
        writing = asyncio.create_task(self._write(export, progress), name="write export")
        try:
            await self._keep_lease(export, progress, writing)
            await writing
        except asyncio.CancelledError:
            if writing.cancelled():
                return  # the lease was lost
            await _cancel(writing)
            with suppress(PyMongoError), pymongo.timeout(self._timeouts.export_release_seconds):
                await exports.postpone_export(export, 0, error=export.error, counts=False)
            raise
        except ContactGone:
            await exports.delete_exports({"_id": export.id})
        except (HistoryMoved, FileMissing, StoreUnavailable, PyMongoError) as error:
            await self._retry(export, error)

    async def _keep_lease(
        self, export: ContactExport, progress: Progress, writing: asyncio.Task[None]
    ) -> None:
        """Stores the progress until the export is written, and cancels it if the lease is lost."""
        loop = asyncio.get_running_loop()
        lease_seconds = self._timeouts.export_lease_seconds
        renewed_at = loop.time()
        while not writing.done():
            await asyncio.wait([writing], timeout=self._timeouts.export_report_seconds)
            if writing.done():
                return
            is_held = loop.time() < renewed_at + lease_seconds
            with suppress(PyMongoError):
                started = loop.time()
                is_held = await exports.renew_export(
                    export, done=progress.done, total=progress.total, lease_seconds=lease_seconds
                )
                renewed_at = started
            if not is_held:
                await _cancel(writing)

    async def _write(self, export: ContactExport, progress: Progress) -> None:
        await self._remove_files(export, range(1, export.fence))
        account = await Account.get(export.account_id)
        contact = await collection(Contact).find_one({"_id": export.contact_id})
        if account is None or account.deleted_at is not None or contact is None:
            raise ContactGone
        archive = ContactArchive(
            account, contact, self._files, progress, page_items=self._page_items
        )
        store, key = self._stores.current, make_key(export)
        async with (
            aclosing(archive.list_entries()) as entries,
            aclosing(stream_zip(entries)) as chunks,
        ):
            stream = HashingStream(chunks)
            await store.put(key, stream)
        is_finished = await exports.finish_export(
            export,
            size_bytes=stream.size,
            sha256=stream.sha256.hex(),
            store=store.name,
            stored_as=key,
            done=progress.done,
            total=progress.done,
        )
        if not is_finished:  # erased meanwhile, or taken over by another worker
            await store.delete(key)
        elif not await exports.is_exportable(export):
            raise ContactGone

    async def _retry(self, export: ContactExport, error: Exception) -> None:
        reason = _describe(error)
        if export.attempts >= self._timeouts.export_attempts:
            await self._give_up(export, reason)
            return
        logger.warning("An export is repeated: %s", reason)
        await self._postpone(export, reason)

    async def _postpone(self, export: ContactExport, reason: str) -> None:
        pause = compute_backoff(self._timeouts.export_retry_seconds, export.attempts - 1)
        await exports.postpone_export(export, pause, error=reason)
        self.wake_later(pause)

    async def _give_up(self, export: ContactExport, reason: str) -> None:
        try:
            await self._remove_files(export, range(1, export.fence + 1))
        except StoreUnavailable as error:
            await self._postpone(export, _describe(error))
            return
        logger.error("An export failed: %s", reason)
        await exports.fail_export(export, reason)

    async def sweep(self) -> None:
        """Deletes the files of expired and of erased exports."""
        try:
            await self._remove_expired()
            await self._remove_erased()
        except StoreUnavailable as error:
            logger.warning("Files of exports can't be deleted from the store yet: %s", error)

    async def _remove_expired(self) -> None:
        for export in await exports.list_expired():
            await self._remove_files(export, range(1, export.fence + 1))
            await exports.expire_export(export)

    async def _remove_erased(self) -> None:
        """Removes the files at once, and the documents once no worker can store another file."""
        before = utc_now() - timedelta(seconds=2 * self._timeouts.export_lease_seconds)
        for export in await exports.list_erased():
            await self._remove_files(export, range(1, export.fence + 1))
            if export.erased_at is not None and export.erased_at < before:
                await collection(ContactExport).delete_one({"_id": export.id})

    async def _remove_files(self, export: ContactExport, fences: Sequence[int]) -> None:
        for fence in fences:
            for store in self._stores.list():
                await store.delete(make_key(export, fence))


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _describe(error: Exception) -> str:
    """Returns the reason for operators, without texts of the database, which may quote data."""
    if isinstance(error, HistoryMoved):
        return "the contact was merged meanwhile"
    if isinstance(error, FileMissing):
        return "a file was removed meanwhile"
    where = "media store" if isinstance(error, StoreUnavailable) else "database"
    return f"the {where} is unavailable ({type(error).__name__})"
