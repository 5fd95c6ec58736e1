"""Webhook URLs of an account, and its webhook subscription at Meta.

A webhook URL names the app secret that signs its requests, so that a request is verified against a
single secret. The name is a truncated hash of the secret's digest and reveals nothing, because app
secrets have 128 random bits.

Source: Meta, "Webhook overrides". A URL set for the phone number takes precedence over that of the
business account, and this over the Meta app's own URL. Webhooks about templates and the account
always go to the app's own URL.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from beanie import PydanticObjectId

from models import Account
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.accounts import COLLECTION, get_account
from whatsapp.auth.access import Viewer
from whatsapp.cloud_api.responses import text_or_none
from whatsapp.common.crypto import DecryptionError, KeyRing, digest_secret
from whatsapp.errors import Conflict, InvalidInput, InvalidReason, MetaRefused
from whatsapp.settings import Settings

WEBHOOK_PATH = "/webhooks/whatsapp"
_NAME_LENGTH = 16


def default_secret_digest(settings: Settings) -> str | None:
    """Returns the digest of META_APP_SECRET, or None if it is not set."""
    secret = settings.meta_app_secret
    return digest_secret(secret.get_secret_value()) if secret else None


def name_secret(digest: str) -> str:
    """Returns the name of the secret with this digest in webhook URLs."""
    return hashlib.sha256(f"webhook url|{digest}".encode()).hexdigest()[:_NAME_LENGTH]


def make_webhook_url(settings: Settings, account: Account) -> str:
    """Returns the URL for the account's webhooks; without a secret it is the bare route."""
    return _make_url(settings, account.app_secret_digest or default_secret_digest(settings))


def list_former_urls(settings: Settings, account: Account) -> Iterable[str]:
    """Yields former URLs that still work: the bare route, and the URLs of former secrets."""
    yield _make_url(settings, None)
    for former in account.former_app_secrets:
        yield _make_url(settings, former.digest or default_secret_digest(settings))


def _make_url(settings: Settings, digest: str | None) -> str:
    bare = settings.public_url + WEBHOOK_PATH
    return bare if digest is None else f"{bare}/{name_secret(digest)}"


MAX_URL_LENGTH = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_INVALID_PARAMETER = 100
_HANDSHAKE_FAILED = frozenset({2200, 2201})
_FIELD = ["callbackUrl"]


class WebhookLevel(StrEnum):
    """Scope of a URL: all numbers of the business account, or this number only."""

    BUSINESS_ACCOUNT = "BUSINESS_ACCOUNT"
    PHONE_NUMBER = "PHONE_NUMBER"


@dataclass(frozen=True)
class CallbackUrls:
    """The webhook URLs set at Meta for a number, by precedence; None if not set."""

    phone_number: str | None
    business_account: str | None
    application: str | None

    @property
    def messages(self) -> str | None:
        return self.phone_number or self.business_account or self.application


async def subscribe_webhooks(
    account_api: AccountAPI,
    viewer: Viewer,
    account_id: PydanticObjectId,
    *,
    keyring: KeyRing,
    settings: Settings,
    callback_url: str | None,
    level: WebhookLevel,
) -> tuple[Account, str]:
    """Sets the webhook URL at Meta, by default ours; returns the account and the URL.

    Meta verifies the URL with a challenge before it responds.

    Raises:
        NotFound: the account.
        InvalidInput: Meta can't reach such a URL, or the viewer may not change the whole
            business account.
        Conflict: the account's verify token can't be decrypted.
        MetaRefused: for example because the URL did not return the challenge.
        MetaUnreachable: the URL may have been set.
    """
    account = await get_account(viewer, account_id)
    _check_level(viewer, level)
    default_url = make_webhook_url(settings, account)
    url = check_callback_url(callback_url or default_url, settings=settings)
    override = {
        "override_callback_uri": url,
        "verify_token": _decrypt_verify_token(keyring, account),
    }
    try:
        if level is WebhookLevel.PHONE_NUMBER:
            await _subscribe_app(account_api, account)
            await _set_for_number(account_api, account, override)
        else:
            await _set_for_business(account_api, account, override)
    except MetaRefused as refusal:
        if refusal.error.code not in _HANDSHAKE_FAILED:
            raise
        raise MetaRefused(
            refusal.error,
            advice=f"WhatsApp sent a challenge to {url} and did not get it back: the URL must lead"
            " to this server, with a valid certificate.",
        ) from None
    return account, url


