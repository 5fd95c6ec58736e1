"""One file on its way: from Meta into the store, with every outcome written down."""

import asyncio
import base64
import binascii
import hashlib
import logging
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

from models import Account, HealthState, Media, MediaState, Message
from models.database.base import collection, utc_now
from whatsapp.accounts.account_api import decrypt_access_token
from whatsapp.accounts.account_gate import AccountGate
from whatsapp.accounts.accounts import stop_account
from whatsapp.cloud_api.error_codes import Action, classify, find_rule
from whatsapp.cloud_api.media_api import (
    MediaAPI,
    MediaGone,
    MediaRefused,
    MediaUnavailable,
    file_too_large,
)
from whatsapp.common.crypto import DecryptionError, KeyRing
from whatsapp.errors import CloudAPIError
from whatsapp.media import media as medias
from whatsapp.media.media_store import MediaStores, StoreUnavailable
from whatsapp.media.media_types import HEAD_BYTES, limit_size, sniff_type
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

# Waits that are no fault of the file, in units of `media_retry_seconds`.
LONG_PAUSE = 30
LONGEST_PAUSE_SECONDS = 3600.0


class HashingStream:
    """Passes a file's bytes on, and knows afterwards what they were."""

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
    """The key under which an attempt stores the file; this one if no other fence is given."""
    return f"{media.account_id}/{media.id}.{media.fence if fence is None else fence}"


@dataclass(frozen=True)
class Fetching:
    """What a worker needs to fetch files; one for all of a process."""

    settings: Settings
    keyring: KeyRing
    media_api: MediaAPI
    stores: MediaStores
    gate: AccountGate

    async def fetch(self, media: Media) -> None:
        """Brings a claimed file one step on.

        Raises:
            PyMongoError: the file is tried again when its lease has ended.
        """
        leftovers = [fence for fence in media.unsettled if fence != media.fence]
        media.begun = leftovers  # this attempt has stored nothing yet
        account = await Account.get(media.account_id)
        is_there = await collection(Message).find_one({"_id": media.message_id}, {"_id": 1})
        if account is None or account.deleted_at is not None or is_there is None:
            # Its message was erased between being stored and now.
            await medias.mark_erased({"_id": media.id})
            await medias.forget_attempt(media)
        elif not account.enabled or account.health.state is not HealthState.OK:
            await medias.wait_for_account(media)
        elif media.attempts > self.settings.media_retry_limit + 1:
            await self._give_up(media, media.error or "its workers ended in the middle of it")
        else:
            await self._try(media, account)

    async def _try(self, media: Media, account: Account) -> None:
        try:
            stream = await self._download(media, account)
        except (DecryptionError, StoreUnavailable) as error:
            await self._wait(media, error)
        except MediaGone as error:
            self.gate.record_success(account.id)
            await self._give_up(media, str(error), state=MediaState.EXPIRED)
        except MediaRefused as error:
            await self._give_up(media, str(error))
        except MediaUnavailable as error:
            await self._retry(media, str(error))
        except CloudAPIError as error:
            await self._judge(media, account, error)
        else:
            await self._finish(media, stream)

    async def _download(self, media: Media, account: Account) -> HashingStream:
        """Both hops into the store. What is raised leaves no bytes there."""
        token = decrypt_access_token(self.keyring, account)
        store, key = self.stores.current, make_key(media)
        await self._remove_leftovers(media)
        media.begun = [media.fence]
        max_bytes = limit_size(media.kind, max_bytes=self.settings.media_max_bytes)
        try:
            async with asyncio.timeout(self.settings.media_deadline_seconds):
                address = await self.media_api.get_media_info(media, account, token=token)
                if address.size_bytes is not None and address.size_bytes > max_bytes:
                    raise file_too_large(max_bytes)
                async with self.media_api.open_file(
                    address.url, token=token, max_bytes=max_bytes
                ) as chunks:
                    stream = HashingStream(chunks)
                    await store.put(key, stream)
        except TimeoutError:
            raise MediaUnavailable("it took longer than the deadline") from None
        for told in (media.told_sha256, address.sha256):
            if read_sha256(told) not in (None, stream.sha256):
                await store.delete(key)
                raise MediaUnavailable("the bytes have another SHA-256 than Meta told")
        return stream

    async def _finish(self, media: Media, stream: HashingStream) -> None:
        self.gate.record_success(media.account_id)
        store, key = self.stores.current, make_key(media)
        is_ours = await medias.settle_media(
            media,
            MediaState.STORED,
            mime_type=sniff_type(stream.head, told=media.told_type),
            size_bytes=stream.size,
            sha256=stream.sha256.hex(),
            store=store.name,
            stored_as=key,
            stored_at=utc_now(),
            error=None,
        )
        if not is_ours:  # erased meanwhile, or taken over
            await store.delete(key)
            await medias.forget_attempt(media)

    async def _judge(self, media: Media, account: Account, error: CloudAPIError) -> None:
        """By the same table as sends."""
        action = classify(error)
        rule = find_rule(error.code)
        reason = f"Meta's error {error.code}: {rule.meaning if rule else error.title}"
        if action is Action.STOP_ACCOUNT:
            logger.error("Account %s is stopped: %s", account.id, reason)
            await stop_account(account, reason=reason, code=error.code)
            await medias.wait_for_account(media)
        elif action is Action.FAIL:
            await self._give_up(media, reason)
        else:
            if action is Action.RETRY_ACCOUNT:
                wait = error.retry_after_seconds or LONG_PAUSE * self.settings.media_retry_seconds
                self.gate.pause(account.id, wait)
            await self._retry(media, reason, at_least=error.retry_after_seconds)

    async def _retry(self, media: Media, reason: str, *, at_least: float | None = None) -> None:
        # Errors in a row pause the whole account: Meta counts them for the number.
        self.gate.record_failure(media.account_id)
        if media.attempts > self.settings.media_retry_limit:
            await self._give_up(media, reason)
            return
        base = self.settings.media_retry_seconds * 4 ** (media.attempts - 1)
        spread = base * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing
        pause = min(max(spread, at_least or 0.0), LONGEST_PAUSE_SECONDS)
        logger.info("Media %s is tried again in %.0f s: %s", media.id, pause, reason)
        await medias.put_off(media, pause, error=reason)

    async def _wait(self, media: Media, error: Exception) -> None:
        """Another process may have the key, and the store may come back: no fault of the file."""
        logger.error("Media %s has to wait: %s", media.id, error)
        pause = LONG_PAUSE * self.settings.media_retry_seconds
        await medias.put_off(media, pause, error=str(error), counts=False)

    async def _give_up(
        self, media: Media, reason: str, *, state: MediaState = MediaState.FAILED
    ) -> None:
        """Ends without the file, once no attempt's bytes are left."""
        try:
            await self._remove_leftovers(media)
        except StoreUnavailable as error:
            await self._wait(media, error)
            return
        logger.warning("Media %s is %s: %s", media.id, state, reason)
        await medias.settle_media(media, state, error=reason)

    async def _remove_leftovers(self, media: Media) -> None:
        """Removes the bytes of attempts that ended in the middle, in whatever store they began."""
        for fence in media.unsettled:
            for store in self.stores.list():
                await store.delete(make_key(media, fence))


def read_sha256(text: str | None) -> bytes | None:
    """The 32 bytes of a hash in hex or base64 (also without padding); None where it is neither."""
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
