"""Download of a file from Meta into the store, with every outcome recorded."""

import asyncio
import base64
import binascii
import hashlib
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from models import Account, Media, MediaState, Message
from models.database.base import collection, utc_now
from models.messages.media import STORAGE_FULL
from telemetry import traces
from telemetry.metrics import media as metrics
from telemetry.traces import Cause
from whatsapp.accounts.account_api import decrypt_access_token
from whatsapp.accounts.accounts import may_send, stop_account
from whatsapp.cloud_api.error_codes import Action, classify, find_rule
from whatsapp.cloud_api.media_api import (
    MediaAPI,
    MediaGone,
    MediaRefused,
    MediaUnavailable,
    file_too_large,
)
from whatsapp.common.crypto import DecryptionError, KeyRing
from whatsapp.common.due_worker import compute_backoff
from whatsapp.common.timeouts import Timeouts
from whatsapp.errors import CloudAPIError
from whatsapp.media import media as medias
from whatsapp.media.account_breakers import AccountBreakers
from whatsapp.media.media_store import MediaStores, StoreUnavailable
from whatsapp.media.media_types import HEAD_BYTES, limit_size, sniff_type
from whatsapp.settings import Settings
from whatsapp.workspaces.quotas import WorkspaceQuotas

logger = logging.getLogger(__name__)

# Waiting time for causes outside the file, in units of `media_retry_seconds`.
LONG_PAUSE = 30


