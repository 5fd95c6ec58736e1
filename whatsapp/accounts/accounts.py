"""Accounts: connecting, updating, enabling and stopping a WhatsApp Business number."""

import re
import secrets
from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Account, HealthState
from models.database.base import collection, new_id, utc_now
from whatsapp.accounts.account_restrictions import clear_restrictions
from whatsapp.auth.access import Viewer
from whatsapp.common.crypto import KeyRing, digest_secret
from whatsapp.errors import (
    AccountDisabled,
    AccountStopped,
    Conflict,
    InvalidInput,
    NotFound,
    RefusalCollector,
)
from whatsapp.settings import GRAPH_API_VERSION_PATTERN, SHORTEST_VERIFY_TOKEN

COLLECTION = "accounts"
SECRET_FIELDS = ("access_token", "app_secret", "verify_token")
MAX_FORMER_SECRETS = 10
# The first sync is normally requested at once; this covers a process that ends before that.
FIRST_SYNC = timedelta(minutes=10)
_META_ID = re.compile(r"[0-9]{1,32}")
# A change of these fields requires a new check.
_CREDENTIALS = frozenset(
    {
        "phone_number_id",
        "business_account_id",
        "access_token",
        "app_secret",
        "verify_token",
        "graph_api_version",
    }
)
# A change of these fields may make parked webhooks applicable.
_ADDRESS = frozenset({"phone_number_id", "business_account_id", "app_secret"})
_LIMITS = {
    "name": (1, 200),
    "access_token": (1, 4096),
    "app_secret": (1, 256),
    "verify_token": (SHORTEST_VERIFY_TOKEN, 256),
}


async def get_account(viewer: Viewer, account_id: PydanticObjectId) -> Account:
    """Returns the account; raises NotFound, also if it is being deleted."""
    account = await Account.find_one({"_id": account_id, "deleted_at": None})
    if account is None or not viewer.can_see(account.id):
        raise NotFound("The account", field=["accountId"])
    return account


def require_active_account(account: Account) -> None:
    """Raises AccountDisabled or AccountStopped if the account may not send."""
    if not account.enabled:
        raise AccountDisabled(account)
    if account.health.state is HealthState.STOPPED:
        raise AccountStopped(account)


async def list_account_ids(of_accounts: Any = None) -> list[PydanticObjectId]:
    """Returns the ids of all accounts that are not being deleted.

    `of_accounts` is an id or a MongoDB condition for ids.
    """
    query = {"deleted_at": None} | ({} if of_accounts is None else {"_id": of_accounts})
    return [account["_id"] async for account in collection(Account).find(query, {"_id": 1})]


async def create_account(
    keyring: KeyRing,
    *,
    name: str,
    phone_number_id: str,
    business_account_id: str,
    access_token: str,
    app_secret: str | None = None,
    verify_token: str | None = None,
    graph_api_version: str | None = None,
    check_soon: bool = False,
) -> tuple[Account, str | None]:
    """Connects a number. Returns the account, and the verify token if it was generated.

    `check_soon` schedules a check at Meta in the background.

    Raises:
        InvalidInput: a value is empty, too long or malformed.
        Conflict: the phone number id is already connected.
    """
    generated = None if verify_token else secrets.token_urlsafe(24)
    values: dict[str, Any] = {
        "name": name,
        "phone_number_id": phone_number_id,
        "business_account_id": business_account_id,
        "access_token": access_token,
        "app_secret": app_secret or None,
        "verify_token": verify_token or generated,
        "graph_api_version": graph_api_version or None,
    }
    account_id = new_id()
    account = Account(id=account_id, **_encrypt_secrets(keyring, account_id, _check_values(values)))
    account.check_due_at = utc_now() if check_soon else None
    account.replay_due_at = utc_now()
    account.template_sync.due_at = utc_now() + FIRST_SYNC
    try:
        await account.insert()
    except DuplicateKeyError:
        raise _make_conflict() from None
    return account, generated


async def update_account(
    keyring: KeyRing, account: Account, *, changes: dict[str, Any], check_soon: bool = False
) -> Account:
    """Updates the named fields, those of `create_account` and `send_read_receipts`.

    A new token restarts a stopped account. `app_secret` None selects the server's default secret.
    `check_soon` schedules a check of new credentials in the background.

    Raises:
        InvalidInput: a value is empty, too long or malformed.
        Conflict: the phone number id is already connected.
    """
    if not changes:
        return account
    sealed = _encrypt_secrets(keyring, account.id, _check_values(changes))
    if "access_token" in changes:
        sealed |= _make_restart()
    if check_soon and _CREDENTIALS & changes.keys():
        sealed["check_due_at"] = utc_now()
    if _ADDRESS & changes.keys():
        sealed["replay_due_at"] = utc_now()
    if "app_secret" in changes:
        await _keep_former_secret(account, sealed["app_secret_digest"])
    try:
        await collection(Account).update_one(
            {"_id": account.id}, {"$set": sealed | {"updated_at": utc_now()}}
        )
    except DuplicateKeyError:
        raise _make_conflict() from None
    return await Account.get(account.id) or account


