"""Agents without a credential, and retired agents: refused, but kept in their conversations."""

from typing import Any

import httpx
import pytest

from models import Account, AuditEntry, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.tokens import SETTINGS, make_token
from tests.fixtures.uploads import PICTURE
from tests.graph.socket_kit import open_socket
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

ME = "{ viewer { agent { id } } }"
AGENT = """query ($id: ID!) { agent(id: $id) { name email role isActive retiredAt coversAllAccounts
  accounts { nodes { name } } } }"""
CREATE = """mutation ($input: CreateAgentInput!) { createAgent(input: $input) {
  agent { id } userErrors { code field } } }"""
RETIRE = "mutation ($id: ID!) { retireAgent(input: {agentId: $id}) { userErrors { code field } } }"
REACTIVATE = """mutation ($id: ID!) { reactivateAgent(input: {agentId: $id}) {
  userErrors { code } } }"""
ASSIGN = """mutation ($id: ID!, $agent: ID) {
  assignConversation(input: {conversationId: $id, assigneeId: $agent}) {
    conversation { assignee { name } } userErrors { code field } } }"""
ASSIGNEE = "query ($id: ID!) { conversation(id: $id) { assignee { name } } }"
KEY = """mutation ($agent: ID!) {
  createApiKey(input: {name: "x", role: AGENT, agentId: $agent}) { userErrors { code } } }"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return make_settings(
        mongodb_uri=settings.mongodb_uri, mongodb_database=settings.mongodb_database, **SETTINGS
    )


async def find_own_id(client: GraphQLClient) -> str:
    agent_id: str = (await client(ME))["viewer"]["agent"]["id"]
    return agent_id


async def assign(client: GraphQLClient, conversation: str, agent: str) -> Any:
    return (await client(ASSIGN, id=conversation, agent=agent))["assignConversation"]


async def test_agent_without_credential_can_be_assigned(
    admin: GraphQLClient, agent: GraphQLClient, account: Account
) -> None:
    message = await write_message(account, "15550001111", "hello")
    wanted = {"name": "Kim", "email": "kim@shop.example", "accountIds": [id_of(account)]}
    [forbidden] = (await agent.post(CREATE, input=wanted))["errors"]
    refused = (await admin(CREATE, input={"name": " ", "email": "x"}))["createAgent"]

    created = (await admin(CREATE, input=wanted))["createAgent"]["agent"]["id"]
    assigned = await assign(admin, conversation_id(message), created)

    assert forbidden["extensions"]["code"] == "FORBIDDEN"
    assert [error["field"] for error in refused["userErrors"]] == [["name"], ["email"]]
    assert (await admin(AGENT, id=created))["agent"] == {
        "name": "Kim",
        "email": "kim@shop.example",
        "role": None,
        "isActive": True,
        "retiredAt": None,
        "coversAllAccounts": False,
        "accounts": {"nodes": [{"name": account.name}]},
    }
    assert assigned["conversation"] == {"assignee": {"name": "Kim"}}


async def test_retired_agent_is_refused_and_keeps_its_conversations(
    port: int, client: httpx.AsyncClient, admin: GraphQLClient, account: Account
) -> None:
    message = await write_message(account, "15550001111", "hello")
    conversation = conversation_id(message)
    token = make_token(Role.AGENT, [account])
    holder = GraphQLClient(admin.http, token)
    agent_id = await find_own_id(holder)
    await assign(admin, conversation, agent_id)
    async with open_socket(port, token=token) as ws:
        retired = (await admin(RETIRE, id=agent_id))["retireAgent"]
        closed = await ws.find_close()
    [error] = (await holder.post(ME))["errors"]
    async with open_socket(port) as ws:
        await ws.send({"type": "connection_init", "payload": {"Authorization": token}})
        refused = await ws.find_close()
    again = await assign(admin, conversation, agent_id)
    key = (await admin(KEY, agent=agent_id))["createApiKey"]
    shown = (await admin(AGENT, id=agent_id))["agent"]
    kept = (await admin(ASSIGNEE, id=conversation))["conversation"]

    assert retired["userErrors"] == []
    assert error["extensions"]["code"] == "AGENT_RETIRED"
    assert closed[0] == 4403
    assert refused == (4403, "Agent retired")
    assert again["userErrors"] == [{"code": "INVALID_INPUT", "field": ["assigneeId"]}]
    assert key["userErrors"] == [{"code": "INVALID_INPUT"}]
    assert (shown["isActive"], shown["role"]) == (False, None)
    assert shown["retiredAt"] is not None
    assert kept == {"assignee": {"name": "Ada"}}

    await admin(REACTIVATE, id=agent_id)
    assert await find_own_id(holder) == agent_id
    assert (await admin(AGENT, id=agent_id))["agent"]["isActive"]


async def test_keys_of_a_retired_agent_are_refused(admin: GraphQLClient, account: Account) -> None:
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="Kim", role=Role.ADMIN)
    kim = GraphQLClient(admin.http, token)
    own_id, agent_id = await find_own_id(admin), await find_own_id(kim)

    covers_all = (await admin(AGENT, id=agent_id))["agent"]["coversAllAccounts"]
    own = (await admin(RETIRE, id=own_id))["retireAgent"]
    await admin(RETIRE, id=agent_id)
    [error] = (await kim.post(ME))["errors"]
    upload = await kim.post_files("mutation ($file: Upload!) { __typename }", {"file": PICTURE})

    assert own["userErrors"] == [{"code": "INVALID_INPUT", "field": ["agentId"]}]
    assert covers_all
    assert not (await admin(AGENT, id=agent_id))["agent"]["coversAllAccounts"]
    assert error["extensions"]["code"] == "AGENT_RETIRED"
    assert upload.status_code == 403
    assert await find_own_id(admin) == own_id
    actions = [entry.action async for entry in AuditEntry.find({}).sort("_id")]
    assert actions == ["AGENT_RETIRED", "AGENT_RETIRED"]
