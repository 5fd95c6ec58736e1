"""Suspended workspaces: refused on every transport, silent, and still taking webhooks in."""

import asyncio
from typing import Any

import httpx
import pytest

from graph.transport.websocket import WORKSPACE_SUSPENDED
from models import Account, AuditEntry, Contact, Message, Workspace, WorkspaceState
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of, write_message
from tests.fixtures.sending import send, wait_for_status
from tests.fixtures.uploads import PICTURE, upload
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.workspaces import create_key, create_workspace, make_operator
from tests.fixtures.world import OTHER_NUMBER, connect_number
from tests.graph.socket_kit import open_socket
from tests.graph.stream_kit import open_stream
from tests.graph.test_access_matrix import write_export, write_upload
from whatsapp.accounts.accounts import require_active_account
from whatsapp.common.crypto import KeyRing
from whatsapp.errors import AccountDisabled
from whatsapp.media.media_urls import MediaUrls
from whatsapp.workspaces.suspension import settle_suspensions

SUSPEND = """mutation ($id: ID!) { suspendWorkspace(input: {workspaceId: $id}) {
  workspace { state } userErrors { code field } } }"""
RESUME = """mutation ($id: ID!) { resumeWorkspace(input: {workspaceId: $id}) {
  workspace { state } userErrors { code field } } }"""
ME = "{ viewer { name } }"
LISTEN = "subscription { messageAdded { message { id } } }"
TEXT = {"text": {"body": "Hello"}}
CUSTOMER = "16505551234"


@pytest.fixture
async def acme(database: Any) -> Workspace:
    return await create_workspace("Acme")


@pytest.fixture
async def acme_account(app: Any, keyring: KeyRing, acme: Workspace) -> Account:
    return await connect_number(keyring, OTHER_NUMBER, acme.id)


@pytest.fixture
async def operator(client: httpx.AsyncClient) -> GraphQLClient:
    return await make_operator(client)


async def change(operator: GraphQLClient, mutation: str, workspace: Workspace) -> Any:
    payload = await operator(mutation, id=id_of(workspace))
    return payload.popitem()[1]


async def test_suspended_workspace_is_refused_on_every_transport(
    client: httpx.AsyncClient,
    port: int,
    operator: GraphQLClient,
    acme: Workspace,
    acme_account: Account,
) -> None:
    token = await create_key(acme.id)
    member = GraphQLClient(client, token)
    uploaded = await upload(member, acme_account)
    assert uploaded["userErrors"] == []
    async with (
        open_socket(port, token=token) as socket,
        open_stream(f"http://127.0.0.1:{port}", token, LISTEN) as stream,
    ):
        done = await change(operator, SUSPEND, acme)
        closed = await socket.find_close()
        events = await stream.read_to_the_end()

    assert done == {"workspace": {"state": "SUSPENDED"}, "userErrors": []}
    assert closed[0] == 4403
    assert [name for name, _ in events][-1:] != ["next"]
    assert await member.find_error_code(ME) == "WORKSPACE_SUSPENDED"
    async with open_socket(port) as socket:
        await socket.send({"type": "connection_init", "payload": {"Authorization": token}})
        assert await socket.find_close() == WORKSPACE_SUSPENDED
    files = await member.post_files("mutation ($file: Upload!) { __typename }", {"file": PICTURE})
    assert files.status_code == 403
    assert files.json()["errors"][0]["extensions"]["code"] == "WORKSPACE_SUSPENDED"

    await change(operator, RESUME, acme)
    assert await member(ME) == {"viewer": {"name": "test"}}


async def test_queued_message_waits_for_resumption(
    client: httpx.AsyncClient,
    operator: GraphQLClient,
    admin: GraphQLClient,
    account: Account,
    acme: Workspace,
    acme_account: Account,
    meta: FakeMeta,
) -> None:
    member = GraphQLClient(client, await create_key(acme.id))
    said = await write_message(acme_account, CUSTOMER, "hi")
    meta.faults.add(
        FaultRule(kind=FaultKind.THROTTLE, times=None, endpoint="messages", to=CUSTOMER)
    )
    queued = await send(member, said, TEXT)
    await eventually(lambda: _find_tries(meta))

    await change(operator, SUSPEND, acme)
    meta.faults.clear()
    other = await write_message(account, "15550001111", "hi")
    sent = await send(admin, other, TEXT)
    await wait_for_status(admin, sent["id"], "SENT", "DELIVERED", "READ")
    await asyncio.sleep(1)
    numbers = {request.phone_number_id for request in meta.requests.list_sends()}
    assert numbers == {account.phone_number_id}

    await change(operator, RESUME, acme)
    await wait_for_status(member, queued["id"], "SENT", "DELIVERED", "READ")


