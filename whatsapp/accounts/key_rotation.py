"""Encrypting every stored credential anew, under the first key of the ring.

Servers may run meanwhile: each secret is replaced only while it is still the one that was read. It
may be interrupted anywhere and run again, since what is done already is left alone.
"""

from dataclasses import dataclass, field

from beanie import PydanticObjectId

from models import Account
from models.database.base import collection
from whatsapp.accounts.accounts import COLLECTION, SECRET_FIELDS
from whatsapp.common.crypto import DecryptionError, KeyRing

MAX_PASSES = 5


@dataclass
class RotationReport:
    accounts: int = 0
    encrypted: int = 0
    """Secrets that were encrypted anew."""
    current: int = 0
    """Secrets that were under the first key already."""
    changed: int = 0
    """Secrets that somebody else replaced at that moment: the next pass looks at them again."""
    unreadable: list[str] = field(default_factory=list)
    """What is wrong with each secret that no key of the ring opens."""


async def rotate_secrets(keyring: KeyRing) -> RotationReport:
    """Goes over all accounts until nobody replaced a secret at the same moment."""
    report = await _go_over_all(keyring)
    for _ in range(MAX_PASSES - 1):
        if not report.changed:
            break
        encrypted = report.encrypted
        report = await _go_over_all(keyring)
        report.encrypted += encrypted
        report.current -= encrypted
    return report


async def _go_over_all(keyring: KeyRing) -> RotationReport:
    report = RotationReport()
    shown = dict.fromkeys(SECRET_FIELDS, 1)
    # A cursor that stays open for long would be ended by the server; ids are read first.
    ids = [one["_id"] async for one in collection(Account).find({}, {"_id": 1}).sort("_id")]
    for account_id in ids:
        account = await collection(Account).find_one({"_id": account_id}, shown)
        if account is None:
            continue
        report.accounts += 1
        for name in SECRET_FIELDS:
            # A deleted account has empty ones.
            if account.get(name):
                await _rotate(keyring, account_id, name, account[name], report)
    return report


async def _rotate(
    keyring: KeyRing, id: PydanticObjectId, name: str, ciphertext: str, report: RotationReport
) -> None:
    try:
        secret = keyring.decrypt(ciphertext, collection=COLLECTION, id=id, field=name)
    except DecryptionError as error:
        report.unreadable.append(str(error))
        return
    if keyring.is_current(ciphertext):
        report.current += 1
        return
    sealed = keyring.encrypt(secret, collection=COLLECTION, id=id, field=name)
    done = await collection(Account).update_one(
        {"_id": id, name: ciphertext}, {"$set": {name: sealed}}
    )
    if done.modified_count:
        report.encrypted += 1
    else:
        report.changed += 1
