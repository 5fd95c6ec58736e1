"""Agents: made from credentials, kept after them, visible within shared accounts."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from models import Account, Agent, Role
from models.database.base import collection, utc_now
from telemetry.global_ids import encode_id
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.tokens import SETTINGS, make_token
from tests.fixtures.waiting import eventually
from whatsapp.settings import Settings

ME = "{ viewer { agent { id name email role isActive accounts { edges { node { name } } } } } }"
LIST = """query ($account: ID, $active: Boolean) {
  agents(accountId: $account, filter: {active: $active}) { edges { node { name } } } }"""
NODE = """query ($id: ID!) { agent(id: $id) { name role isActive lastSeenAt }
  node(id: $id) { ... on Agent { name } } }"""
CREATE_KEY = """mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
  token apiKey { id agent { id name } } userErrors { code field } } }"""
REVOKE_KEY = """mutation ($id: ID!) { revokeApiKey(input: {apiKeyId: $id}) {
  userErrors { code } } }"""
UPDATE = """mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) {
  agent { name email } userErrors { code field } } }"""
MakeClient = Callable[..., Awaitable[GraphQLClient]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return make_settings(
        mongodb_uri=settings.mongodb_uri, mongodb_database=settings.mongodb_database, **SETTINGS
    )


async def create_key(client: GraphQLClient, **values: Any) -> dict[str, Any]:
    wanted = {"name": "Kim", "role": "AGENT"} | values
    created: dict[str, Any] = (await client(CREATE_KEY, input=wanted))["createApiKey"]
    return created


async def list_names(client: GraphQLClient, **variables: Any) -> list[str]:
    edges = (await client(LIST, **variables))["agents"]["edges"]
    return [edge["node"]["name"] for edge in edges]


async def test_agent_outlives_its_keys(admin: GraphQLClient, account: Account) -> None:
    created = await create_key(admin, accountIds=[id_of(account)])
    agent = created["apiKey"]["agent"]
    second = await create_key(admin, name="Kim's laptop", role="ADMIN", agentId=agent["id"])
    kim = GraphQLClient(admin.http, second["token"])

    shown = (await kim(ME))["viewer"]["agent"]
    await admin(REVOKE_KEY, id=second["apiKey"]["id"])
    lowered = (await admin(NODE, id=agent["id"]))["agent"]
    await admin(REVOKE_KEY, id=created["apiKey"]["id"])
    left = (await admin(NODE, id=agent["id"]))["agent"]

    accounts = {"edges": [{"node": {"name": account.name}}]}
    assert shown == agent | {
        "name": "Kim",
        "email": None,
        "role": "ADMIN",
        "isActive": True,
        "accounts": accounts,
    }
    assert (lowered["role"], lowered["isActive"]) == ("AGENT", True)
    assert (left["name"], left["role"], left["isActive"]) == ("Kim", None, False)
    assert await list_names(admin, active=True) == ["test admin"]
    assert await list_names(admin, active=False) == ["Kim"]


async def test_expired_key_leaves_its_agent_inactive(admin: GraphQLClient) -> None:
    created = await create_key(admin, expiresAt=(utc_now() + timedelta(hours=1)).isoformat())
    agent_id = created["apiKey"]["agent"]["id"]
    before = (await admin(NODE, id=agent_id))["agent"]

    # As if the hour were over.
    await collection(Agent).update_one(
        {"name": "Kim"}, {"$set": {"grants.0.expires_at": utc_now()}}
    )

    after = (await admin(NODE, id=agent_id))["agent"]
    assert (before["role"], before["isActive"]) == ("AGENT", True)
    assert (after["role"], after["isActive"]) == (None, False)


async def test_server_key_has_no_agent(admin: GraphQLClient) -> None:
    created = await create_key(admin, name="backend", forServer=True)
    refused = await create_key(admin, forServer=True, agentId=await find_own_id(admin))

    server = GraphQLClient(admin.http, created["token"])
    assert created["apiKey"]["agent"] is None
    assert await server("{ viewer { agent { id } } }") == {"viewer": {"agent": None}}
    assert await list_names(admin) == ["test admin"]
    assert refused["userErrors"] == [{"code": "INVALID_INPUT", "field": ["agentId"]}]


async def find_own_id(client: GraphQLClient) -> str:
    agent_id: str = (await client("{ viewer { agent { id } } }"))["viewer"]["agent"]["id"]
    return agent_id


@with_timeouts(claims_check_seconds=0.0)
async def test_subject_of_token_is_one_agent(admin: GraphQLClient, account: Account) -> None:
    async def sign_in(*arguments: Any, **claims: Any) -> dict[str, Any]:
        token = make_token(*arguments, **claims)
        agent: dict[str, Any] = (await GraphQLClient(admin.http, token)(ME))["viewer"]["agent"]
        return agent

    first = await sign_in(Role.AGENT, [account], email="ada@shop.example")
    await admin(UPDATE, input={"agentId": first["id"], "name": "Ada L.", "email": None})
    unchanged = await sign_in(Role.AGENT, [account], email="ada@shop.example")
    promoted = await sign_in(Role.ADMIN, email="ada@new.example", name="Countess")
    other = await sign_in(sub="user-2", name="Bob")

    assert (first["name"], first["email"], first["role"]) == ("Ada", "ada@shop.example", "AGENT")
    assert unchanged == first | {"name": "Ada L.", "email": None}
    assert promoted == first | {"name": "Countess", "email": "ada@new.example", "role": "ADMIN"}
    assert other["id"] != first["id"]
    assert await list_names(admin) == ["Bob", "Countess", "test admin"]


async def test_agents_of_other_accounts_are_hidden(
    admin: GraphQLClient, make_client: MakeClient, account: Account, other_account: Account
) -> None:
    ours = await create_key(admin, name="Ours", accountIds=[id_of(account)])
    theirs = await create_key(admin, name="Theirs", accountIds=[id_of(other_account)])
    limited = await make_client(Role.ADMIN, [account])
    hidden_id = theirs["apiKey"]["agent"]["id"]
    nobody = GraphQLClient(admin.http, make_token(Role.ADMIN, []))

    shown = await limited(NODE, id=hidden_id)
    renamed = await limited(UPDATE, input={"agentId": hidden_id, "name": "x"})
    taken = await create_key(limited, accountIds=[id_of(account)], agentId=hidden_id)
    by_nobody = await nobody(UPDATE, input={"agentId": hidden_id, "name": "x"})
    wide = await limited(UPDATE, input={"agentId": await find_own_id(admin), "name": "x"})

    # The agent "test admin" of the unlimited key shares every account.
    assert await list_names(limited) == ["Ours", "test admin", "test admin"]
    code = await limited.find_error_code(LIST, account=id_of(other_account))
    assert code == "NOT_FOUND"
    assert await list_names(admin, account=id_of(other_account)) == ["test admin", "Theirs"]
    assert shown == {"agent": None, "node": None}
    changes = [done["updateAgent"] for done in (renamed, by_nobody, wide)]
    for refused in (*changes, taken):
        assert refused["userErrors"] == [{"code": "NOT_FOUND", "field": ["agentId"]}]
    assert await list_names(nobody) == ["Ada"]
    assert await nobody(NODE, id=ours["apiKey"]["agent"]["id"]) == {"agent": None, "node": None}
    assert [agent.name for agent in await Agent.find({"name": "x"}).to_list()] == []


async def test_role_elsewhere_is_hidden(
    admin: GraphQLClient, make_client: MakeClient, account: Account, other_account: Account
) -> None:
    created = await create_key(admin, role="VIEWER", accountIds=[id_of(account)])
    agent_id = created["apiKey"]["agent"]["id"]
    await create_key(admin, role="ADMIN", accountIds=[id_of(other_account)], agentId=agent_id)
    limited = await make_client(Role.VIEWER, [account])
    query = """query ($id: ID!) { agent(id: $id) {
      role accounts { edges { node { name } } } } }"""

    assert await limited(query, id=agent_id) == {
        "agent": {"role": "VIEWER", "accounts": {"edges": [{"node": {"name": account.name}}]}}
    }
    assert (await admin(query, id=agent_id))["agent"]["role"] == "ADMIN"


async def test_last_seen_time_is_written_later(admin: GraphQLClient, agent: GraphQLClient) -> None:
    agent_id = await find_own_id(agent)

    async def is_seen() -> bool:
        return (await admin(NODE, id=agent_id))["agent"]["lastSeenAt"] is not None

    await eventually(is_seen)
    seen_at = (await admin(NODE, id=agent_id))["agent"]["lastSeenAt"]
    await find_own_id(agent)
    # Within the minute, further requests write nothing.
    assert (await admin(NODE, id=agent_id))["agent"]["lastSeenAt"] == seen_at


async def test_malformed_agent_input_is_refused(
    admin: GraphQLClient, subtests: pytest.Subtests
) -> None:
    agent_id = await find_own_id(admin)
    unknown = encode_id("Agent", "0" * 24)
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"name": " "}, "INVALID_INPUT", "name"),
        ({"name": None}, "INVALID_INPUT", "name"),
        ({"email": "nonsense"}, "INVALID_INPUT", "email"),
        ({"agentId": unknown, "name": "x"}, "NOT_FOUND", "agentId"),
        ({"agentId": "nonsense", "name": "x"}, "NOT_FOUND", "agentId"),
    ]
    for change, code, field in cases:
        with subtests.test(change=change):
            done = (await admin(UPDATE, input={"agentId": agent_id} | change))["updateAgent"]
            assert done == {"agent": None, "userErrors": [{"code": code, "field": [field]}]}
    assert await list_names(admin) == ["test admin"]
