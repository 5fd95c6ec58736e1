"""API keys from the command line."""

from models import (
    Account,
    ApiKey,
    AuditAction,
    AuditTarget,
    Role,
)
from models.database.base import utc_now
from operations.auditing import audited
from operations.database import open_database
from whatsapp.auth.api_keys import create_api_key, is_valid, revoke_api_key
from whatsapp.settings import Settings


async def create_key(
    settings: Settings,
    *,
    name: str,
    role: Role,
    phone_number_ids: list[str] | None,
    for_server: bool = False,
) -> str:
    """Creates an API key for the given accounts, or for all. Returns its token.

    The key gets an agent of its own, unless it is the key of a server.

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
                for_server=for_server,
            )
            targets.append(AuditTarget(type="ApiKey", id=str(key.id)))
    return token


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