async def _keep_former_secret(account: Account, new_digest: str | None) -> None:
    """Keeps the digest of the current secret, which is about to be replaced."""
    former = {"digest": "$app_secret_digest", "replaced_at": "$$NOW"}
    formers = {"$concatArrays": [{"$ifNull": ["$former_app_secrets", []]}, [former]]}
    await collection(Account).update_one(
        {"_id": account.id, "app_secret_digest": {"$ne": new_digest}},
        [{"$set": {"former_app_secrets": {"$slice": [formers, -MAX_FORMER_SECRETS]}}}],
    )


async def set_account_enabled(account: Account, *, enabled: bool) -> Account:
    """Enables or disables the account; enabling also restarts a stopped account."""
    change: dict[str, Any] = {"enabled": enabled, "updated_at": utc_now()}
    if enabled:
        change |= _make_restart() | {"replay_due_at": utc_now()}
    unchanged = {"enabled": enabled} | ({"health.state": HealthState.OK.value} if enabled else {})
    await collection(Account).update_one({"_id": account.id, "$nor": [unchanged]}, {"$set": change})
    return await Account.get(account.id) or account


async def stop_account(account: Account, *, reason: str, code: int | None = None) -> None:
    """Stops sending from the account until its credentials or restrictions are corrected.

    `code` is Meta's error code. Has no effect if the token was replaced since the account was read.
    """
    now = utc_now()
    await collection(Account).update_one(
        {"_id": account.id, "access_token": account.access_token},
        {
            "$set": {
                "health.state": HealthState.STOPPED.value,
                "health.reason": reason,
                "health.stop_code": code,
                "health.changed_at": now,
                # The end of a reported restriction must not restart the account.
                "restrictions.is_stopping": False,
                "updated_at": now,
            }
        },
    )


def _make_restart() -> dict[str, Any]:
    now = utc_now()
    return {
        "health.state": HealthState.OK.value,
        "health.reason": None,
        "health.stop_code": None,
        "health.changed_at": now,
        **clear_restrictions(now),
    }


def _make_conflict() -> Conflict:
    return Conflict("An account with this phoneNumberId already exists.", field=["phoneNumberId"])


def _check_values(values: dict[str, Any]) -> dict[str, Any]:
    checked = dict(values)
    with RefusalCollector() as collect:
        for name in ("name", "access_token", "app_secret", "verify_token"):
            if name in checked and (name != "app_secret" or checked[name] is not None):
                checked[name] = collect(_check_text, name, checked[name])
        for name in ("phone_number_id", "business_account_id"):
            if name in checked:
                collect(_check_meta_id, name, checked[name])
        if checked.get("graph_api_version") is not None:
            collect(_check_version, checked["graph_api_version"])
    return checked


def _check_meta_id(name: str, value: Any) -> None:
    if not _META_ID.fullmatch(str(value)):
        raise InvalidInput("Use Meta's numeric id of up to 32 digits.", field=[name])


def _check_version(version: str) -> None:
    if not re.fullmatch(GRAPH_API_VERSION_PATTERN, version):
        raise InvalidInput("Use a Graph API version such as v25.0.", field=["graphApiVersion"])


def _check_text(name: str, value: Any) -> str:
    text = str(value or "").strip()
    shortest, longest = _LIMITS[name]
    if not shortest <= len(text) <= longest or not text.isprintable():
        raise InvalidInput(f"Use {shortest} to {longest} printable characters.", field=[name])
    # Meta's tokens and secrets are ASCII, and the token is sent in an HTTP header.
    if name in {"access_token", "app_secret"} and not text.isascii():
        raise InvalidInput("Use ASCII characters only.", field=[name])
    return text


def _encrypt_secrets(keyring: KeyRing, id: Any, values: dict[str, Any]) -> dict[str, Any]:
    sealed = dict(values)
    for field in SECRET_FIELDS:
        if sealed.get(field) is not None:
            sealed[field] = keyring.encrypt(
                values[field], collection=COLLECTION, id=id, field=field
            )
    for field in ("app_secret", "verify_token"):
        if field in values:
            secret = values[field]
            sealed[f"{field}_digest"] = None if secret is None else digest_secret(secret)
    return sealed
