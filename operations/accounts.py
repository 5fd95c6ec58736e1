"""Checks of stored credentials, and of each account at Meta."""

import asyncio

from models import Account
from operations.findings import Finding, failed, passed, warned
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.account_check import AccountCheckup
from whatsapp.accounts.key_rotation import count_secrets
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

CONCURRENCY = 8


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
    return [
        (passed if check.ok else failed)(f"{name}.{check.name.lower()}", check.message)
        for check in await checkup.find_checks()
    ]
