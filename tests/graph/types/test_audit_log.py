"""The audit log: written before the act, completed after it, and shown to administrators."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import AutoReconnect

from models import Account, AuditEntry, Role
from models.database.base import collection, new_id
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.numbers import FakeNumber, NumberDirectory
from telemetry.global_ids import encode_id
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, id_of, write_message
from tests.fixtures.tokens import SETTINGS, make_token
from whatsapp.accounts import accounts
from whatsapp.auth.audit import AuditTrail
from whatsapp.settings import Settings

LOG = """query ($accountId: ID, $actor: String, $action: AuditAction, $first: Int, $after: String) {
  auditLog(
    accountId: $accountId, actor: $actor, action: $action, first: $first, after: $after
  ) {
    edges { cursor node {
      id action outcome refusal fields requestId createdAt finishedAt
      actor { kind credentialId name } targets { type id } accounts { name } } }
    pageInfo { hasNextPage endCursor }
  }
}"""
CREATE = """mutation ($input: CreateAccountInput!) { createAccount(input: $input) {
  account { id } userErrors { code } } }"""
UPDATE = """mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) {
  account { id } userErrors { code } } }"""
NEW_ACCOUNT = {
    "name": "canary name",
    "phoneNumberId": "123",
    "businessAccountId": "456",
    "accessToken": "canary-access",
    "appSecret": "canary-secret",
}
MINE = FakeNumber(
    phone_number_id=NEW_ACCOUNT["phoneNumberId"],
    business_account_id=NEW_ACCOUNT["businessAccountId"],
    display_phone_number="15550000123",
    verified_name="Shop",
    access_token=NEW_ACCOUNT["accessToken"],
    app_secret=NEW_ACCOUNT["appSecret"],
)
MakeClient = Callable[..., Awaitable[GraphQLClient]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return make_settings(
        mongodb_uri=settings.mongodb_uri, mongodb_database=settings.mongodb_database, **SETTINGS
    )


@pytest.fixture
def numbers(numbers: NumberDirectory) -> NumberDirectory:
    numbers.add(MINE)
    numbers.add(replace(MINE, phone_number_id="124", access_token="canary-new"))
    return numbers


async def read_log(admin: GraphQLClient, **variables: Any) -> list[dict[str, Any]]:
    edges = (await admin(LOG, **variables))["auditLog"]["edges"]
    return [edge["node"] for edge in edges]


async def run(client: GraphQLClient, mutation: str, **values: Any) -> list[str]:
    """The codes of the refusal; `mutation` is `name(input)` as GraphQL writes it."""
    done = mutation % values if values else mutation
    answer = await client.post(f"mutation {{ done: {done} {{ userErrors {{ code }} }} }}")
    assert answer.get("data"), answer
    return [error["code"] for error in answer["data"]["done"]["userErrors"]]


async def test_action_is_logged_with_actor_and_fields(admin: GraphQLClient) -> None:
    made = await admin.http.post(
        "/graphql",
        json={"query": CREATE, "variables": {"input": NEW_ACCOUNT}},
        headers={"Authorization": f"Bearer {admin.token}"},
    )
    account_id = made.json()["data"]["createAccount"]["account"]["id"]
    change = {"accountId": account_id, "accessToken": "canary-new", "appSecret": None}
    await admin(UPDATE, input=change)

    updated, created = await read_log(admin)

    viewer = (await admin("{ viewer { id name } }"))["viewer"]
    actor = {"kind": "API_KEY", "credentialId": viewer["id"], "name": viewer["name"]}
    assert created["actor"] == actor
    assert (created["action"], created["outcome"]) == ("ACCOUNT_CREATED", "DONE")
    assert created["requestId"] == made.headers["x-request-id"]
    assert created["createdAt"] <= created["finishedAt"]
    assert created["targets"] == [{"type": "Account", "id": account_id}]
    assert created["accounts"] == [{"name": "canary name"}]
    assert set(created["fields"]) == set(NEW_ACCOUNT)
    assert (updated["action"], updated["targets"]) == ("ACCOUNT_UPDATED", created["targets"])
    assert set(updated["fields"]) == {"accessToken", "appSecret"}


async def test_no_value_is_kept(admin: GraphQLClient, database: AsyncDatabase[Any]) -> None:
    await admin(CREATE, input=NEW_ACCOUNT)
    await run(admin, 'createUser(input: {name: "canary user", phone: "+15550001111"})')

    stored = [str(entry) async for entry in database["audit_entries"].find({})]

    assert len(stored) == 2
    assert "canary" not in "".join(stored)
    assert "15550001111" not in "".join(stored)


async def test_every_act_has_its_entry(
    admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    message = await write_message(account, "15550001111", "x", name="Ann")
    contact, user = contact_id(message), (await admin("{ users { edges { node { id } } } }"))
    values = {
        "account": id_of(account),
        "contact": contact,
        "user": user["users"]["edges"][0]["node"]["id"],
    }
    acts = {
        'disableAccount(input: {accountId: "%(account)s"})': "ACCOUNT_DISABLED",
        'enableAccount(input: {accountId: "%(account)s"})': "ACCOUNT_ENABLED",
        'updateContact(input: {contactId: "%(contact)s", name: "x"})': "CONTACT_UPDATED",
        'unlinkContact(input: {contactId: "%(contact)s"})': "CONTACT_UNLINKED",
        'linkContact(input: {contactId: "%(contact)s", userId: "%(user)s"})': "CONTACT_LINKED",
        'updateUser(input: {userId: "%(user)s", name: "x"})': "USER_UPDATED",
        'deleteContact(input: {contactId: "%(contact)s"})': "CONTACT_DELETED",
        'createApiKey(input: {name: "x", role: VIEWER, accountIds: ["%(account)s"]})': (
            "API_KEY_CREATED"
        ),
        "replayParkedItems(input: {ids: []})": "PARKED_ITEMS_REPLAYED",
        "discardParkedItems(input: {ids: []})": "PARKED_ITEMS_DISCARDED",
        'deleteAccount(input: {accountId: "%(account)s"})': "ACCOUNT_DELETED",
    }
    for mutation in acts:
        assert await run(admin, mutation, **values) == [], mutation

    entries = (await read_log(admin))[::-1]

    assert [entry["action"] for entry in entries] == list(acts.values())
    assert {entry["outcome"] for entry in entries} == {"DONE"}
    stored = await AuditEntry.find_all(sort="+created_at").to_list()
    of_account = [account.id in entry.account_ids for entry in stored]
    assert of_account == ["Parked" not in one for one in acts]
    linked = entries[list(acts.values()).index("CONTACT_LINKED")]
    assert [target["id"] for target in linked["targets"]] == [values["contact"], values["user"]]


async def test_refusal_is_logged_too(
    admin: GraphQLClient, make_client: MakeClient, account: Account, other_account: Account
) -> None:
    limited = await make_client(Role.ADMIN, [account])
    delete = f'deleteAccount(input: {{accountId: "{id_of(other_account)}"}})'

    assert await run(limited, delete) == ["NOT_FOUND"]
    assert await limited.find_error_code(CREATE, input=NEW_ACCOUNT) == "FORBIDDEN"

    forbidden, refused = await read_log(admin)
    assert (refused["outcome"], refused["refusal"]) == ("REFUSED", "NOT_FOUND")
    assert refused["targets"] == [{"type": "Account", "id": id_of(other_account)}]
    assert refused["accounts"] == []
    assert (forbidden["outcome"], forbidden["refusal"]) == ("REFUSED", "FORBIDDEN")


async def test_what_can_not_be_logged_is_not_done(
    admin: GraphQLClient, account: Account, meta: FakeMeta, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise AutoReconnect("away")

    monkeypatch.setattr(AuditTrail, "begin", fail)
    target = f'input: {{accountId: "{id_of(account)}"}}'
    delete = f"mutation {{ deleteAccount({target}) {{ __typename }} }}"

    assert await admin.find_error_code(delete) == "SERVICE_UNAVAILABLE"
    assert await admin.find_error_code(CREATE, input=NEW_ACCOUNT) == "SERVICE_UNAVAILABLE"
    stored = await Account.find_all().to_list()
    assert [(one.id, one.deleted_at) for one in stored] == [(account.id, None)]
    assert meta.requests.list_sends() == []


async def test_outcome_that_is_lost_leaves_entry(
    admin: GraphQLClient,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise AutoReconnect("away")

    monkeypatch.setattr(AuditTrail, "finish", fail)

    done = await run(admin, f'disableAccount(input: {{accountId: "{id_of(account)}"}})')

    (entry,) = await read_log(admin)
    assert done == []
    assert (entry["outcome"], entry["finishedAt"]) == ("STARTED", None)
    assert "was not written" in caplog.text


async def test_error_is_logged_as_failed(
    admin: GraphQLClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(accounts, "set_account_enabled", fail)
    target = f'input: {{accountId: "{id_of(account)}"}}'
    query = f"mutation {{ enableAccount({target}) {{ __typename }} }}"

    assert await admin.find_error_code(query) == "INTERNAL_SERVER_ERROR"
    assert [entry["outcome"] for entry in await read_log(admin)] == ["FAILED"]


async def test_whoever_leaves_in_middle_leaves_entry(
    admin: GraphQLClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def hang(*_: object, **__: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(accounts, "set_account_enabled", hang)
    target = f'input: {{accountId: "{id_of(account)}"}}'
    query = f"mutation {{ enableAccount({target}) {{ __typename }} }}"
    request = asyncio.create_task(admin.post(query))
    async with asyncio.timeout(30):
        await begun.wait()
    request.cancel()
    await asyncio.wait([request])

    assert [entry["outcome"] for entry in await read_log(admin)] == ["STARTED"]


async def test_log_can_be_narrowed(
    admin: GraphQLClient, make_client: MakeClient, account: Account, other_account: Account
) -> None:
    agent = await make_client(Role.AGENT)
    holder = GraphQLClient(admin.http, make_token(Role.ADMIN, sub="auth0|7", name="Grace"))
    for each in (account, other_account):
        await run(admin, f'disableAccount(input: {{accountId: "{id_of(each)}"}})')
    await run(agent, 'createUser(input: {name: "x"})')
    await run(holder, f'enableAccount(input: {{accountId: "{id_of(account)}"}})')
    agent_id = (await agent("{ viewer { id } }"))["viewer"]["id"]

    async def list_actions(**variables: Any) -> list[str]:
        return [entry["action"] for entry in await read_log(admin, **variables)]

    assert await list_actions(accountId=id_of(account)) == ["ACCOUNT_ENABLED", "ACCOUNT_DISABLED"]
    assert await list_actions(actor=agent_id) == ["USER_CREATED"]
    assert await list_actions(actor="auth0|7") == ["ACCOUNT_ENABLED"]
    assert await list_actions(actor="Grace") == ["ACCOUNT_ENABLED"]
    assert await list_actions(actor="test admin") == ["ACCOUNT_DISABLED"] * 2
    assert await list_actions(action="USER_CREATED") == ["USER_CREATED"]
    assert await list_actions(action="USER_CREATED", actor="Grace") == []
    (entry,) = await read_log(admin, actor="Grace")
    assert entry["actor"] == {"kind": "JWT", "credentialId": "auth0|7", "name": "Grace"}


async def test_log_is_read_page_by_page(admin: GraphQLClient, account: Account) -> None:
    for _ in range(5):
        await run(admin, f'disableAccount(input: {{accountId: "{id_of(account)}"}})')
    seen: list[str] = []
    after = None
    while True:
        page = (await admin(LOG, first=2, after=after))["auditLog"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]

    assert seen == [entry["id"] for entry in await read_log(admin)]
    assert len(set(seen)) == 5


async def test_limited_admin_sees_own_audit_entries(
    admin: GraphQLClient, make_client: MakeClient, account: Account, other_account: Account
) -> None:
    limited = await make_client(Role.ADMIN, [account])
    both = [id_of(account), id_of(other_account)]
    for each in both:
        await run(admin, f'disableAccount(input: {{accountId: "{each}"}})')
    wide = f'name: "x", role: VIEWER, accountIds: {json.dumps(both)}'
    await run(admin, f"createApiKey(input: {{{wide}}})")
    await run(admin, 'createUser(input: {name: "x"})')
    await run(limited, f'enableAccount(input: {{accountId: "{both[1]}"}})')

    seen, everything = await read_log(limited), await read_log(admin)

    assert [entry["targets"][0]["id"] for entry in seen] == [both[0]]
    assert len(everything) == 5
    assert await limited.find_error_code(LOG, accountId=both[1]) == "NOT_FOUND"
    hidden = everything[3]["id"]
    query = "query ($id: ID!) { node(id: $id) { id } }"
    assert await admin(query, id=hidden) == {"node": {"id": hidden}}
    assert await limited(query, id=hidden) == {"node": None}
    assert await admin(query, id=encode_id("AuditEntry", new_id())) == {"node": None}


async def test_outcome_is_noted_once(admin: GraphQLClient, account: Account) -> None:
    await run(admin, f'disableAccount(input: {{accountId: "{id_of(account)}"}})')
    entry = await AuditEntry.find_one()
    assert entry is not None

    await AuditTrail(days=1).finish(entry, type(entry.outcome).FAILED)

    assert await AuditEntry.get(entry.id) == entry


async def test_entries_are_kept_for_their_time(
    admin: GraphQLClient, account: Account, settings: Settings
) -> None:
    await run(admin, f'disableAccount(input: {{accountId: "{id_of(account)}"}})')
    entry = await AuditEntry.find_one()
    index = (await collection(AuditEntry).index_information())["kept"]

    assert entry is not None
    assert entry.expires_at - entry.created_at == timedelta(days=settings.audit_days)
    assert (index["key"], index["expireAfterSeconds"]) == ([("expires_at", 1)], 0)


async def test_entry_names_agent_of_key(admin: GraphQLClient) -> None:
    create = """mutation ($agent: ID) { createApiKey(input: {
      name: "laptop", role: ADMIN, agentId: $agent}) { token apiKey { id agent { id } } } }"""
    agent_id = (await admin("{ viewer { agent { id } } }"))["viewer"]["agent"]["id"]
    made = (await admin(create, agent=agent_id))["createApiKey"]
    await GraphQLClient(admin.http, made["token"])(create, agent=None)
    query = """query ($actor: String) { auditLog(actor: $actor) { nodes {
      actor { name agent { id name } } targets { type id } } } }"""

    by_agent = (await admin(query, actor=agent_id))["auditLog"]["nodes"]
    by_key = (await admin(query, actor=made["apiKey"]["id"]))["auditLog"]["nodes"]

    agent = {"id": agent_id, "name": "test admin"}
    actors = [{"name": "laptop", "agent": agent}, {"name": "test admin", "agent": agent}]
    assert [entry["actor"] for entry in by_agent] == actors
    assert by_agent[1]["targets"] == [
        {"type": "Agent", "id": agent_id},
        {"type": "ApiKey", "id": made["apiKey"]["id"]},
    ]
    assert [entry["actor"] for entry in by_key] == actors[:1]


async def test_log_is_limited_to_a_period(admin: GraphQLClient) -> None:
    query = """query ($since: DateTime, $until: DateTime) {
      auditLog(since: $since, until: $until) { nodes { createdAt fields } } }"""
    for number in range(3):
        await admin(CREATE, input=NEW_ACCOUNT | {"phoneNumberId": str(number)})
    newest, middle, oldest = [
        entry["createdAt"] for entry in (await admin(query))["auditLog"]["nodes"]
    ]

    async def list_times(**limits: str) -> list[str]:
        nodes = (await admin(query, **limits))["auditLog"]["nodes"]
        return [entry["createdAt"] for entry in nodes]

    assert await list_times(since=middle) == [newest, middle]
    assert await list_times(until=middle) == [oldest]
    assert await list_times(since=middle, until=newest) == [middle]
