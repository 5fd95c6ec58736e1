"""Rotation of encryption keys, with concurrent changes and crashes."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import Account, AuditAction, AuditEntry, AuditOutcome, CredentialKind
from models.database.base import DEFAULT_WORKSPACE_ID, collection, to_bson
from tests.conftest import ENCRYPTION_KEYS
from tests.fixtures.servers import ROOT, make_environment
from tests.fixtures.waiting import eventually
from whatsapp.accounts import key_rotation
from whatsapp.accounts.account_api import decrypt_access_token
from whatsapp.accounts.accounts import SECRET_FIELDS, create_account, update_account
from whatsapp.accounts.key_rotation import count_secrets, rotate_secrets
from whatsapp.common.crypto import DecryptionError, KeyRing
from whatsapp.common.people import get_people_digests, open_people_digests
from whatsapp.privacy.account_deletion import delete_account
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.settings import Settings

NEW_KEY = "k2:" + base64.b64encode(bytes(range(32, 64))).decode()
BOTH = f"{NEW_KEY},{ENCRYPTION_KEYS}"
OLD, RING, NEW = (KeyRing.from_text(text) for text in (ENCRYPTION_KEYS, BOTH, NEW_KEY))


async def connect(keyring: KeyRing, number: int) -> Account:
    account, _ = await create_account(
        keyring,
        workspace_id=DEFAULT_WORKSPACE_ID,
        name=f"shop {number}",
        phone_number_id=str(number),
        business_account_id="1",
        access_token=f"token-{number}",
        app_secret=f"secret-{number}" if number % 2 else None,
        verify_token=f"verify-token-{number}",
    )
    return account


async def connect_many(count: int) -> None:
    """Inserts accounts with the old key in a single write."""
    pattern = to_bson(await connect(OLD, 0))
    documents = []
    for number in range(1, count):
        account = Account(**{**pattern, "_id": None, "id": f"{number:024x}"})
        document = to_bson(account) | {"phone_number_id": str(number)}
        for name in ("access_token", "verify_token"):
            document[name] = OLD.encrypt(
                f"{name}-{number}", collection="accounts", id=account.id, field=name
            )
        documents.append(document)
    await collection(Account).insert_many(documents)


def read_secrets(account: Account, keyring: KeyRing) -> dict[str, str]:
    stored = {name: getattr(account, name) for name in SECRET_FIELDS}
    return {
        name: keyring.decrypt(text, collection="accounts", id=account.id, field=name)
        for name, text in stored.items()
        if text
    }


async def count_old() -> int:
    return await collection(Account).count_documents({"access_token": {"$regex": "^v1:k1:"}})


@pytest.fixture(autouse=True)
def empty(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Every test begins with an empty database."""


async def test_every_secret_comes_under_first_key() -> None:
    for number in (1, 2):
        await connect(OLD, number)
    await connect(RING, 3)
    await delete_account(await connect(OLD, 4), ErasureLog(None))
    before = await Account.find_all(sort="_id").to_list()

    first, second = await rotate_secrets(RING), await rotate_secrets(RING)

    after = await Account.find_all(sort="_id").to_list()
    assert (first.accounts, first.encrypted, first.current) == (4, 5, 3)
    assert (second.encrypted, second.current, second.unreadable) == (0, 8, [])
    assert [read_secrets(one, NEW) for one in after] == [read_secrets(one, RING) for one in before]
    secrets = set(SECRET_FIELDS)
    assert [one.model_dump(exclude=secrets) for one in after] == [
        one.model_dump(exclude=secrets) for one in before
    ]


async def test_interrupted_rotation_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(6):
        await connect(OLD, number)
    encrypt, calls = KeyRing.encrypt, iter(range(100))

    def interrupt(*args: Any, **kwargs: Any) -> str:
        if next(calls) == 5:
            raise KeyboardInterrupt
        return encrypt(*args, **kwargs)

    monkeypatch.setattr(KeyRing, "encrypt", interrupt)
    with pytest.raises(KeyboardInterrupt):
        await rotate_secrets(RING)
    monkeypatch.undo()

    report = await rotate_secrets(RING)

    assert (report.current, report.encrypted) == (5, 10)
    stored = await Account.find_all(sort="_id").to_list()
    tokens = [decrypt_access_token(NEW, account) for account in stored]
    assert tokens == [f"token-{number}" for number in range(6)]