async def _find_tries(meta: FakeMeta) -> list[Any]:
    return meta.requests.find({"endpoint": "messages"})


async def test_webhooks_are_stored_while_suspended(
    client: httpx.AsyncClient,
    operator: GraphQLClient,
    acme: Workspace,
    acme_account: Account,
) -> None:
    await change(operator, SUSPEND, acme)
    webhook = WebhookClient(client, OTHER_NUMBER)

    await webhook.post(
        make_body(OTHER_NUMBER, make_change(OTHER_NUMBER, messages=[make_message()]))
    )

    async def is_stored() -> bool:
        return await Message.count() == 1

    await eventually(is_stored)
    [message] = await Message.find().to_list()
    assert message.workspace_id == acme.id


async def test_default_workspace_is_never_suspended(
    operator: GraphQLClient, admin: GraphQLClient
) -> None:
    default = await Workspace.get(DEFAULT_WORKSPACE_ID)
    assert default is not None

    refused = await change(operator, SUSPEND, default)

    assert refused["userErrors"] == [{"code": "INVALID_INPUT", "field": ["workspaceId"]}]
    assert await Workspace.get(DEFAULT_WORKSPACE_ID) == default
    assert (await admin(ME))["viewer"]["name"] == "test admin"


async def test_repeated_suspension_and_resumption_are_harmless(
    operator: GraphQLClient, acme: Workspace, acme_account: Account
) -> None:
    states = [
        (await change(operator, mutation, acme))["workspace"]["state"]
        for mutation in (RESUME, SUSPEND, SUSPEND, RESUME, RESUME)
    ]

    assert states == ["ACTIVE", "SUSPENDED", "SUSPENDED", "ACTIVE", "ACTIVE"]
    stored = await Account.get(acme_account.id)
    assert stored is not None
    assert stored.workspace_suspended_at is None
    actions = [entry.action.value async for entry in AuditEntry.find().sort("_id")]
    assert actions.count("WORKSPACE_SUSPENDED") == 2
    assert actions.count("WORKSPACE_RESUMED") == 3


async def test_interrupted_suspension_is_settled(acme: Workspace, acme_account: Account) -> None:
    """As if the process had been killed after its first write."""
    now = acme.created_at
    suspended = {"state": WorkspaceState.SUSPENDED.value, "suspended_at": now}
    await collection(Workspace).update_one({"_id": acme.id}, {"$set": suspended})
    await settle_suspensions()
    held = await Account.get(acme_account.id)
    assert held is not None
    with pytest.raises(AccountDisabled):
        require_active_account(held)

    active = {"state": WorkspaceState.ACTIVE.value, "suspended_at": None}
    await collection(Workspace).update_one({"_id": acme.id}, {"$set": active})
    await settle_suspensions()
    resumed = await Account.get(acme_account.id)
    assert resumed is not None
    assert resumed.workspace_suspended_at is None


async def test_signed_links_of_suspended_workspace_are_refused(
    client: httpx.AsyncClient,
    operator: GraphQLClient,
    acme: Workspace,
    acme_account: Account,
    keyring: KeyRing,
) -> None:

    said = await write_message(acme_account, CUSTOMER, "hi")
    contact = await Contact.get(said.contact_id)
    assert contact is not None
    file = await write_upload(acme_account)
    export = await write_export(acme_account, contact, "x")
    for document in (file, export):
        await document.set({"workspace_id": acme.id})
    links = [
        MediaUrls(keyring, public_url="", seconds=600, folder=folder).make(document.id)
        for folder, document in (("media", file), ("exports", export))
    ]
    before = [(await client.get(link)).status_code for link in links]

    await change(operator, SUSPEND, acme)

    answers = [await client.get(link) for link in links]
    assert 403 not in before
    assert [answer.status_code for answer in answers] == [403, 403]
    assert all(answer.text.startswith("WORKSPACE_SUSPENDED") for answer in answers)
    unknown = await operator(SUSPEND, id=encode_id("Workspace", acme_account.id))
    assert unknown["suspendWorkspace"]["userErrors"][0]["code"] == "NOT_FOUND"
