"""Numbers and app secrets of several workspaces."""

from typing import Any

import httpx
import pytest

from models import Account, Role, Workspace
from models.database.base import collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.world import NUMBER, OTHER_NUMBER
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

CREATE = """mutation ($input: CreateAccountInput!) { createAccount(input: $input) {
  account { id } userErrors { code field message
    ... on InvalidInputError { reason } ... on ConflictError { current { id } } } } }"""
UPDATE = """mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) {
  account { id } userErrors { code field } } }"""
CHECK = """mutation ($id: ID!) { checkAccount(input: {accountId: $id}) {
  checks { name ok } userErrors { code } } }"""
WITHOUT_SECRET = {
    "name": "Shop",
    "phoneNumberId": NUMBER.phone_number_id,
    "businessAccountId": NUMBER.business_account_id,
    "accessToken": NUMBER.access_token,
}
NEW = WITHOUT_SECRET | {"appSecret": NUMBER.app_secret}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    changes: dict[str, Any] = {"meta_app_secret": NUMBER.app_secret}
    return Settings(_env_file=None, **settings.model_dump(exclude_unset=True) | changes)


@pytest.fixture
async def workspace(app: Any) -> Workspace:
    workspace = Workspace(name="Tenant", name_key="tenant")
    await workspace.insert()
    return workspace


@pytest.fixture
async def tenant(client: httpx.AsyncClient, workspace: Workspace) -> GraphQLClient:
    """An administrator of the other workspace."""
    _, token = await create_api_key(workspace.id, name="tenant", role=Role.ADMIN)
    return GraphQLClient(client, token)


async def create(client: GraphQLClient, values: dict[str, str]) -> dict[str, Any]:
    payload: dict[str, Any] = (await client(CREATE, input=values))["createAccount"]
    return payload


async def read_accounts() -> list[dict[str, Any]]:
    return await collection(Account).find({}, {"name": 1, "app_secret": 1}).to_list()


async def bind(workspace: Workspace) -> None:
    """Lets the workspace use the default secret, as an operator does."""
    await collection(Workspace).update_one(
        {"_id": workspace.id}, {"$set": {"uses_default_app_secret": True}}
    )


async def test_number_of_another_workspace_is_taken_only_with_proof(
    admin: GraphQLClient, tenant: GraphQLClient
) -> None:
    foreign = NEW | {"accessToken": OTHER_NUMBER.access_token}
    free = await create(tenant, foreign)
    assert (await create(admin, NEW))["userErrors"] == []
    before = await read_accounts()

    assert await create(tenant, foreign) == free
    proven = await create(tenant, NEW)

    [error] = proven["userErrors"]
    assert (error["code"], error["field"]) == ("CONFLICT", ["phoneNumberId"])
    assert error["current"] is None
    assert await read_accounts() == before


async def test_workspace_without_default_secret_needs_its_own(
    tenant: GraphQLClient, workspace: Workspace
) -> None:
    refused = await create(tenant, WITHOUT_SECRET)
    assert await read_accounts() == []
    created = await create(tenant, NEW)
    account_id = created["account"]["id"]
    before = await read_accounts()
    cleared = await tenant(UPDATE, input={"accountId": account_id, "appSecret": None})

    [error] = refused["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["appSecret"])
    assert error["reason"] == "REQUIRED"
    missing = {"code": "INVALID_INPUT", "field": ["appSecret"]}
    assert cleared["updateAccount"] == {"account": None, "userErrors": [missing]}
    assert await read_accounts() == before
    await bind(workspace)
    cleared = await tenant(UPDATE, input={"accountId": account_id, "appSecret": None})
    assert cleared["updateAccount"]["userErrors"] == []


async def test_check_finds_account_that_lost_default_secret(
    tenant: GraphQLClient, workspace: Workspace
) -> None:
    await bind(workspace)
    account_id = (await create(tenant, WITHOUT_SECRET))["account"]["id"]

    async def has_secret() -> bool:
        checks = (await tenant(CHECK, id=account_id))["checkAccount"]["checks"]
        return next(check["ok"] for check in checks if check["name"] == "APP_SECRET") is True

    assert await has_secret()
    await collection(Workspace).update_one(
        {"_id": workspace.id}, {"$set": {"uses_default_app_secret": False}}
    )
    assert not await has_secret()
