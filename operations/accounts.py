"""Checks of stored credentials, and of each account at Meta."""

import asyncio

from models import Account
from operations.findings import Finding, failed, passed, warned
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.account_check import AccountCheckup
from whatsapp.accounts.key_rotation import count_secrets
from whatsapp.common.crypto import KeyRing
from whatsapp.errors import MetaRefused, MetaUnreachable
from whatsapp.settings import Settings

CONCURRENCY = 8
NEEDED_PERMISSIONS = frozenset({"whatsapp_business_management", "whatsapp_business_messaging"})


async def check_secrets(keyring: KeyRing) -> list[Finding]:
    """Decrypts every stored secret; a finding for each key, and for each unreadable secret."""
    name = "encryption.keys"
    counts = await count_secrets(keyring)
    findings = [
        passed(f"{name}.{key_id}", f"The key decrypts {number} stored secret(s).")
        for key_id, number in counts.by_key.items()
    ]
    findings += [
        failed(
            name,
            f"{problem}.",
            "Add its key to ENCRYPTION_KEYS, or enter the secret again with updateAccount.",
        )
        for problem in counts.unreadable
    ]
    return findings


async def check_accounts(
    account_api: AccountAPI, *, keyring: KeyRing, settings: Settings
) -> list[Finding]:
    """Asks Meta about each enabled account, and changes nothing."""
    accounts = await Account.find({"deleted_at": None}, sort="phone_number_id").to_list()
    if not accounts:
        return [passed("meta", "No account is connected yet.")]
    slots = asyncio.Semaphore(CONCURRENCY)

    async def check(account: Account) -> list[Finding]:
        async with slots:
            return await _check_account(account, account_api, keyring=keyring, settings=settings)

    groups = await asyncio.gather(*(check(account) for account in accounts))
    return [finding for group in groups for finding in group]


async def _check_account(
    account: Account, account_api: AccountAPI, *, keyring: KeyRing, settings: Settings
) -> list[Finding]:
    name = f"meta.{account.phone_number_id}"
    if not account.enabled:
        return [warned(name, "The account is disabled.", "Enable it with enableAccount.")]
    checkup = AccountCheckup(account, account_api, keyring=keyring, settings=settings)
    checks, permissions = await asyncio.gather(
        checkup.find_checks(), _check_permissions(f"{name}.permissions", account, account_api)
    )
    return [
        *(
            (passed if check.ok else failed)(f"{name}.{check.name.lower()}", check.message)
            for check in checks
        ),
        permissions,
    ]


async def _check_permissions(name: str, account: Account, account_api: AccountAPI) -> Finding:
    """Checks what the access token may do; messages need less than the rest."""
    try:
        response = await account_api.call(account, "GET", "me", "permissions")
    except (MetaRefused, MetaUnreachable) as error:
        return warned(
            name,
            f"The access token's permissions can't be read: {error.message}",
            "Check the other findings about this number, and the token in Meta's token debugger.",
        )
    granted = _read_granted(response.get("data"))
    missing = ", ".join(sorted(NEEDED_PERMISSIONS - granted))
    if missing:
        return failed(
            name,
            f"The access token lacks {missing}.",
            "Generate a token with both permissions, and store it with updateAccount.",
        )
    return passed(name, f"The access token has {', '.join(sorted(NEEDED_PERMISSIONS))}.")


def _read_granted(items: object) -> set[str]:
    """Returns the names of granted permissions in Meta's list."""
    return {
        str(item.get("permission"))
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and item.get("status") == "granted"
    }
