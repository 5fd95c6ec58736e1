"""Accounts: connecting, updating, enabling and stopping a WhatsApp Business number."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Account, HealthState
from models.database.base import collection, new_id, utc_now
from whatsapp.accounts.account_restrictions import clear_restrictions
from whatsapp.accounts.account_values import check_values
from whatsapp.auth.access import Viewer
from whatsapp.common.crypto import KeyRing, digest_secret
from whatsapp.errors import AccountDisabled, AccountStopped, Conflict, NotFound

COLLECTION = "accounts"
SECRET_FIELDS = ("access_token", "app_secret", "verify_token")
MAX_FORMER_SECRETS = 10
# The first sync is normally requested at once; this covers a process that ends before that.
FIRST_SYNC = timedelta(minutes=10)
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
_PLACE = ("phone_number_id", "business_account_id")
# A change of these fields may make parked webhooks applicable.
_ADDRESS = frozenset({"phone_number_id", "business_account_id", "app_secret"})


Prove = Callable[[Account], Awaitable[dict[str, Any]]]
"""Asks Meta about an account before it is stored, see `number_proof`. Returns fields to store."""


async def get_account(viewer: Viewer, account_id: PydanticObjectId) -> Account:
    """Returns the account; raises NotFound, also if it is being deleted."""
    account = await Account.find_one({"_id": account_id, "deleted_at": None})
    if account is None or not viewer.can_see_account(account):
        raise NotFound("The account", field=["accountId"])
    return account


# The accounts that may send.
MAY_SEND: dict[str, Any] = {
    "enabled": True,
    "deleted_at": None,
    "health.state": HealthState.OK.value,
    "workspace_suspended_at": None,
}


def may_send(account: Account) -> bool:
    """Returns True if the account is enabled and healthy, and its workspace is not suspended."""
    is_healthy = account.health.state is HealthState.OK
    is_kept = account.deleted_at is None and account.workspace_suspended_at is None
    return account.enabled and is_healthy and is_kept


def may_send_fields(account: Mapping[str, Any]) -> bool:
    """Returns the same for the stored fields of an account; False if it does not exist."""
    is_healthy = account.get("health", {}).get("state") == HealthState.OK.value
    is_kept = account.get("deleted_at") is None and account.get("workspace_suspended_at") is None
    return bool(account.get("enabled")) and is_healthy and is_kept


def require_active_account(account: Account) -> None:
    """Raises AccountDisabled or AccountStopped if the account may not send."""
    if not account.enabled or account.workspace_suspended_at is not None:
        raise AccountDisabled(account)
    if account.health.state is HealthState.STOPPED:
        raise AccountStopped(account)


async def list_account_ids(
    viewer: Viewer, account_id: PydanticObjectId | None = None
) -> list[PydanticObjectId]:
    """Returns the ids of the viewer's accounts that are not being deleted, or of this one."""
    query: dict[str, Any] = {"deleted_at": None, **viewer.limit_accounts("_id")}
    if account_id is not None:
        if not viewer.is_allowed(account_id):
            return []
        query["_id"] = account_id
    return [account["_id"] async for account in collection(Account).find(query, {"_id": 1})]


async def create_account(
    keyring: KeyRing,
    *,
    workspace_id: PydanticObjectId,
    name: str,
    phone_number_id: str,
    business_account_id: str,
    access_token: str,
    app_secret: str | None = None,
    verify_token: str | None = None,
    graph_api_version: str | None = None,
    check_soon: bool = False,
    prove: Prove | None = None,
) -> tuple[Account, str | None]:
    """Connects a number. Returns the account, and the verify token if it was generated.

    `check_soon` schedules a check at Meta in the background. `prove` refuses a number that is not
    the caller's; without it the number is trusted, as in benchmarks.

    Raises:
        InvalidInput: a value is empty, too long or malformed.
        NumberNotProven, MetaRefused, MetaUnreachable: from `prove`.
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
    sealed = _encrypt_secrets(keyring, account_id, check_values(values))
    account = Account(id=account_id, workspace_id=workspace_id, **sealed)
    if prove is not None:
        account = account.model_copy(update=await prove(account))
    account.check_due_at = utc_now() if check_soon else None
    account.replay_due_at = utc_now()
    account.template_sync.due_at = utc_now() + FIRST_SYNC
    try:
        await account.insert()
    except DuplicateKeyError:
        raise _make_conflict() from None
    return account, generated


async def update_account(
    keyring: KeyRing,
    account: Account,
    *,
    changes: dict[str, Any],
    check_soon: bool = False,
    prove: Prove | None = None,
) -> Account:
    """Updates the named fields: the parameters of `create_account`, and `send_read_receipts`.

    A new token restarts a stopped account. `app_secret` None selects the server's default secret.
    `check_soon` schedules a check of new credentials in the background. `prove` refuses changes
    that Meta does not confirm.

    Raises:
        InvalidInput: a value is empty, too long or malformed.
        NumberNotProven, MetaRefused, MetaUnreachable: from `prove`.
        Conflict: the phone number id is already connected, or the account was moved meanwhile.
    """
    if not changes:
        return account
    sealed = _encrypt_secrets(keyring, account.id, check_values(changes))
    if prove is not None:
        sealed |= await prove(account.model_copy(update=sealed))
    if "access_token" in changes:
        sealed |= _make_restart()
    if check_soon and _CREDENTIALS & changes.keys():
        sealed["check_due_at"] = utc_now()
    if _ADDRESS & changes.keys():
        sealed["replay_due_at"] = utc_now()
    if "app_secret" in changes:
        await _keep_former_secret(account, sealed["app_secret_digest"])
    # A proof holds for the place that was read: two moves must not mix theirs.
    place = {name: getattr(account, name) for name in _PLACE} if prove is not None else {}
    try:
        result = await collection(Account).update_one(
            {"_id": account.id, **place}, {"$set": sealed | {"updated_at": utc_now()}}
        )
    except DuplicateKeyError:
        raise _make_conflict() from None
    if place and result.matched_count == 0:
        raise Conflict("The account was moved or deleted meanwhile: look at it and try again.")
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
