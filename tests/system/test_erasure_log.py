"""The erasure log has every erasure, also if processes are killed or the log is unavailable."""

import asyncio
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import Account, Contact, ErasedIdentity, Message, Role
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from tests.fixtures.servers import ServerProcess
from tests.fixtures.waiting import eventually
from tests.fixtures.world import NUMBER, connect_number
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

DELETE = "mutation ($id: ID!) { deleteContact(input: {contactId: $id}) { deletedContactId } }"
MERGE = """mutation ($id: ID!, $into: ID!) {
  mergeContacts(input: {contactId: $id, intoContactId: $into}) { contact { id } } }"""
DELETE_ACCOUNT = """mutation ($id: ID!) {
  deleteAccount(input: {accountId: $id}) { deletedAccountId } }"""
CONTACTS = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def settings(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"erasure_log_url": f"file://{folder}"})


def list_logged(folder: Path, kind: str = "contacts") -> set[str]:
    return {path.name for path in (folder / "erasures" / kind).glob("*")}


async def add_contact(account: Account, wa_id: str) -> str:
    message = await write_message(account, wa_id, "Private text", name="Ana")
    return str(message.contact_id)


async def test_killed_process_leaves_no_unrecorded_erasure(
    database: AsyncDatabase[dict[str, Any]],
    keyring: KeyRing,
    make_server: Callable[..., ServerProcess],
    folder: Path,
) -> None:
    account = await connect_number(keyring, NUMBER)
    ids = [await add_contact(account, f"1555000{number:04}") for number in range(CONTACTS)]
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    server = make_server(ERASURE_LOG_URL=f"file://{folder}")
    server.start()
    acknowledged: set[str] = set()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as http:
        client = GraphQLClient(http, token)

        async def erase(contact_id: str) -> None:
            await client(DELETE, id=encode_id("Contact", contact_id))
            acknowledged.add(contact_id)

        erasures = [asyncio.create_task(erase(contact_id)) for contact_id in ids]

        async def has_some() -> bool:
            return len(acknowledged) > 2

        await eventually(has_some)
        server.kill()
        await asyncio.gather(*erasures, return_exceptions=True)

    left = {str(contact.id) async for contact in Contact.find_all()}
    logged = list_logged(folder)
    assert acknowledged <= logged
    # The entry is written before anything is removed.
    assert set(ids) - left <= logged


async def test_log_has_ids_times_and_digests_only(
    admin: GraphQLClient, account: Account, folder: Path
) -> None:
    merged, contact = [await add_contact(account, f"1555000000{number}") for number in range(2)]
    into = encode_id("Contact", contact)
    await admin(MERGE, id=encode_id("Contact", merged), into=into)
    await admin(DELETE, id=into)
    people = await collection(ErasedIdentity).distinct("person")
    assert len(people) == 2
    await admin(DELETE_ACCOUNT, id=encode_id("Account", account.id))

    # A backup from before the merge has the merged contact too.
    assert list_logged(folder) == {merged, contact}
    assert list_logged(folder, "accounts") == {str(account.id)}
    digests = [person.hex() for person in people]
    for entry in (folder / "erasures").rglob("*"):
        if entry.is_dir():
            continue
        time, *lines = entry.read_text().split("\n")
        assert datetime.fromisoformat(time)
        if entry.parent.name == "contacts":
            assert lines == [str(account.id), "-", *sorted(digests)]
        else:
            assert lines == []


async def test_erasure_waits_for_unavailable_log(
    admin: GraphQLClient, account: Account, folder: Path
) -> None:
    contact = await add_contact(account, "15550001111")
    global_id = encode_id("Contact", contact)
    shutil.rmtree(folder)
    await asyncio.to_thread(folder.write_text, "not a folder")

    code = await admin.find_error_code(DELETE, id=global_id)

    assert code == "SERVICE_UNAVAILABLE"
    assert await Message.find({"text": "Private text"}).count() == 1
    await asyncio.to_thread(folder.unlink)
    await admin(DELETE, id=global_id)
    assert list_logged(folder) == {contact}
    assert await Message.find_all().count() == 0
