"""API keys from the command line, and the audit log of commands."""

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from beanie import PydanticObjectId

from models import (
    Account,
    ApiKey,
    AuditAction,
    AuditActor,
    AuditOutcome,
    AuditTarget,
    CredentialKind,
    Role,
)
from models.database.base import utc_now
from operations.database import open_database
from whatsapp.auth.api_keys import create_api_key, is_valid, revoke_api_key
from whatsapp.auth.audit import AuditedAction, AuditTrail
from whatsapp.settings import Settings


async def create_key(
    settings: Settings, *, name: str, role: Role, phone_number_ids: list[str] | None
) -> str:
    """Creates an API key for the given accounts, or for all. Returns its token.

    Raises:
        SystemExit: an account is unknown.
        DatabaseUnusable: see `open_database`.
    """
    async with open_database(settings):
        accounts = None
        if phone_number_ids:
            documents = await Account.find({"phone_number_id": {"$in": phone_number_ids}}).to_list()
            if len(documents) != len(set(phone_number_ids)):
                raise SystemExit("Unknown phone number id; no API key was created.")
            accounts = [account.id for account in documents]
        async with audited(settings, AuditAction.API_KEY_CREATED, accounts=accounts) as targets:
            key, token = await create_api_key(
                name=name,
                role=role,
                account_ids=accounts,
                created_by="manage.py",
            )
            targets.append(AuditTarget(type="ApiKey", id=str(key.id)))
    return token


@asynccontextmanager
async def audited(
    settings: Settings, action: AuditAction, *, accounts: list[PydanticObjectId] | None = None
) -> AsyncIterator[list[AuditTarget]]:
    """Records an action in the audit log; yields the list of its targets."""
    trail = AuditTrail(days=settings.audit_days)
    operator = find_operator()
    actor = AuditActor(kind=CredentialKind.OPERATOR, id=operator, name=operator)
    entry = await trail.begin(AuditedAction(action, actor))
    targets: list[AuditTarget] = []
    try:
        yield targets
    except Exception:
        await trail.finish(entry, AuditOutcome.FAILED, targets=targets, account_ids=accounts)
        raise
    await trail.finish(entry, AuditOutcome.DONE, targets=targets, account_ids=accounts)


def find_operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # users in containers may have no name
        return "operator"


async def describe_keys(settings: Settings) -> list[str]:
    """Returns a line for each API key, oldest first.

    Raises:
        DatabaseUnusable: see `open_database`.
    """
    lines = []
    async with open_database(settings):
        now = utc_now()
        async for key in ApiKey.find_all(sort="created_at"):
            state = "revoked" if key.revoked_at else "valid" if is_valid(key, now) else "expired"
            reach = "all" if key.account_ids is None else str(len(key.account_ids))
            lines.append(
                f"wag_{key.prefix}_…  {state:8}{key.role:7}{reach:>4} accounts  {key.name}"
            )
    return lines


async def revoke_key(settings: Settings, prefix: str) -> str:
    """Revokes an API key. Returns its name.

    Raises:
        SystemExit: no API key has this prefix.
        DatabaseUnusable: see `open_database`.
    """
    prefix = prefix.removeprefix("wag_").partition("_")[0]
    async with open_database(settings):
        key = await ApiKey.find_one({"prefix": prefix})
        if key is None:
            raise SystemExit(f"No API key has the prefix {prefix}; see `manage.py list-api-keys`.")
        async with audited(
            settings, AuditAction.API_KEY_REVOKED, accounts=key.account_ids
        ) as targets:
            targets.append(AuditTarget(type="ApiKey", id=str(key.id)))
            await revoke_api_key(key)
    return key.name
