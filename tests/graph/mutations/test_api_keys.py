"""API keys: creation, listing, revocation; never wider than their creator."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from models import Account, ApiKey, Role
from models.database.base import collection, utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of

CREATE = """mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
  token apiKey { id name role prefix createdBy accounts { nodes { name } } coversAllAccounts }
  userErrors { code field } } }"""
REVOKE = """mutation ($id: ID!) { revokeApiKey(input: {apiKeyId: $id}) {
  apiKey { revokedAt } userErrors { code field } } }"""
LIST = "{ apiKeys { edges { node { name } } } }"


@pytest.fixture
async def limited(
    make_client: Callable[..., Awaitable[GraphQLClient]], account: Account
) -> GraphQLClient:
    return await make_client(Role.ADMIN, [account])


async def test_key_works_until_it_is_revoked(admin: GraphQLClient, account: Account) -> None:
    wanted = {"name": "inbox", "role": "AGENT", "accountIds": [id_of(account)]}
    made = (await admin(CREATE, input=wanted))["createApiKey"]
    holder = GraphQLClient(admin.http, made["token"])

    before = await holder("{ viewer { name role accounts { nodes { name } } } }")
    first = await admin(REVOKE, id=made["apiKey"]["id"])
    second = await admin(REVOKE, id=made["apiKey"]["id"])

    accounts = {"nodes": [{"name": account.name}]}
    assert before["viewer"] == {"name": "inbox", "role": "AGENT", "accounts": accounts}
    assert made["apiKey"]["accounts"] == accounts
    assert made["apiKey"]["coversAllAccounts"] is False
    assert made["apiKey"]["createdBy"] == "test admin"
    assert first == second
    assert await holder.find_error_code("{ viewer { name } }") == "UNAUTHENTICATED"


async def test_key_ends_by_itself(admin: GraphQLClient) -> None:
    later = (utc_now() + timedelta(hours=1)).isoformat()
    made = await admin(CREATE, input={"name": "short", "role": "VIEWER", "expiresAt": later})
    holder = GraphQLClient(admin.http, made["createApiKey"]["token"])
    assert await holder("{ viewer { name } }") == {"viewer": {"name": "short"}}

    # As if the hour were over.
    moved = [{"$set": {"expires_at": {"$subtract": ["$expires_at", 3_600_000]}}}]
    await collection(ApiKey).update_one({"name": "short"}, moved)

    assert await holder.find_error_code("{ viewer { name } }") == "UNAUTHENTICATED"


MALFORMED_WISHES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": " "}, "INVALID_INPUT", "name"),
    ({"accountIds": []}, "INVALID_INPUT", "accountIds"),
    ({"accountIds": ["nonsense"]}, "NOT_FOUND", "accountIds"),
    ({"expiresAt": "2001-01-01T00:00:00Z"}, "INVALID_INPUT", "expiresAt"),
]


async def test_malformed_api_key_input_is_refused(
    admin: GraphQLClient, subtests: pytest.Subtests
) -> None:
    for change, code, field in MALFORMED_WISHES:
        with subtests.test(change=change):
            done = (await admin(CREATE, input={"name": "x", "role": "VIEWER"} | change))[
                "createApiKey"
            ]

            assert done["token"] is None
            assert done["userErrors"] == [{"code": code, "field": [field]}]


async def test_limited_admin_has_no_wider_keys(
    admin: GraphQLClient, limited: GraphQLClient, account: Account, other_account: Account
) -> None:
    wide = (await admin(CREATE, input={"name": "wide", "role": "VIEWER"}))["createApiKey"]
    everything = {"name": "x", "role": "VIEWER"}
    elsewhere = everything | {"accountIds": [id_of(account), id_of(other_account)]}

    made = (await limited(CREATE, input=elsewhere))["createApiKey"]
    listed = [edge["node"]["name"] for edge in (await limited(LIST))["apiKeys"]["edges"]]
    revoked = await limited(REVOKE, id=wide["apiKey"]["id"])

    assert await limited.find_error_code(CREATE, input=everything) == "FORBIDDEN"
    assert made["userErrors"] == [{"code": "NOT_FOUND", "field": ["accountIds"]}]
    assert "wide" not in listed
    assert revoked["revokeApiKey"]["userErrors"][0]["code"] == "NOT_FOUND"


async def test_keys_of_an_agent_are_listed(admin: GraphQLClient, limited: GraphQLClient) -> None:
    create = """mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
      apiKey { agent { id } } userErrors { code } } }"""
    query = "query ($id: ID) { apiKeys(agentId: $id) { edges { node { name } } } }"
    made = await admin(create, input={"name": "Ana", "role": "AGENT"})
    agent_id = made["createApiKey"]["apiKey"]["agent"]["id"]
    await admin(create, input={"name": "Ana's phone", "role": "AGENT", "agentId": agent_id})
    await admin(create, input={"name": "Ben", "role": "AGENT"})

    listed = (await admin(query, id=agent_id))["apiKeys"]["edges"]

    assert [edge["node"]["name"] for edge in listed] == ["Ana's phone", "Ana"]
    # The agent is visible, and its keys are wider than the caller's.
    assert (await limited(query, id=agent_id))["apiKeys"]["edges"] == []


async def test_viewer_tells_whether_all_accounts_are_covered(
    admin: GraphQLClient, limited: GraphQLClient
) -> None:
    query = "{ viewer { coversAllAccounts } }"

    assert await admin(query) == {"viewer": {"coversAllAccounts": True}}
    assert await limited(query) == {"viewer": {"coversAllAccounts": False}}


async def test_key_is_no_node_for_agents(admin: GraphQLClient, agent: GraphQLClient) -> None:
    made = await admin(CREATE, input={"name": "x", "role": "VIEWER"})
    key_id = made["createApiKey"]["apiKey"]["id"]
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"

    assert await admin(query, id=key_id) == {"node": {"__typename": "ApiKey", "id": key_id}}
    assert await agent(query, id=key_id) == {"node": None}


async def test_key_shows_accounts_that_are_left(
    admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    both = [id_of(account), id_of(other_account)]
    made = await admin(CREATE, input={"name": "both", "role": "VIEWER", "accountIds": both})
    delete = (
        "mutation ($id: ID!) { deleteAccount(input: {accountId: $id}) { userErrors { code } } }"
    )

    await admin(delete, id=id_of(other_account))

    query = "query ($id: ID!) { node(id: $id) { ... on ApiKey { accounts { nodes { name } } } } }"
    shown = await admin(query, id=made["createApiKey"]["apiKey"]["id"])
    assert shown["node"]["accounts"]["nodes"] == [{"name": account.name}]
