"""The job: one at a time for each contact, taken over after a crash, stopped by removals."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import CollectionInvalid

from models import (
    Account,
    AuditAction,
    AuditEntry,
    AuditOutcome,
    Contact,
    ContactExport,
    ExportState,
    Message,
    Role,
)
from models.database.base import collection, new_id, utc_now
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, id_of, write_message
from tests.fixtures.servers import ServerProcess
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.whatsapp.exports.conftest import EXPORT, Exports, MakeClient
from whatsapp.exports.exporter import ContactExporter
from whatsapp.exports.exports import MAX_UNFINISHED, claim_export, finish_export, make_key
from whatsapp.media.media_store import MediaStores

PHONE = "15550001111"
LIST = """query ($contact: ID) { contactExports(contactId: $contact) {
  nodes { id state requestedBy { name } requestedByName contact { id } account { id } } } }"""
# Exports wait: no process of the test claims any.
IDLE = pytest.mark.parametrize("capacity", [{"contact_exports": 0}], indirect=True)


async def count_files(database: AsyncDatabase[dict[str, Any]]) -> int:
    return await database["media.files"].count_documents({})


async def load(export_id: str) -> ContactExport:
    export = await ContactExport.find_one()
    assert export is not None
    assert id_of(export) == export_id
    return export


def make_exporter(database: AsyncDatabase[dict[str, Any]], **options: Any) -> ContactExporter:
    return ContactExporter(stores=MediaStores(database, url=None), **options)


@IDLE
async def test_concurrent_requests_get_same_export(exports: Exports, account: Account) -> None:
    message = await write_message(account, PHONE, "x")

    requested = await asyncio.gather(*(exports.request(message.contact_id) for _ in range(12)))

    assert len({export["id"] for export in requested}) == 1
    assert await ContactExport.count() == 1
    assert requested[0]["state"] == "QUEUED"
    assert requested[0]["url"] is None
    assert requested[0]["progress"] == {"done": 0, "total": None}


async def test_finished_export_is_listed_with_its_requester(
    exports: Exports, admin: GraphQLClient, account: Account
) -> None:
    message = await write_message(account, PHONE, "x")
    requested = await exports.request(message.contact_id)

    export = await exports.wait(requested["id"])

    assert export["progress"] == {"done": 1, "total": 1}
    assert export["sizeBytes"] > 1000
    (listed,) = (await admin(LIST, contact=contact_id(message)))["contactExports"]["nodes"]
    assert listed == {
        "id": requested["id"],
        "state": "READY",
        "requestedBy": {"name": "test admin"},
        "requestedByName": "test admin",
        "contact": {"id": contact_id(message)},
        "account": {"id": id_of(account)},
    }


async def test_request_is_audited(
    exports: Exports, admin: GraphQLClient, make_client: MakeClient, account: Account
) -> None:
    message = await write_message(account, PHONE, "x")
    agent = await make_client(Role.AGENT)
    assert await agent.find_error_code(EXPORT, id=contact_id(message)) == "FORBIDDEN"
    assert await ContactExport.count() == 0

    export = await exports.request(message.contact_id)

    (entry,) = await AuditEntry.find({"action": AuditAction.CONTACT_EXPORTED.value}).to_list()
    assert (entry.actor.name, entry.outcome) == ("test admin", AuditOutcome.DONE)
    assert {(target.type, encode_id(target.type, target.id)) for target in entry.targets} == {
        ("Contact", contact_id(message)),
        ("ContactExport", export["id"]),
    }
    assert entry.account_ids == [account.id]


async def test_other_accounts_key_makes_and_sees_nothing(
    exports: Exports, make_client: MakeClient, account: Account, other_account: Account
) -> None:
    message = await write_message(account, PHONE, "x")
    stranger = await make_client(Role.ADMIN, [other_account])

    answer = await stranger(EXPORT, id=contact_id(message))

    assert answer["exportContact"]["export"] is None
    assert [error["code"] for error in answer["exportContact"]["userErrors"]] == ["NOT_FOUND"]
    assert await ContactExport.count() == 0
    ready = await exports.request(message.contact_id)
    await exports.wait(ready["id"])
    assert await Exports(stranger).read(ready["id"]) is None
    assert await stranger.find_error_code(LIST, contact=contact_id(message)) == "NOT_FOUND"
    assert (await stranger(LIST))["contactExports"]["nodes"] == []


@IDLE
async def test_account_has_limited_number_of_unfinished_exports(
    exports: Exports, admin: GraphQLClient, account: Account
) -> None:
    message = await write_message(account, PHONE, "x")
    template = await load((await exports.request(message.contact_id))["id"])
    others = [
        template.model_copy(update={"id": new_id(), "contact_id": new_id()})
        for _ in range(MAX_UNFINISHED - 1)
    ]
    await ContactExport.insert_many(others)
    another = await write_message(account, "15550002222", "x")

    answer = await admin(EXPORT, id=contact_id(another))

    assert [error["code"] for error in answer["exportContact"]["userErrors"]] == ["CONFLICT"]
    assert await ContactExport.count() == MAX_UNFINISHED
    await others[0].delete()
    await exports.request(another.contact_id)


SLOW = {"export_lease_seconds": 3.0, "export_report_seconds": 0.2}


@IDLE
@with_timeouts(**SLOW)
async def test_killed_worker_is_taken_over(
    exports: Exports,
    account: Account,
    database: AsyncDatabase[dict[str, Any]],
    make_server: Callable[..., ServerProcess],
) -> None:
    message = await write_long_history(account)
    requested = await exports.request(message.contact_id)
    first, second = make_server(SLOW), make_server(SLOW)
    await asyncio.to_thread(first.start)

    async def is_running() -> bool:
        export = await exports.read(requested["id"])
        return export is not None and export["progress"]["done"] > 0

    await eventually(is_running)
    first.kill()
    export = await load(requested["id"])
    assert export.state is ExportState.RUNNING
    await asyncio.to_thread(second.start)

    ready = await exports.wait(requested["id"])

    finished = await load(requested["id"])
    assert finished.attempts == finished.fence == 2
    assert ready["progress"]["done"] == HISTORY + 1
    assert (await exports.download(ready)).status_code == 200
    # Nothing is left of the first attempt.
    assert await database["media.chunks"].distinct("files_id") == [finished.stored_as]


HISTORY = 12_000


async def write_long_history(account: Account) -> Message:
    """A message, followed by as many as an export needs seconds for."""
    first = await write_message(account, PHONE, "x")
    fields = await collection(Message).find_one({"_id": first.id})
    assert fields is not None
    for start in range(0, HISTORY, 4_000):
        copies = [
            fields | {"_id": new_id(), "wamid": f"w{number}"}
            for number in range(start, start + 4_000)
        ]
        await collection(Message).insert_many(copies)
    return first


@IDLE
async def test_stopped_worker_gives_export_back(
    exports: Exports, account: Account, database: AsyncDatabase[dict[str, Any]]
) -> None:
    message = await write_long_history(account)
    requested = await exports.request(message.contact_id)
    worker = asyncio.create_task(make_exporter(database).run())

    async def is_running() -> bool:
        return (await load(requested["id"])).total is not None

    await eventually(is_running)
    worker.cancel()
    await asyncio.wait([worker])

    export = await load(requested["id"])
    assert (export.state, export.attempts) == (ExportState.QUEUED, 0)
    assert await database["media.chunks"].count_documents({}) == 0


@IDLE
async def test_late_worker_changes_nothing(exports: Exports, account: Account) -> None:
    message = await write_message(account, PHONE, "x")
    requested = await exports.request(message.contact_id)
    late = await claim_export([], lease_seconds=0)
    assert late is not None
    current = await claim_export([], lease_seconds=600)
    assert current is not None

    assert not await finish_export(late, stored_as="late")

    export = await load(requested["id"])
    assert (export.state, export.fence, export.stored_as) == (ExportState.RUNNING, 2, None)


@IDLE
async def test_export_is_claimed_by_single_worker(exports: Exports, account: Account) -> None:
    message = await write_message(account, PHONE, "x")
    await exports.request(message.contact_id)

    claims = await asyncio.gather(*(claim_export([], lease_seconds=600) for _ in range(10)))

    assert [claim.fence for claim in claims if claim is not None] == [1]


@pytest.mark.parametrize("timeouts", [{"export_retry_seconds": 0.01}], indirect=True)
async def test_export_fails_after_several_attempts(
    exports: Exports, account: Account, database: AsyncDatabase[dict[str, Any]]
) -> None:
    message = await write_message(account, PHONE, "x")
    # The store refuses new files.
    with suppress(CollectionInvalid):
        await database.create_collection("media.files")
    await database.command("collMod", "media.files", validator={"impossible": True})
    try:
        requested = await exports.request(message.contact_id)
        export = await exports.wait(requested["id"], "FAILED")
    finally:
        await database.command("collMod", "media.files", validator={})

    assert "store" in export["error"]
    assert export["url"] is None
    assert await database["media.chunks"].count_documents({}) == 0
    again = await exports.request(message.contact_id)
    assert again["id"] != requested["id"]
    await exports.wait(again["id"])


async def test_newer_export_replaces_older(
    exports: Exports, account: Account, database: AsyncDatabase[dict[str, Any]]
) -> None:
    message = await write_message(account, PHONE, "x")
    first = await exports.wait((await exports.request(message.contact_id))["id"])
    second = await exports.wait((await exports.request(message.contact_id))["id"])

    assert first["id"] != second["id"]
    replaced = await exports.read(first["id"])
    assert replaced is not None
    assert (replaced["state"], replaced["url"]) == ("EXPIRED", None)
    assert (await exports.download(first)).status_code == 404
    assert (await exports.download(second)).status_code == 200
    await make_exporter(database).sweep()
    assert await count_files(database) == 1


async def test_file_is_deleted_after_its_life(
    exports: Exports, account: Account, database: AsyncDatabase[dict[str, Any]]
) -> None:
    message = await write_message(account, PHONE, "x")
    ready = await exports.wait((await exports.request(message.contact_id))["id"])
    assert await count_files(database) == 1
    export = await load(ready["id"])
    assert export.expires_at is not None
    assert export.finished_at is not None
    assert export.expires_at - export.finished_at == timedelta(days=7)

    await export.set({"expires_at": utc_now()})
    assert (await exports.download(ready)).status_code == 404
    await make_exporter(database).sweep()

    expired = await exports.read(ready["id"])
    assert expired is not None
    assert (expired["state"], expired["url"]) == ("EXPIRED", None)
    assert await count_files(database) == 0
    assert await database["media.chunks"].count_documents({}) == 0


async def remove_by(admin: GraphQLClient, way: str, message: Message, account: Account) -> None:
    """Removes the contact."""
    if way == "merge":
        into = await write_message(account, "15550002222", "y")
        values = f'contactId: "{contact_id(message)}", intoContactId: "{contact_id(into)}"'
        mutation = f"mergeContacts(input: {{{values}}})"
    elif way == "erase":
        mutation = f'deleteContact(input: {{contactId: "{contact_id(message)}"}})'
    else:
        mutation = f'deleteAccount(input: {{accountId: "{id_of(account)}"}})'
    answer = await admin(f"mutation {{ {mutation} {{ userErrors {{ message }} }} }}")
    assert [payload["userErrors"] for payload in answer.values()] == [[]]


WAYS = pytest.mark.parametrize("way", ["erase", "merge", "account"])


@WAYS
async def test_removed_contacts_file_is_deleted(
    exports: Exports,
    admin: GraphQLClient,
    account: Account,
    database: AsyncDatabase[dict[str, Any]],
    way: str,
) -> None:
    message = await write_message(account, PHONE, "x")
    ready = await exports.wait((await exports.request(message.contact_id))["id"])

    await remove_by(admin, way, message, account)

    assert (await exports.download(ready)).status_code == 404
    assert await exports.read(ready["id"]) is None
    await make_exporter(database).sweep()
    assert await count_files(database) == 0
    assert await database["media.chunks"].count_documents({}) == 0
    export = await load(ready["id"])
    await export.set({"erased_at": utc_now() - timedelta(hours=1)})
    await make_exporter(database).sweep()
    assert await ContactExport.count() == 0


@IDLE
@WAYS
@with_timeouts(**SLOW)
async def test_removal_stops_running_export(
    exports: Exports,
    admin: GraphQLClient,
    account: Account,
    database: AsyncDatabase[dict[str, Any]],
    way: str,
) -> None:
    message = await write_long_history(account)
    requested = await exports.request(message.contact_id)
    exporter = make_exporter(database)
    export = await exporter.claim([])
    assert export is not None
    work = asyncio.create_task(exporter.work(export))
    await asyncio.sleep(0.5)

    await remove_by(admin, way, message, account)
    await work

    assert await exports.read(requested["id"]) is None
    await exporter.sweep()
    assert await database["media.chunks"].count_documents({}) == 0
    assert await count_files(database) == 0


async def test_export_after_merge_has_both_histories(
    exports: Exports, admin: GraphQLClient, account: Account
) -> None:
    message = await write_message(account, PHONE, "of the first")
    await remove_by(admin, "merge", message, account)
    survivor = await Contact.find_one({"account_id": account.id})
    assert survivor is not None

    archive = await exports.export(survivor.id)

    assert {item["text"] for item in archive.load_timeline()} == {"of the first", "y"}
    (merge,) = archive.load("contact.json")["merges"]
    assert merge["id"] == str(message.contact_id)
    actions = [entry["action"] for entry in archive.load("audit.json")]
    assert actions == ["CONTACTS_MERGED", "CONTACT_EXPORTED"]


class TestInFolder:
    """With files in a folder."""

    @pytest.fixture
    def settings(self, settings: Any, tmp_path: Path) -> Any:
        return settings.model_copy(update={"media_store_url": f"file://{tmp_path}/media"})

    async def test_file_is_stored_and_deleted(
        self,
        exports: Exports,
        account: Account,
        database: AsyncDatabase[dict[str, Any]],
        tmp_path: Path,
    ) -> None:
        message = await write_message(account, PHONE, "x")

        await exports.export(message.contact_id)

        export = await ContactExport.find_one()
        assert export is not None
        path = tmp_path / "media" / make_key(export)
        assert path.stat().st_size == export.size_bytes
        await export.set({"expires_at": utc_now()})
        stores = MediaStores(database, url=f"file://{tmp_path}/media")
        await ContactExporter(stores=stores).sweep()
        assert not path.exists()