async def unsubscribe_webhooks(
    account_api: AccountAPI,
    viewer: Viewer,
    account_id: PydanticObjectId,
    *,
    level: WebhookLevel,
) -> Account:
    """Removes the number's URL, or the subscription of the whole business account.

    Raises:
        NotFound: the account.
        InvalidInput: the viewer may not change the whole business account.
        MetaRefused, MetaUnreachable: Meta refused it, or may have done it.
    """
    account = await get_account(viewer, account_id)
    _check_level(viewer, level)
    if level is WebhookLevel.PHONE_NUMBER:
        await _set_for_number(account_api, account, {"override_callback_uri": ""})
    else:
        await account_api.call(account, "DELETE", account.business_account_id, "subscribed_apps")
    return account


def check_callback_url(url: str, *, settings: Settings) -> str:
    """Returns the URL; raises InvalidInput if Meta can't reach it."""
    if len(url) > MAX_URL_LENGTH or not url.isascii():
        raise InvalidInput(
            f"Use at most {MAX_URL_LENGTH} ASCII characters.",
            field=_FIELD,
            reason=InvalidReason.MALFORMED,
        )
    parts = urlsplit(url)
    host = parts.hostname
    if "@" in parts.netloc or parts.fragment:
        raise InvalidInput(
            "Use a URL such as https://example.com/webhooks.",
            field=_FIELD,
            reason=InvalidReason.MALFORMED,
        )
    if host not in _LOOPBACK:
        if parts.scheme != "https":
            raise InvalidInput(
                "Use https: WhatsApp posts webhooks to https URLs only.",
                field=_FIELD,
                reason=InvalidReason.MALFORMED,
            )
    elif urlsplit(settings.graph_api_url).hostname in _META_HOSTS:
        raise InvalidInput(
            f"WhatsApp can't reach {host}: set PUBLIC_URL, or pass the public URL of this server.",
            field=_FIELD,
        )
    return url


_META_HOSTS = frozenset({"graph.facebook.com"})


async def list_subscribed_apps(account_api: AccountAPI, account: Account) -> list[dict[str, Any]]:
    """Returns the Meta apps that are subscribed to the business account's webhooks."""
    response = await account_api.call(
        account, "GET", account.business_account_id, "subscribed_apps"
    )
    apps = response.get("data")
    return [app for app in apps if isinstance(app, dict)] if isinstance(apps, list) else []


async def read_callback_urls(account_api: AccountAPI, account: Account) -> CallbackUrls:
    """Returns the number's webhook URLs, as seen by the app of the account's token."""
    response = await account_api.call(
        account, "GET", account.phone_number_id, query={"fields": "webhook_configuration"}
    )
    configuration = response.get("webhook_configuration")
    urls = configuration if isinstance(configuration, dict) else {}
    return CallbackUrls(
        phone_number=text_or_none(urls.get("phone_number")),
        business_account=text_or_none(urls.get("whatsapp_business_account")),
        application=text_or_none(urls.get("application")),
    )


async def _set_for_business(
    account_api: AccountAPI, account: Account, override: dict[str, str]
) -> None:
    path = (account.business_account_id, "subscribed_apps")
    try:
        await account_api.call(account, "POST", *path, body=override)
    except MetaRefused as refusal:
        # Meta accepts a URL only from an app that is already subscribed.
        if refusal.error.code != _INVALID_PARAMETER:
            raise
        if not await _subscribe_app(account_api, account):
            raise
        await account_api.call(account, "POST", *path, body=override)


async def _set_for_number(
    account_api: AccountAPI, account: Account, override: dict[str, str]
) -> None:
    body = {"webhook_configuration": override}
    await account_api.call(account, "POST", account.phone_number_id, body=body)


async def _subscribe_app(account_api: AccountAPI, account: Account) -> bool:
    """Subscribes the token's app without a URL. Returns False if a URL is already set."""
    apps = await list_subscribed_apps(account_api, account)
    # A subscription without a URL would remove the URL.
    if any(app.get("override_callback_uri") for app in apps):
        return False
    await account_api.call(account, "POST", account.business_account_id, "subscribed_apps")
    return True


def _check_level(viewer: Viewer, level: WebhookLevel) -> None:
    """Raises InvalidInput if a viewer limited to accounts changes a whole business account."""
    if viewer.account_ids is not None and level is WebhookLevel.BUSINESS_ACCOUNT:
        raise InvalidInput(
            "This would also change other numbers of the business account, and your key is limited"
            " to some accounts: use the level PHONE_NUMBER.",
            field=["level"],
        )


def _decrypt_verify_token(keyring: KeyRing, account: Account) -> str:
    try:
        return keyring.decrypt(
            account.verify_token, collection=COLLECTION, id=account.id, field="verify_token"
        )
    except DecryptionError:
        raise Conflict("The verify token can't be decrypted: enter verifyToken again.") from None
