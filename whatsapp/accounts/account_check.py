"""Checks of an account at Meta: credentials, phone number and webhook subscription.

A failed check is a result, not an error. The check also stores Meta's data about the number, and a
valid token restarts an account that was stopped for an invalid token.
"""

import asyncio
import contextlib
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId

from models import Account, AccountCheck, CheckName, CheckReport
from models.database.base import collection, utc_now
from whatsapp.accounts.account_api import AccountAPI, decrypt_access_token
from whatsapp.accounts.account_events import (
    CLOUD_PLATFORM,
    LIMIT_FIELD,
    NUMBER_FIELDS,
    read_limit_field,
    read_number_fields,
    update_account_fields,
)
from whatsapp.accounts.account_restrictions import restart_stopped_account
from whatsapp.accounts.accounts import COLLECTION, get_account
from whatsapp.accounts.business_numbers import find_business_number, is_unknown_object
from whatsapp.accounts.default_secret import find_default_secret
from whatsapp.accounts.webhook_subscription import (
    list_former_urls,
    list_subscribed_apps,
    make_webhook_url,
    read_callback_urls,
)
from whatsapp.auth.access import Viewer
from whatsapp.common.crypto import DecryptionError, KeyRing
from whatsapp.errors import MetaRefused, MetaUnreachable
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

_NEED_TOKEN = [name for name in CheckName if name not in (CheckName.TOKEN, CheckName.APP_SECRET)]


async def check_account(
    account_api: AccountAPI,
    viewer: Viewer,
    account_id: PydanticObjectId,
    *,
    keyring: KeyRing,
    settings: Settings,
) -> Account:
    """Checks the account and returns it; `last_check` has the results.

    Raises:
        NotFound: the account.
    """
    account = await get_account(viewer, account_id)
    return await AccountCheckup(account, account_api, keyring=keyring, settings=settings).run()


