"""Where WhatsApp posts the webhooks of an account: asked for, and read back.

Source: Meta, "Webhook overrides". A URL set for the phone number comes before one set for the
business account, and that before the Meta app's own. Webhooks about templates and about the account
itself always go to the app's own.
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
from whatsapp.common.crypto import DecryptionError, KeyRing, digest_secret
from whatsapp.errors import Conflict, InvalidInput, MetaRefused
from whatsapp.settings import Settings

WEBHOOK_PATH = "/webhooks/whatsapp"
_NAME_LENGTH = 16


def default_secret_digest(settings: Settings) -> str | None:
    """Returns the digest of META_APP_SECRET, or None if it is not set."""
    secret = settings.meta_app_secret
    return digest_secret(secret.get_secret_value()) if secret else None


def name_secret(digest: str) -> str:
    """Returns the name that a webhook URL has for the secret with this digest."""
    return hashlib.sha256(f"webhook url|{digest}".encode()).hexdigest()[:_NAME_LENGTH]


def make_webhook_url(settings: Settings, account: Account) -> str:
    """Returns the URL for the account's webhooks. Without any secret it is the bare route."""
    return _make_url(settings, account.app_secret_digest or default_secret_digest(settings))


def list_former_urls(settings: Settings, account: Account) -> Iterable[str]:
    """Returns the URLs that were shown before and still lead to the account: the bare route, and
    those that name its former secrets.
    """
    yield _make_url(settings, None)
    for former in account.former_app_secrets:
        yield _make_url(settings, former.digest or default_secret_digest(settings))


def _make_url(settings: Settings, digest: str | None) -> str:
    bare = settings.public_url + WEBHOOK_PATH
    return bare if digest is None else f"{bare}/{name_secret(digest)}"


LONGEST_URL = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_INVALID_PARAMETER = 100
_HANDSHAKE_FAILED = frozenset({2200, 2201})
_FIELD = ["callbackUrl"]


class WebhookLevel(StrEnum):
    """For what a URL is set: all numbers of the business account, or this number only."""

    BUSINESS_ACCOUNT = "BUSINESS_ACCOUNT"
    PHONE_NUMBER = "PHONE_NUMBER"


@dataclass(frozen=True)
class CallbackUrls:
    """The URLs that WhatsApp knows for a number, the strongest first; None where none is set."""

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
    """Has WhatsApp post webhooks here, or to `callback_url`; gives the account and the URL.

    WhatsApp asks that URL for a challenge before it answers.

    Raises:
        NotFound: the account.
        InvalidInput: WhatsApp could never reach such a URL, or the viewer may not change the whole
            business account.
        Conflict: the account's verify token can't be read any more.
        MetaRefused: among others because the URL did not give the challenge back.
        MetaUnreachable: it may have been done.
    """
    account = await get_account(viewer, account_id)
    _check_level(viewer, level)
    own_url = make_webhook_url(settings, account)
    url = check_callback_url(callback_url or own_url, settings=settings)
    override = {"override_callback_uri": url, "verify_token": _open_token(keyring, account)}
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
            advice=f"WhatsApp asked {url} for a challenge and did not get it back: the URL must"
            " lead to this server, with a valid certificate.",
        ) from None
    return account, url


async def unsubscribe_webhooks(
    account_api: AccountAPI,
    viewer: Viewer,
    account_id: PydanticObjectId,
    *,
    level: WebhookLevel,
) -> Account:
    """Takes the number's own URL away, or ends the webhooks of the whole business account.

    Raises:
        NotFound: the account.
        InvalidInput: the viewer may not change the whole business account.
        MetaRefused, MetaUnreachable: WhatsApp did not do it, or may not have.
    """
    account = await get_account(viewer, account_id)
    _check_level(viewer, level)
    if level is WebhookLevel.PHONE_NUMBER:
        await _set_for_number(account_api, account, {"override_callback_uri": ""})
    else:
        await account_api.call(account, "DELETE", account.business_account_id, "subscribed_apps")
    return account


def check_callback_url(url: str, *, settings: Settings) -> str:
    """The URL, if WhatsApp can reach it; raises InvalidInput."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInput(f"A URL has at most {LONGEST_URL} ASCII characters.", field=_FIELD)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InvalidInput("It is no URL.", field=_FIELD) from None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or parts.fragment:
        raise InvalidInput("It must look like https://example.com/webhooks.", field=_FIELD)
    if host not in _LOOPBACK:
        if parts.scheme != "https":
            raise InvalidInput("WhatsApp posts webhooks to https only.", field=_FIELD)
    elif urlsplit(settings.graph_api_url).hostname in _META_HOSTS:
        raise InvalidInput(
            f"WhatsApp can't reach {host}: set PUBLIC_URL, or name the URL under which the"
            " internet reaches this server.",
            field=_FIELD,
        )
    return url


_META_HOSTS = frozenset({"graph.facebook.com"})


async def list_subscribed_apps(account_api: AccountAPI, account: Account) -> list[dict[str, Any]]:
    """What WhatsApp tells of each Meta app that gets the business account's webhooks."""
    answer = await account_api.call(account, "GET", account.business_account_id, "subscribed_apps")
    listed = answer.get("data")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


async def read_callback_urls(account_api: AccountAPI, account: Account) -> CallbackUrls:
    """The URLs that hold for the number, as the app of the account's token sees them."""
    answer = await account_api.call(
        account, "GET", account.phone_number_id, query={"fields": "webhook_configuration"}
    )
    told = answer.get("webhook_configuration")
    urls = told if isinstance(told, dict) else {}
    return CallbackUrls(
        phone_number=_text_or_none(urls.get("phone_number")),
        business_account=_text_or_none(urls.get("whatsapp_business_account")),
        application=_text_or_none(urls.get("application")),
    )


async def _set_for_business(
    account_api: AccountAPI, account: Account, override: dict[str, str]
) -> None:
    path = (account.business_account_id, "subscribed_apps")
    try:
        await account_api.call(account, "POST", *path, body=override)
    except MetaRefused as refusal:
        # Meta takes a URL only from an app that is subscribed already.
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
    """Subscribes the token's app without a URL, where that can take none away; whether it did."""
    apps = await list_subscribed_apps(account_api, account)
    # A subscription without a URL removes the one that was set before.
    if any(app.get("override_callback_uri") for app in apps):
        return False
    await account_api.call(account, "POST", account.business_account_id, "subscribed_apps")
    return True


def _check_level(viewer: Viewer, level: WebhookLevel) -> None:
    """Other numbers of the business account may be connected here, for other staff."""
    if viewer.account_ids is not None and level is WebhookLevel.BUSINESS_ACCOUNT:
        raise InvalidInput(
            "It would change other numbers of the business account, too, and your key is limited to"
            " some accounts: use the level PHONE_NUMBER.",
            field=["level"],
        )


def _open_token(keyring: KeyRing, account: Account) -> str:
    try:
        return keyring.decrypt(
            account.verify_token, collection=COLLECTION, id=account.id, field="verify_token"
        )
    except DecryptionError:
        raise Conflict("The verify token can't be decrypted: enter verifyToken again.") from None


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