async def test_new_token_that_comes_meanwhile_is_never_lost() -> None:
    accounts = [await connect(OLD, number) for number in range(4)]
    is_over = asyncio.Event()

    async def keep_changing(account: Account) -> str:
        """As servers do that have not been restarted with the new key yet."""
        for round_ in range(1000):
            await update_account(OLD, account, changes={"access_token": f"round-{round_}"})
            if is_over.is_set():
                return f"round-{round_}"
        raise AssertionError("the rotation never ended")

    async def rotate() -> None:
        for _ in range(3):
            await rotate_secrets(RING)
        is_over.set()

    *last, _ = await asyncio.gather(*map(keep_changing, accounts), rotate())
    await rotate_secrets(RING)

    stored = await Account.find_all(sort="_id").to_list()
    assert [decrypt_access_token(NEW, one) for one in stored] == last


async def test_concurrently_replaced_secret_is_rotated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = await connect(OLD, 1)
    original, raced = key_rotation._rotate_secret, list[str]()

    async def race(keyring: KeyRing, kind: Any, place: Any, text: str, report: Any) -> None:
        if not raced:
            raced.append(place["field"])
            await update_account(OLD, account, changes={raced[0]: "replaced"})
        await original(keyring, kind, place, text, report)

    monkeypatch.setattr(key_rotation, "_rotate_secret", race)

    report = await rotate_secrets(RING)

    stored = await Account.get(account.id)
    assert stored is not None
    assert read_secrets(stored, NEW)[raced[0]] == "replaced"
    assert (report.encrypted, report.current, report.changed) == (3, 0, 0)


async def test_digests_of_customers_outlive_rotation() -> None:
    await open_people_digests(OLD)
    before = get_people_digests().digest("4915155501234")
    await open_people_digests(OLD)
    assert get_people_digests().digest("+4915155501234") == before

    report = await rotate_secrets(RING)

    assert (report.encrypted, (await count_secrets(NEW)).unreadable) == (1, [])
    with pytest.raises(DecryptionError):
        await open_people_digests(OLD)
    await open_people_digests(NEW)
    assert get_people_digests().digest("4915155501234") == before


async def test_undecryptable_secrets_are_named_and_kept() -> None:
    lost, moved, fine = [await connect(OLD, number) for number in (1, 3, 5)]
    other_ring = KeyRing.from_text("k1:" + base64.b64encode(os.urandom(32)).decode())
    sealed = other_ring.encrypt("x", collection="accounts", id=lost.id, field="access_token")
    await lost.set({Account.access_token: sealed})
    await moved.set({Account.access_token: fine.access_token})

    report = await rotate_secrets(RING)

    places = [f"accounts|{one.id}|access_token" for one in (lost, moved)]
    assert [place in text for place, text in zip(places, report.unreadable, strict=True)] == [
        True,
        True,
    ]
    assert (report.encrypted, report.accounts) == (7, 3)
    for account in (lost, moved):
        stored = await Account.get(account.id)
        assert stored is not None
        assert stored.access_token == account.access_token
        with pytest.raises(DecryptionError):
            decrypt_access_token(RING, stored)


def start(settings: Settings, keys: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "rotate-encryption-keys"],
        env=make_environment(settings, LOG_LEVEL="WARNING", ENCRYPTION_KEYS=keys),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = await asyncio.to_thread(process.communicate, timeout=180)
    return process.returncode, out, err


async def test_killed_command_is_run_again(settings: Settings) -> None:
    count = 60
    await connect_many(count)
    process = start(settings, BOTH)

    async def has_begun() -> bool:
        return await count_old() < count

    await eventually(has_begun, seconds=120)
    process.send_signal(signal.SIGKILL)
    await finish(process)

    code, out, err = await finish(start(settings, BOTH))

    assert (code, err) == (0, "")
    assert f"accounts: {count};" in out
    assert out.endswith("unreadable: 0\n")
    assert await count_old() == 0
    for account in await Account.find_all().to_list():
        assert read_secrets(account, NEW)
    entries = await AuditEntry.find_all(sort="+created_at").to_list()
    assert {entry.action for entry in entries} == {AuditAction.ENCRYPTION_KEYS_ROTATED}
    assert entries[-1].outcome is AuditOutcome.DONE
    assert entries[-1].actor.kind is CredentialKind.OPERATOR


async def test_wrong_key_is_reported_and_changes_nothing(settings: Settings) -> None:
    account = await connect(OLD, 1)

    code, out, err = await finish(start(settings, NEW_KEY))

    assert code == 1
    assert out == ("accounts: 1; secrets re-encrypted with k2: 0; current: 0; unreadable: 3\n")
    assert f"accounts|{account.id}|access_token can't be decrypted" in err
    assert "Add the keys of these secrets to ENCRYPTION_KEYS" in err
    assert await Account.get(account.id) == account
