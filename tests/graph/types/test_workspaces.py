"""Workspaces: operators make and change them, and read nothing of what is in them."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from models import Account, ApiKey, ParkedItem, ParkedReason, Quotas, Role, Workspace
from models.database.base import DEFAULT_WORKSPACE_ID, NO_WORKSPACE_ID, collection
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.workspaces import (
    create_workspace,
    make_operator,
    make_workspace_client,
)
from whatsapp.auth.api_keys import create_api_key
from whatsapp.workspaces.usage import measure_workspace

CREATE = """mutation ($name: String!) { createWorkspace(input: {name: $name}) {
  workspace { id name state usesDefaultAppSecret accountCount { value } } userErrors { code field }
} }"""
UPDATE = """mutation ($input: UpdateWorkspaceInput!) { updateWorkspace(input: $input) {
  workspace { name usesDefaultAppSecret } userErrors { code field
  ... on ConflictError { current { id } } } } }"""
CREATE_KEY = """mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
  token apiKey { id role } userErrors { code field } } }"""
LIST = "{ workspaces { nodes { id name state accountCount { value } } } }"


@pytest.fixture
async def operator(client: httpx.AsyncClient) -> GraphQLClient:
    return await make_operator(client)


async def test_operator_creates_and_lists_workspaces(
    operator: GraphQLClient, account: Account
) -> None:
    made = (await operator(CREATE, name=" Acme "))["createWorkspace"]

    workspace = made["workspace"]
    assert made["userErrors"] == []
    assert workspace | {"id": ""} == {
        "id": "",
        "name": "Acme",
        "state": "ACTIVE",
        "usesDefaultAppSecret": False,
        "accountCount": {"value": 0},
    }
    nodes = (await operator(LIST))["workspaces"]["nodes"]
    assert [(node["name"], node["accountCount"]["value"]) for node in nodes] == [
        ("Acme", 0),
        ("default", 1),
    ]
    node = await operator(
        "query ($id: ID!) { node(id: $id) { ... on Workspace { name } } }", id=workspace["id"]
    )
    assert node["node"] == {"name": "Acme"}


@pytest.mark.parametrize("name", ["", " ", "x" * 64, "a\nb"])
async def test_malformed_name_is_refused(operator: GraphQLClient, name: str) -> None:
    made = (await operator(CREATE, name=name))["createWorkspace"]

    assert made["workspace"] is None
    assert made["userErrors"] == [{"code": "INVALID_INPUT", "field": ["name"]}]
    assert await Workspace.count() == 1


async def test_name_is_unique_without_case(operator: GraphQLClient) -> None:
    await operator(CREATE, name="x" * 63)
    await operator(CREATE, name="Acme")

    again = (await operator(CREATE, name="ACME"))["createWorkspace"]
    default = (await operator(CREATE, name="Default"))["createWorkspace"]

    refused = {"workspace": None, "userErrors": [{"code": "CONFLICT", "field": ["name"]}]}
    assert (again, default) == (refused, refused)
    assert await Workspace.count() == 3


async def test_operator_changes_workspace(operator: GraphQLClient) -> None:
    acme, other = await create_workspace("Acme"), await create_workspace("Other")

    changed = await operator(
        UPDATE, input={"workspaceId": id_of(acme), "name": "acme", "usesDefaultAppSecret": True}
    )
    taken = await operator(UPDATE, input={"workspaceId": id_of(other), "name": "ACME"})

    assert changed["updateWorkspace"] == {
        "workspace": {"name": "acme", "usesDefaultAppSecret": True},
        "userErrors": [],
    }
    assert taken["updateWorkspace"]["userErrors"] == [
        {"code": "CONFLICT", "field": ["name"], "current": {"id": id_of(acme)}}
    ]


async def test_default_workspace_keeps_name_and_secret(operator: GraphQLClient) -> None:
    default_id = encode_id("Workspace", DEFAULT_WORKSPACE_ID)
    before = await Workspace.get(DEFAULT_WORKSPACE_ID)

    refused = await operator(
        UPDATE, input={"workspaceId": default_id, "name": "x", "usesDefaultAppSecret": False}
    )

    assert [error["field"] for error in refused["updateWorkspace"]["userErrors"]] == [
        ["name"],
        ["usesDefaultAppSecret"],
    ]
    assert await Workspace.get(DEFAULT_WORKSPACE_ID) == before


async def test_viewer_shows_own_workspace_only(
    client: httpx.AsyncClient, operator: GraphQLClient, admin: GraphQLClient, account: Account
) -> None:
    acme = await create_workspace("Acme")
    member = await make_workspace_client(client, acme.id, Role.VIEWER)
    query = """query ($id: ID!) { node(id: $id) { id }
      viewer { role workspace { id name state accountCount { value } } } }"""

    own = await member(query, id=id_of(acme))
    default = await admin(query, id=id_of(acme))
    nothing = await operator(query, id=id_of(account))

    shown = {"id": id_of(acme), "name": "Acme", "state": "ACTIVE", "accountCount": {"value": 0}}
    assert own == {
        "node": {"id": id_of(acme)},
        "viewer": {"role": "VIEWER", "workspace": shown},
    }
    assert default["node"] is None
    assert default["viewer"]["workspace"]["name"] == "default"
    assert default["viewer"]["workspace"]["accountCount"] == {"value": 1}
    assert nothing == {"node": None, "viewer": {"role": "OPERATOR", "workspace": None}}


async def test_limited_key_counts_its_accounts(
    client: httpx.AsyncClient, account: Account, other_account: Account
) -> None:
    limited = await make_workspace_client(client, DEFAULT_WORKSPACE_ID, accounts=[account])

    viewer = await limited("{ viewer { workspace { accountCount { value } } } }")

    assert viewer["viewer"]["workspace"]["accountCount"] == {"value": 1}


async def make_key(client: GraphQLClient, **input: Any) -> dict[str, Any]:
    made: dict[str, Any] = (await client(CREATE_KEY, input={"name": "first", **input}))[
        "createApiKey"
    ]
    return made


async def test_operator_creates_first_key_of_workspace(
    client: httpx.AsyncClient, operator: GraphQLClient
) -> None:
    acme = await create_workspace("Acme")

    made = await make_key(operator, role="ADMIN", workspaceId=id_of(acme))
    second = await make_key(operator, role="ADMIN", workspaceId=id_of(acme))

    administrator = GraphQLClient(client, made["token"])
    viewer = (await administrator("{ viewer { role workspace { name } } }"))["viewer"]
    assert viewer == {"role": "ADMIN", "workspace": {"name": "Acme"}}
    assert second["userErrors"] == [{"code": "CONFLICT", "field": ["workspaceId"]}]
    own = await make_key(administrator, role="AGENT")
    key = await ApiKey.find_one({"name": "first", "role": "AGENT"})
    assert own["apiKey"]["role"] == "AGENT"
    assert key is not None
    assert key.workspace_id == acme.id


@pytest.mark.parametrize(
    ("input", "field"),
    [
        ({"role": "ADMIN"}, "workspaceId"),
        ({"role": "ADMIN", "workspaceId": "x"}, "workspaceId"),
        ({"role": "AGENT", "workspaceId": "own"}, "role"),
        ({"role": "OPERATOR", "workspaceId": "own"}, "role"),
        ({"role": "ADMIN", "workspaceId": encode_id("Workspace", NO_WORKSPACE_ID)}, "workspaceId"),
        (
            {"role": "ADMIN", "workspaceId": encode_id("Workspace", DEFAULT_WORKSPACE_ID)},
            "workspaceId",
        ),
    ],
)
async def test_operator_creates_no_other_key(
    operator: GraphQLClient, admin: GraphQLClient, input: dict[str, Any], field: str
) -> None:
    acme = await create_workspace("Acme")
    before = await ApiKey.count()
    own = {"workspaceId": id_of(acme)} if input.get("workspaceId") == "own" else {}

    made = await make_key(operator, **(input | own))

    assert made["token"] is None
    assert [error["field"] for error in made["userErrors"]] == [[field]]
    assert await ApiKey.count() == before


async def test_admin_creates_no_key_of_operator_or_other_workspace(admin: GraphQLClient) -> None:
    acme = await create_workspace("Acme")
    before = await ApiKey.count()

    operators = await make_key(admin, role="OPERATOR")
    other = await admin.post(
        CREATE_KEY, input={"name": "x", "role": "ADMIN", "workspaceId": id_of(acme)}
    )

    assert operators["userErrors"] == [{"code": "INVALID_INPUT", "field": ["role"]}]
    assert other["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await ApiKey.count() == before


async def test_operator_sees_unclaimed_items_without_content(
    operator: GraphQLClient, admin: GraphQLClient
) -> None:
    for name, workspace_id in (("none", NO_WORKSPACE_ID), ("default", DEFAULT_WORKSPACE_ID)):
        await ParkedItem(
            workspace_id=workspace_id,
            id=name,
            event_id="e",
            phone_number_id="1",
            field="messages",
            pointer="/entry/0",
            item='{"text": "canary"}',
            secret_digest="s",
            reason=ParkedReason.UNKNOWN_ACCOUNT,
        ).insert()
    query = "{ parkedItems { nodes { id phoneNumberId field reason createdAt %s } } }"

    shown = (await operator(query % ""))["parkedItems"]["nodes"]
    content = await operator.post(query % "item")
    node = await operator.post(
        "query ($id: ID!) { node(id: $id) { ... on ParkedItem { pointer item } } }",
        id=encode_id("ParkedItem", "none"),
    )

    assert [item["id"] for item in shown] == [encode_id("ParkedItem", "none")]
    assert content["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert node["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "canary" not in str((content, node))
    own = (await admin(query % "item"))["parkedItems"]["nodes"]
    assert [(item["id"], item["item"]) for item in own] == [
        (encode_id("ParkedItem", "default"), '{"text": "canary"}')
    ]


async def test_actions_of_operators_are_in_their_log(
    operator: GraphQLClient, admin: GraphQLClient
) -> None:
    made = (await operator(CREATE, name="Acme"))["createWorkspace"]["workspace"]
    await admin(CREATE_KEY, input={"name": "x", "role": "VIEWER"})
    log = "{ auditLog { nodes { id action outcome actor { name } targets { type id } } } }"

    (entry,) = (await operator(log))["auditLog"]["nodes"]
    others = (await admin(log))["auditLog"]["nodes"]

    assert entry | {"id": ""} == {
        "id": "",
        "action": "WORKSPACE_CREATED",
        "outcome": "DONE",
        "actor": {"name": "test operator"},
        "targets": [{"type": "Workspace", "id": made["id"]}],
    }
    assert [other["action"] for other in others] == ["API_KEY_CREATED"]
    query = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await operator(query, id=entry["id"]))["node"] == {"id": entry["id"]}
    assert (await operator(query, id=others[0]["id"]))["node"] is None
    assert (await admin(query, id=entry["id"]))["node"] is None


async def test_operator_has_no_agent(operator: GraphQLClient) -> None:
    viewer = await operator("{ viewer { agent { id } accounts { nodes { id } } } }")

    assert viewer["viewer"]["agent"] is None
    assert viewer["viewer"]["accounts"] == {"nodes": []}
    assert await collection(ApiKey).count_documents({"workspace_id": NO_WORKSPACE_ID}) == 1


async def test_key_of_default_is_not_made_by_operator(operator: GraphQLClient) -> None:
    await create_api_key(DEFAULT_WORKSPACE_ID, name="x", role=Role.ADMIN)
    default_id = encode_id("Workspace", DEFAULT_WORKSPACE_ID)

    made = await make_key(operator, role="ADMIN", workspaceId=default_id)

    assert made["userErrors"] == [{"code": "CONFLICT", "field": ["workspaceId"]}]


QUOTAS = """mutation ($id: ID!, $quotas: WorkspaceQuotasInput) {
  updateWorkspace(input: {workspaceId: $id, quotas: $quotas}) { workspace { quotas {
    operationCostPerMinute sockets sendsPerSecond storedBytes } }
  userErrors { code field } } }"""
USAGE = """{ viewer { workspace { usage { operationCost { used limit } sockets { used limit }
  sends { used limit } mediaDownloads { used limit } storedBytes { used limit }
  contacts messages files measuredAt } } } }"""


async def test_operator_sets_and_removes_quotas(operator: GraphQLClient) -> None:
    key = encode_id("Workspace", DEFAULT_WORKSPACE_ID)
    await operator(QUOTAS, id=key, quotas={"sockets": 5, "storedBytes": 5e12})

    changed = (await operator(QUOTAS, id=key, quotas={"sockets": None, "sendsPerSecond": 9}))[
        "updateWorkspace"
    ]

    assert changed["userErrors"] == []
    assert changed["workspace"]["quotas"] == {
        "operationCostPerMinute": None,
        "sockets": None,
        "sendsPerSecond": 9,
        "storedBytes": 5e12,
    }


@pytest.mark.parametrize(
    ("quotas", "field"),
    [
        ({"sockets": 0}, ["quotas", "sockets"]),
        ({"storedBytes": 1.5}, ["quotas", "storedBytes"]),
        ({"sendsPerSecond": 1_000_000_001}, ["quotas", "sendsPerSecond"]),
        (None, ["quotas"]),
    ],
)
async def test_invalid_quota_is_refused(
    operator: GraphQLClient, quotas: dict[str, Any] | None, field: list[str]
) -> None:
    key = encode_id("Workspace", DEFAULT_WORKSPACE_ID)

    answer = (await operator(QUOTAS, id=key, quotas=quotas))["updateWorkspace"]

    assert answer["userErrors"] == [{"code": "INVALID_INPUT", "field": field}]
    stored = await Workspace.get(DEFAULT_WORKSPACE_ID)
    assert stored is not None
    assert stored.quotas == Quotas()


async def test_quota_of_operator_limits_at_once(
    operator: GraphQLClient, admin: GraphQLClient
) -> None:
    key = encode_id("Workspace", DEFAULT_WORKSPACE_ID)
    await operator(QUOTAS, id=key, quotas={"operationCostPerMinute": 15})

    codes = [await admin.find_error_code(USAGE) for _ in range(3)]

    assert codes[-1] == "RATE_LIMITED"
    await operator(QUOTAS, id=key, quotas={"operationCostPerMinute": None})
    assert await admin.find_error_code(USAGE) is None


async def test_usage_shows_use_and_quotas(
    operator: GraphQLClient, admin: GraphQLClient, account: Account
) -> None:
    key = encode_id("Workspace", DEFAULT_WORKSPACE_ID)
    await operator(
        QUOTAS, id=key, quotas={"operationCostPerMinute": 6000, "sockets": 5, "storedBytes": 1000}
    )
    measured = await measure_workspace(DEFAULT_WORKSPACE_ID)
    await operator(QUOTAS, id=key, quotas={"sendsPerSecond": 7})

    usage = (await admin(USAGE))["viewer"]["workspace"]["usage"]

    assert usage["operationCost"]["limit"] == 6000
    assert usage["operationCost"]["used"] > 0
    assert usage["sockets"] == {"used": 0, "limit": 5}
    assert usage["sends"] == {"used": 0, "limit": 7}
    assert usage["mediaDownloads"] == {"used": 0, "limit": None}
    assert usage["storedBytes"] == {"used": 0, "limit": 1000}
    assert (usage["contacts"], usage["messages"], usage["files"]) == (0, 0, 0)
    assert usage["measuredAt"].startswith(measured.measured_at.strftime("%Y-%m-%dT%H:%M"))


async def test_limited_key_sees_no_usage(
    make_client: Callable[..., Awaitable[GraphQLClient]], account: Account
) -> None:
    limited = await make_client(Role.ADMIN, [account])

    assert (await limited(USAGE))["viewer"]["workspace"] == {"usage": None}