class HashingStream:
    """Passes a file's bytes on and records their head, size and SHA-256."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._hash = hashlib.sha256()
        self.head = b""
        self.size = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            self._hash.update(chunk)
            self.size += len(chunk)
            if len(self.head) < HEAD_BYTES:
                self.head += chunk[:HEAD_BYTES]
            yield chunk

    @property
    def sha256(self) -> bytes:
        return self._hash.digest()


def make_key(media: Media, fence: int | None = None) -> str:
    """Returns the storage key of the attempt with this `fence`, by default the current attempt."""
    return f"{media.account_id}/{media.id}.{media.fence if fence is None else fence}"


@dataclass(frozen=True)
class MediaFetcher:
    """Downloads claimed files. A process shares a single instance."""

    settings: Settings
    timeouts: Timeouts
    keyring: KeyRing
    media_api: MediaAPI
    stores: MediaStores
    quotas: WorkspaceQuotas
    breakers: AccountBreakers

    async def fetch(self, media: Media) -> None:
        """Downloads a claimed file, postpones it, or gives it up.

        Raises:
            PyMongoError: the file is due again when its lease expires.
        """
        leftovers = [fence for fence in media.unsettled if fence != media.fence]
        media.begun = leftovers  # this attempt has stored nothing yet
        account = await Account.get(media.account_id)
        message = await collection(Message).find_one({"_id": media.message_id}, {"traceparent": 1})
        if account is None or account.deleted_at is not None or message is None:
            # The message was erased after this file became due.
            await medias.mark_erased({"_id": media.id})
            await medias.remove_attempt(media)
        elif not may_send(account):
            await medias.suspend_media(media)
        elif not self.quotas.has_room(media.workspace_id):
            logger.info("Download waits: the storage of the workspace is full")
            await medias.suspend_media(media, reason=STORAGE_FULL)
        elif media.attempts > self.timeouts.media_retry_limit + 1:
            await self._give_up(media, media.error or "every attempt was interrupted")
        else:
            cause = Cause(message.get("traceparent"))
            with traces.linked_span("download media", [cause], traces.Kind.CONSUMER):
                await self._attempt(media, account)

    async def _attempt(self, media: Media, account: Account) -> None:
        started = time.perf_counter()
        try:
            stream = await self._download(media, account)
        except (DecryptionError, StoreUnavailable) as error:
            await self._postpone(media, error)
        except MediaGone as error:
            self.breakers.record_answer(account.id)
            await self._give_up(media, str(error), state=MediaState.EXPIRED)
        except MediaRefused as error:
            await self._give_up(media, str(error))
        except MediaUnavailable as error:
            await self._retry(media, str(error))
        except CloudAPIError as error:
            await self._handle_refusal(media, account, error)
        else:
            await self._finish(media, stream)
            metrics.DOWNLOAD_SECONDS.observe(time.perf_counter() - started)

    async def _download(self, media: Media, account: Account) -> HashingStream:
        """Downloads the file into the store. After an error the store has no bytes of it."""
        token = decrypt_access_token(self.keyring, account)
        store, key = self.stores.current, make_key(media)
        await self._remove_leftovers(media)
        media.begun = [media.fence]
        max_bytes = limit_size(media.kind, max_bytes=self.settings.media_max_bytes)
        try:
            async with asyncio.timeout(self.timeouts.media_deadline_seconds):
                address = await self.media_api.get_media_info(media, account, token=token)
                if address.size_bytes is not None and address.size_bytes > max_bytes:
                    raise file_too_large(max_bytes)
                async with self.media_api.open_file(
                    address.url, token=token, max_bytes=max_bytes
                ) as chunks:
                    stream = HashingStream(chunks)
                    with traces.child_span("store file") as span:
                        await store.put(key, stream)
                        span.set("wagraph.media.bytes", stream.size)
        except TimeoutError:
            raise MediaUnavailable("the download exceeded its deadline") from None
        for stated in (media.stated_sha256, address.sha256):
            if read_sha256(stated) not in (None, stream.sha256):
                await store.delete(key)
                raise MediaUnavailable("the SHA-256 of the bytes differs from the one Meta stated")
        return stream

    async def _finish(self, media: Media, stream: HashingStream) -> None:
        self.breakers.record_answer(media.account_id)
        store, key = self.stores.current, make_key(media)
        is_settled = await medias.settle_media(
            media,
            MediaState.STORED,
            mime_type=sniff_type(stream.head, declared=media.stated_type),
            size_bytes=stream.size,
            sha256=stream.sha256.hex(),
            store=store.name,
            stored_as=key,
            stored_at=utc_now(),
            error=None,
        )
        if is_settled:
            self.quotas.add_stored_bytes(media.workspace_id, stream.size)
        else:  # erased meanwhile, or taken over by another worker
            await store.delete(key)
            await medias.remove_attempt(media)

    async def _handle_refusal(self, media: Media, account: Account, error: CloudAPIError) -> None:
        """Retries, gives up or stops the account, by the same table as for sends."""
        action = classify(error)
        rule = find_rule(error.code)
        reason = f"Meta's error {error.code}: {rule.meaning if rule else error.title}"
        if action is Action.STOP_ACCOUNT:
            logger.error("Stopping the account: %s", reason)
            await stop_account(account, reason=reason, code=error.code)
            await medias.suspend_media(media)
        elif action is Action.FAIL:
            await self._give_up(media, reason)
        else:
            if action is Action.RETRY_ACCOUNT:
                pause = error.retry_after_seconds or LONG_PAUSE * self.timeouts.media_retry_seconds
                self.breakers.pause(account.id, pause)
            await self._retry(media, reason, at_least=error.retry_after_seconds)

    async def _retry(self, media: Media, reason: str, *, at_least: float | None = None) -> None:
        # Consecutive errors pause the whole account, because Meta counts them per number.
        self.breakers.record_failure(media.account_id)
        if media.attempts > self.timeouts.media_retry_limit:
            await self._give_up(media, reason)
            return
        retries, base = media.attempts - 1, self.timeouts.media_retry_seconds
        pause = compute_backoff(base, retries, at_least=at_least)
        logger.info("Download will be retried in %.0f s: %s", pause, reason)
        await medias.postpone_media(media, pause, error=reason)
        metrics.DOWNLOADS["retried"].inc()

    async def _postpone(self, media: Media, error: Exception) -> None:
        """Postpones the file without counting an attempt: key or store may become available."""
        logger.error("Download postponed: %s", error)
        pause = LONG_PAUSE * self.timeouts.media_retry_seconds
        await medias.postpone_media(media, pause, error=str(error), counts=False)
        metrics.DOWNLOADS["postponed"].inc()

    async def _give_up(
        self, media: Media, reason: str, *, state: MediaState = MediaState.FAILED
    ) -> None:
        """Settles the media without a file, after removing the bytes of all attempts."""
        try:
            await self._remove_leftovers(media)
        except StoreUnavailable as error:
            await self._postpone(media, error)
            return
        logger.warning("Download %s: %s", state, reason)
        await medias.settle_media(media, state, error=reason)

    async def _remove_leftovers(self, media: Media) -> None:
        """Removes the bytes of interrupted attempts from all stores."""
        for fence in media.unsettled:
            for store in self.stores.list():
                await store.delete(make_key(media, fence))


def read_sha256(text: str | None) -> bytes | None:
    """Decodes a SHA-256 in hex or base64, padded or not. Returns None for anything else."""
    stripped = (text or "").strip().rstrip("=")
    try:
        if len(stripped) == 64:
            return bytes.fromhex(stripped)
        decoded = base64.b64decode(
            stripped.replace("-", "+").replace("_", "/") + "=", validate=True
        )
    except (ValueError, binascii.Error):
        return None
    return decoded if len(decoded) == 32 else None
