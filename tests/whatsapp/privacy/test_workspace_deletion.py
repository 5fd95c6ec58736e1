"""A deleted workspace is refused at once, and leaves nothing in the end."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from bson import encode

from models import (
    Account,
    Actor,
    ApiKey,
    AuditAction,
    AuditEntry,
    ContactExport,
    Erasure,
    ExportState,
    Message,
    ParkedItem,
    ParkedReason,
    User,
    Workspace,
    WorkspaceState,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, utc_now
from models.restores import open_restore_state
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of, write_message
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.workspaces import create_workspace, make_operator, make_workspace_client
from tests.fixtures.world import NUMBER, OTHER_NUMBER, connect_number
from tests.whatsapp.privacy.erasure_world import GONE, KEPT, ErasureWorld
from whatsapp.common.crypto import KeyRing
from whatsapp.privacy.account_deletion import finish_deletions
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.workspace_deletion import delete_workspace, finish_workspace_deletions
from whatsapp.restore.finishing import finish_restore

DELETE = """mutation ($id: ID!) { done: deleteWorkspace(input: {workspaceId: $id}) {
  workspace { state accountCount { value } } userErrors { code field } } }"""
RENAME = """mutation ($id: ID!) { done: updateWorkspace(input: {workspaceId: $id, name: "x"}) {
  userErrors { code field } } }"""
RESUME = """mutation ($id: ID!) { done: resumeWorkspace(input: {workspaceId: $id}) {
  userErrors { code field } } }"""
MAKE_KEY = """mutation ($id: ID!) {
  done: createApiKey(input: {workspaceId: $id, name: "x", role: ADMIN}) {
    userErrors { code field } } }"""
CREATE_USER = 'mutation { createUser(input: {name: "zqgone user"}) { userErrors { code } } }'
ME = "{ viewer { name } }"
LOG = ErasureLog(None)
LONG_AGO = timedelta(hours=1)


@pytest.fixture
async def acme(database: Any) -> Workspace:
    return await create_workspace("Zqgone")


@pytest.fixture
async def account(app: Any, keyring: KeyRing, acme: Workspace) -> Account:
    return await connect_number(keyring, NUMBER, acme.id)


@pytest.fixture
async def operator(client: httpx.AsyncClient) -> GraphQLClient:
    return await make_operator(client)


async def delete(operator: GraphQLClient, workspace: Workspace) -> dict[str, Any]:
    done: dict[str, Any] = (await operator(DELETE, id=id_of(workspace)))["done"]
    return done


async def finish(workspace: Workspace) -> None:
    """Finishes the deletion, as if it had begun long ago."""
    of_workspace = {"workspace_id": workspace.id, "deleted_at": {"$type": "date"}}
    for _ in range(2):
        past = {"$set": {"deleted_at": utc_now() - LONG_AGO}}
        await collection(Account).update_many(of_workspace, past)
        await collection(Workspace).update_one({"_id": workspace.id}, past)
        await finish_deletions(LOG)
        await finish_workspace_deletions(LOG)


async def find_traces(*marks: bytes) -> list[tuple[str, Any]]:
    """Returns collection and action of all documents that hold one of the marks."""
    database = collection(Account).database
    found = []
    for name in await database.list_collection_names():
        if not name.startswith("system."):
            async for document in database[name].find():
                content = encode(document)
                if any(mark in content or mark in content.lower() for mark in marks):
                    found.append((name, document.get("action")))
    return found


async def test_deleted_workspace_leaves_nothing(
    client: httpx.AsyncClient,
    operator: GraphQLClient,
    keyring: KeyRing,
    acme: Workspace,
    account: Account,
    webhook: WebhookClient,
    meta: FakeMeta,
) -> None:
    member = await make_workspace_client(client, acme.id)
    world = ErasureWorld(member, webhook, account, meta)
    await world.fill()
    await member(CREATE_USER)
    await park(acme)
    other_account = await connect_number(keyring, OTHER_NUMBER)
    other = await write_message(other_account, "15550001111", "hello")
    marks = (
        acme.id.binary,
        str(acme.id).encode(),
        account.id.binary,
        str(account.id).encode(),
        GONE.encode(),
        KEPT.encode(),
        NUMBER.access_token.encode(),
    )
    assert len({name for name, _ in await find_traces(*marks)}) > 10

    done = await delete(operator, acme)
    assert done["workspace"] == {"state": "DELETING", "accountCount": {"value": 0}}
    assert await member.find_error_code(ME) == "UNAUTHENTICATED"
    # Webhooks of its numbers are as those of unknown numbers.
    await webhook.post_messages(make_message(content={"body": "late"}))

    async def is_removed() -> bool:
        await finish(acme)
        return await find_traces(*marks) == [("audit_entries", "WORKSPACE_DELETED")]

    await eventually(is_removed)
    assert await Message.find({"text": "late"}).count() == 0
    assert await Message.get(other.id) == other
    assert await User.find({"workspace_id": DEFAULT_WORKSPACE_ID}).count() == 1
    [entry] = await AuditEntry.find({"action": AuditAction.WORKSPACE_DELETED}).to_list()
    assert entry.actor.name == "test operator"


async def test_file_of_export_is_left_to_the_sweep(
    operator: GraphQLClient, acme: Workspace, account: Account
) -> None:
    export = await ContactExport(
        workspace_id=acme.id,
        account_id=account.id,
        contact_id=new_id(),
        requested_by=Actor(credential="key", name="Ada"),
        state=ExportState.READY,
        expires_at=utc_now() + LONG_AGO,
    ).insert()

    await delete(operator, acme)
    await finish(acme)

    left = await ContactExport.get(export.id)
    # Only the document names the file, which the store may refuse to delete now.
    assert left is not None
    assert left.erased_at is not None


async def test_account_stays_until_its_erasures_end(acme: Workspace, account: Account) -> None:
    erasure = await Erasure(
        id=new_id(),
        workspace_id=acme.id,
        contact={"account_id": account.id},
        conversation_ids=[],
    ).insert()
    hidden = {"$set": {"deleted_at": utc_now() - LONG_AGO}}
    await collection(Account).update_one({"_id": account.id}, hidden)

    await finish_deletions(LOG)
    assert await Account.get(account.id) is not None
    await erasure.delete()
    await finish_deletions(LOG)
    assert await Account.get(account.id) is None


async def park(workspace: Workspace) -> None:
    await ParkedItem(
        workspace_id=workspace.id,
        id="zqgone",
        event_id="e",
        pointer="",
        item=GONE,
        secret_digest="s",
        reason=ParkedReason.UNKNOWN_ACCOUNT,
    ).insert()


async def test_killed_deletion_is_continued(
    client: httpx.AsyncClient, acme: Workspace, account: Account
) -> None:
    """As if the process had been killed after its first write."""
    member = await make_workspace_client(client, acme.id)
    await write_message(account, "15550001111", "hello")
    first = {"state": WorkspaceState.DELETING.value, "deleted_at": utc_now()}
    await collection(Workspace).update_one({"_id": acme.id}, {"$set": first})

    await finish_workspace_deletions(LOG)
    hidden = await Account.get(account.id)
    kept = await ApiKey.find({"workspace_id": acme.id}).count()
    await finish(acme)

    assert hidden is not None
    assert hidden.deleted_at is not None
    # Requests that are under way may still write.
    assert kept == 1
    assert await Workspace.get(acme.id) is None
    assert await ApiKey.find({"workspace_id": acme.id}).count() == 0
    assert await Message.count() == 0
    assert await member.find_error_code(ME) == "UNAUTHENTICATED"


async def test_deletion_is_final(
    client: httpx.AsyncClient, operator: GraphQLClient, acme: Workspace, account: Account
) -> None:
    await delete(operator, acme)

    again = await delete(operator, acme)
    refused = [
        (await operator(mutation, id=id_of(acme)))["done"]["userErrors"]
        for mutation in (RENAME, RESUME, MAKE_KEY)
    ]

    assert again["userErrors"] == []
    assert refused == [[{"code": "CONFLICT", "field": ["workspaceId"]}]] * 3
    stored = await Workspace.get(acme.id)
    assert stored is not None
    assert (stored.name, stored.state) == ("Zqgone", WorkspaceState.DELETING)
    await finish(acme)
    gone = await delete(operator, acme)
    assert gone["userErrors"] == [{"code": "NOT_FOUND", "field": ["workspaceId"]}]


async def test_default_workspace_is_never_deleted(
    operator: GraphQLClient, admin: GraphQLClient
) -> None:
    default = await Workspace.get(DEFAULT_WORKSPACE_ID)
    assert default is not None

    refused = await delete(operator, default)
    await finish_workspace_deletions(LOG)

    assert refused["userErrors"] == [{"code": "INVALID_INPUT", "field": ["workspaceId"]}]
    assert await Workspace.get(DEFAULT_WORKSPACE_ID) == default
    assert (await admin(ME))["viewer"]["name"] == "test admin"


async def test_restored_workspace_is_deleted_again(
    acme: Workspace, account: Account, database: Any, tmp_path: Path
) -> None:
    log = ErasureLog(tmp_path.as_uri())
    await delete_workspace(acme, log)
    await finish(acme)
    for document in (acme, account):  # from a backup
        await document.insert()

    await finish_restore(database, await open_restore_state(database), log)

    restored, hidden = await Workspace.get(acme.id), await Account.get(account.id)
    assert restored is not None
    assert restored.state is WorkspaceState.DELETING
    assert hidden is not None
    assert hidden.deleted_at is not None