class AccountCheckup:
    """A check of an account."""

    def __init__(
        self, account: Account, account_api: AccountAPI, *, keyring: KeyRing, settings: Settings
    ) -> None:
        self.account = account
        self._api = account_api
        self._keyring = keyring
        self._settings = settings

    async def run(self) -> Account:
        """Runs all checks, stores the results, and returns the updated account."""
        # Webhooks that arrive from now on are newer than the responses to these requests.
        started_at = utc_now()
        token, number = await self._check_token()
        if token.ok:
            checks, _ = await asyncio.gather(
                self._complete(token, number), self._record(number, started_at)
            )
            await restart_stopped_account(self.account)
        else:
            checks = await self._complete(token, number)
        report = CheckReport(at=started_at, checks=checks)
        await collection(Account).update_one(
            {"_id": self.account.id, "deleted_at": None},
            {"$set": {"last_check": report.model_dump(mode="python"), "updated_at": utc_now()}},
        )
        failed = [check.name.value for check in checks if not check.ok]
        logger.info(
            "The account was checked; failed checks: %s",
            ", ".join(failed) or "none",
            extra={"account_id": self.account.id},
        )
        return await Account.get(self.account.id) or self.account

    async def find_checks(self) -> list[AccountCheck]:
        """Runs all checks, and changes nothing if the AccountAPI doesn't stop accounts."""
        return await self._complete(*await self._check_token())

    async def _complete(
        self, token: AccountCheck, number: Mapping[str, Any] | None
    ) -> list[AccountCheck]:
        if token.ok:
            return [token, *await self._check_rest(number)]
        unknown = [
            _fail(name, "Not checked: correct the access token first.") for name in _NEED_TOKEN
        ]
        return [token, *unknown, (await self._find_app_secret())[0]]

    async def _check_token(self) -> tuple[AccountCheck, Mapping[str, Any] | None]:
        """Checks the token; also returns the number if the token may read it."""
        name = CheckName.TOKEN
        try:
            number = await self._read_number(",".join(NUMBER_FIELDS))
        except MetaRefused as refusal:
            if is_unknown_object(refusal):
                return _pass(name, "WhatsApp accepts the access token."), None
            return _fail(name, refusal.message), None
        except MetaUnreachable as unreachable:
            return _fail(name, unreachable.message), None
        return _pass(name, "WhatsApp accepts the access token."), number

    async def _check_rest(self, number: Mapping[str, Any] | None) -> list[AccountCheck]:
        return [
            _check_number(number),
            *await asyncio.gather(
                _run_check(CheckName.BUSINESS_ACCOUNT, self._check_business()),
                _run_check(CheckName.WEBHOOK_SUBSCRIPTION, self._check_subscription()),
                _run_check(CheckName.WEBHOOK_URL, self._check_url()),
                _run_check(CheckName.APP_SECRET, self._check_app_secret()),
            ),
        ]

    async def _check_business(self) -> AccountCheck:
        name, account = CheckName.BUSINESS_ACCOUNT, self.account
        if await find_business_number(self._api, account) is not None:
            return _pass(name, "The number belongs to the business account.")
        return _fail(
            name,
            f"The business account {account.business_account_id} has no number"
            f" {account.phone_number_id}: correct businessAccountId or phoneNumberId.",
        )

    async def _check_subscription(self) -> AccountCheck:
        name = CheckName.WEBHOOK_SUBSCRIPTION
        apps = await list_subscribed_apps(self._api, self.account)
        if not apps:
            return _fail(
                name,
                "No Meta app is subscribed to the business account's webhooks:"
                " call subscribeWebhooks.",
            )
        return _pass(name, f"Subscribed apps: {', '.join(map(_name_app, apps))}.")

    async def _check_url(self) -> AccountCheck:
        name, ours = CheckName.WEBHOOK_URL, make_webhook_url(self._settings, self.account)
        own_urls = {ours, *list_former_urls(self._settings, self.account)}
        urls = await read_callback_urls(self._api, self.account)
        if urls.messages is None:
            return _fail(name, "No webhook URL is set at WhatsApp: call subscribeWebhooks.")
        if urls.messages not in own_urls:
            return _fail(
                name, f"Messages go to {urls.messages} instead of {ours}: call subscribeWebhooks."
            )
        if urls.application not in own_urls:
            return _pass(
                name,
                "Messages come here. Webhooks about templates and the account go to the Meta app's"
                f" own URL: {urls.application or 'none is set'}.",
            )
        return _pass(name, "Webhooks come to this server.")

    async def _check_app_secret(self) -> AccountCheck:
        """Sends a proof made with the secret; Meta refuses a proof by another app's secret."""
        check, secret = await self._find_app_secret()
        if secret is None:
            return check
        token = decrypt_access_token(self._keyring, self.account)
        proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        try:
            await self._read_number("id", appsecret_proof=proof)
        except MetaRefused as refusal:
            if refusal.error.code == 100 and "appsecret_proof" in refusal.error.title:
                return _fail(
                    CheckName.APP_SECRET,
                    "It is not the secret of the access token's app, so its webhooks would be"
                    " refused: correct appSecret.",
                )
            # Another check reports any other error.
        return check

    async def _find_app_secret(self) -> tuple[AccountCheck, str | None]:
        name, account = CheckName.APP_SECRET, self.account
        if account.app_secret is not None:
            try:
                secret = self._keyring.decrypt(
                    account.app_secret, collection=COLLECTION, id=account.id, field="app_secret"
                )
            except DecryptionError:
                return _fail(
                    name, "The app secret can't be decrypted: enter appSecret again."
                ), None
            return _pass(name, "The account has its own app secret."), secret
        default = await find_default_secret(self._settings, account.workspace_id)
        if default is not None:
            return _pass(
                name, "The server's default app secret is used."
            ), default.get_secret_value()
        return _fail(
            name, "No app secret is set, so webhooks can't be verified: enter appSecret."
        ), None

    async def _read_number(self, fields: str, **query: str) -> dict[str, Any]:
        return await self._api.call(
            self.account, "GET", self.account.phone_number_id, query={"fields": fields, **query}
        )

    async def _record(self, number: Mapping[str, Any] | None, at: datetime) -> None:
        updates = read_number_fields(number or {}, at)
        # Older versions of the Graph API don't have this field.
        with contextlib.suppress(MetaRefused, MetaUnreachable):
            updates += read_limit_field(await self._read_number(LIMIT_FIELD), at)
        await update_account_fields(self.account.id, updates)


def _check_number(number: Mapping[str, Any] | None) -> AccountCheck:
    name = CheckName.PHONE_NUMBER
    if number is None:
        return _fail(
            name,
            "The number does not exist, or the token may not read it: correct phoneNumberId, or"
            " assign the business account to the token's system user.",
        )
    label = f"{number.get('display_phone_number')} ({number.get('verified_name')})"
    platform = number.get("platform_type")
    if platform is not None and platform != CLOUD_PLATFORM:
        return _fail(name, f"{label} is not registered with the Cloud API (platform {platform}).")
    verification, name_status = number.get("code_verification_status"), number.get("name_status")
    return _pass(name, f"{label}; verification {verification}, name {name_status}.")


async def _run_check(name: CheckName, check: Awaitable[AccountCheck]) -> AccountCheck:
    try:
        return await check
    except (MetaRefused, MetaUnreachable) as refusal:
        return _fail(name, refusal.message)


def _name_app(app: Mapping[str, Any]) -> str:
    data = app.get("whatsapp_business_api_data")
    data = data if isinstance(data, dict) else {}
    return str(data.get("name") or data.get("id") or "an app without a name")


def _pass(name: CheckName, message: str) -> AccountCheck:
    return AccountCheck(name=name, ok=True, message=message)


def _fail(name: CheckName, message: str) -> AccountCheck:
    return AccountCheck(name=name, ok=False, message=message)
