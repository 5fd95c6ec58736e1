"""Checks of the media store, and of the way to the server through PUBLIC_URL."""

import secrets
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
from pymongo.asynchronous.database import AsyncDatabase

from models import Account
from operations.findings import Finding, failed, passed, warned
from whatsapp.accounts.accounts import COLLECTION
from whatsapp.accounts.webhook_subscription import WEBHOOK_PATH
from whatsapp.common.crypto import DecryptionError, KeyRing
from whatsapp.media.media_store import FileMissing, MediaStores, StoreUnavailable
from whatsapp.settings import Settings, SettingsError

CALLBACK = "webhooks.callback"
CALLBACK_REMEDY = "Let PUBLIC_URL lead to this server, through a proxy with a valid certificate."


async def check_media_store(database: AsyncDatabase[dict[str, Any]], *, url: str | None) -> Finding:
    """Writes a file, reads it and deletes it."""
    name, content = "media.store", secrets.token_bytes(16)

    async def send() -> AsyncIterator[bytes]:
        yield content

    try:
        store = MediaStores(database, url=url).current
        key = f"check/{secrets.token_hex(16)}"
        await store.put(key, send())
        try:
            parts = [part async for part in store.read(key, start=0, end=len(content))]
        finally:
            await store.delete(key)
    except SettingsError as error:
        return failed(name, f"{error}.", "Correct MEDIA_STORE_URL.")
    except (StoreUnavailable, FileMissing) as error:
        return failed(
            name,
            f"The store can't be written and read ({error}).",
            "Correct MEDIA_STORE_URL, its credentials or the folder's permissions.",
        )
    if b"".join(parts) != content:
        return failed(name, "The store returned other bytes.", "Correct MEDIA_STORE_URL.")
    where = "MongoDB" if not url else f"the {urlsplit(url).scheme} store"
    return passed(name, f"A file was written to {where}, read and deleted.")


async def check_callback(http: httpx.AsyncClient, settings: Settings, keyring: KeyRing) -> Finding:
    """Sends a challenge to the webhook URL, as Meta does, from this host."""
    token = await _find_verify_token(settings, keyring)
    if token is None:
        return warned(
            CALLBACK,
            "The webhook URL can't be checked without a verify token.",
            "Set META_VERIFY_TOKEN, or connect an account.",
        )
    challenge = secrets.token_hex(16)
    query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": challenge}
    url = settings.public_url + WEBHOOK_PATH
    try:
        response = await http.get(url, params=query)
    except httpx.HTTPError as error:
        # Without its text and cause, which have the token.
        return failed(CALLBACK, f"{url} failed: {type(error).__name__}.", CALLBACK_REMEDY)
    if (response.status_code, response.text) != (200, challenge):
        return failed(
            CALLBACK,
            f"{url} answered {response.status_code} without the challenge.",
            CALLBACK_REMEDY,
        )
    return passed(CALLBACK, f"{url} returned the challenge.")


async def _find_verify_token(settings: Settings, keyring: KeyRing) -> str | None:
    if settings.meta_verify_token is not None:
        return settings.meta_verify_token.get_secret_value()
    async for account in Account.find({"deleted_at": None}, sort="phone_number_id"):
        try:
            return keyring.decrypt(
                account.verify_token, collection=COLLECTION, id=account.id, field="verify_token"
            )
        except DecryptionError:
            continue  # another check reports it
    return None
