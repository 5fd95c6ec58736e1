"""Key rotation: encrypts all stored credentials with the first key of the ring.

Servers may run meanwhile, because a secret is replaced only if it is unchanged since it was read.
The rotation may be interrupted and repeated; current secrets are skipped.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from beanie import Document

from models import Account, PeopleKey
from models.database.base import collection
from whatsapp.accounts.accounts import COLLECTION, SECRET_FIELDS
from whatsapp.common.crypto import DecryptionError, KeyRing, get_key_id
from whatsapp.common.people import KEY_FIELD, PLACE

MAX_PASSES = 5


@dataclass
class SecretCounts:
    by_key: Counter[str]
    """Readable secrets for each key of the ring; 0 for unused keys."""
    unreadable: list[str] = field(default_factory=list)
    """A message for each secret that no key of the ring decrypts."""


async def count_secrets(keyring: KeyRing) -> SecretCounts:
    """Decrypts every stored secret, and changes nothing."""
    counts = SecretCounts(Counter(dict.fromkeys(keyring.key_ids, 0)))
    projection = dict.fromkeys(SECRET_FIELDS, 1)
    if (key := await collection(PeopleKey).find_one({})) is not None:
        _count_secret(keyring, key[KEY_FIELD], PLACE, counts)
    async for account in collection(Account).find({}, projection).sort("_id"):
        for name in SECRET_FIELDS:
            if ciphertext := account.get(name):
                place = {"collection": COLLECTION, "id": account["_id"], "field": name}
                _count_secret(keyring, ciphertext, place, counts)
    return counts


def _count_secret(
    keyring: KeyRing, ciphertext: str, place: dict[str, Any], counts: SecretCounts
) -> None:
    try:
        keyring.decrypt(ciphertext, **place)
    except DecryptionError as error:
        counts.unreadable.append(str(error))
    else:
        counts.by_key[get_key_id(ciphertext)] += 1


@dataclass
class RotationReport:
    accounts: int = 0
    encrypted: int = 0
    """Secrets that were re-encrypted."""
    current: int = 0
    """Secrets that already used the first key."""
    changed: int = 0
    """Secrets that changed during the pass; the next pass reads them again."""
    unreadable: list[str] = field(default_factory=list)
    """A message for each secret that no key of the ring decrypts."""


async def rotate_secrets(keyring: KeyRing) -> RotationReport:
    """Repeats passes over all accounts until no secret changed during a pass."""
    report = await _run_pass(keyring)
    for _ in range(MAX_PASSES - 1):
        if not report.changed:
            break
        encrypted = report.encrypted
        report = await _run_pass(keyring)
        report.encrypted += encrypted
        report.current -= encrypted
    return report


async def _run_pass(keyring: KeyRing) -> RotationReport:
    report = RotationReport()
    projection = dict.fromkeys(SECRET_FIELDS, 1)
    # Ids are read first, because the server would close a cursor that stays open for long.
    ids = [fields["_id"] async for fields in collection(Account).find({}, {"_id": 1}).sort("_id")]
    for account_id in ids:
        account = await collection(Account).find_one({"_id": account_id}, projection)
        if account is None:
            continue
        report.accounts += 1
        for name in SECRET_FIELDS:
            # The secrets of a deleted account are empty.
            if account.get(name):
                place = {"collection": COLLECTION, "id": account_id, "field": name}
                await _rotate_secret(keyring, Account, place, account[name], report)
    if (key := await collection(PeopleKey).find_one({})) is not None:
        await _rotate_secret(keyring, PeopleKey, PLACE, key[KEY_FIELD], report)
    return report


async def _rotate_secret(
    keyring: KeyRing,
    document_class: type[Document],
    place: dict[str, Any],
    ciphertext: str,
    report: RotationReport,
) -> None:
    try:
        secret = keyring.decrypt(ciphertext, **place)
    except DecryptionError as error:
        report.unreadable.append(str(error))
        return
    if keyring.is_current(ciphertext):
        report.current += 1
        return
    sealed, name = keyring.encrypt(secret, **place), place["field"]
    result = await collection(document_class).update_one(
        {"_id": place["id"], name: ciphertext}, {"$set": {name: sealed}}
    )
    if result.modified_count:
        report.encrypted += 1
    else:
        report.changed += 1
