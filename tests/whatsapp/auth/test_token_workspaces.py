"""JWT_WORKSPACE_CLAIM: the workspace that a token names."""

from typing import Any

import httpx
import pytest

from models import Account, Agent, Role, Workspace
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.global_ids import encode_id
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.tokens import SETTINGS, make_token
from tests.fixtures.workspaces import create_workspace
from tests.fixtures.world import OTHER_NUMBER, connect_number
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings
from whatsapp.workspaces.suspension import suspend_workspace
from whatsapp.workspaces.workspaces import update_workspace

ME = "{ viewer { workspace { name } accounts { nodes { name } } } }"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return make_settings(
        mongodb_uri=settings.mongodb_uri,
        mongodb_database=settings.mongodb_database,
        jwt_workspace_claim="org.workspace",
        **SETTINGS,
    )


@pytest.fixture
async def acme(database: Any) -> Workspace:
    return await create_workspace("Acme")


@pytest.fixture
async def acme_account(app: Any, keyring: KeyRing, acme: Workspace) -> Account:
    return await connect_number(keyring, OTHER_NUMBER, acme.id)


def make_holder(client: httpx.AsyncClient, workspace: object, accounts: Any = "*") -> GraphQLClient:
    org = {"workspace": workspace}
    return GraphQLClient(client, make_token(Role.ADMIN, accounts, org=org))


async def test_token_names_workspace(
    client: httpx.AsyncClient, acme: Workspace, account: Account, acme_account: Account
) -> None:
    own = {"workspace": {"name": "Acme"}, "accounts": {"nodes": [{"name": acme_account.name}]}}
    for name in ("Acme", " acme", id_of(acme), str(acme.id)):
        assert await make_holder(client, name)(ME) == {"viewer": own}

    default = (await make_holder(client, "default")(ME))["viewer"]
    assert default["workspace"] == {"name": "default"}
    assert default["accounts"] == {"nodes": [{"name": account.name}]}
    agents = await Agent.find({"subject": "user-1"}).to_list()
    assert {agent.workspace_id for agent in agents} == {DEFAULT_WORKSPACE_ID, acme.id}


@pytest.mark.parametrize(
    "named",
    [
        None,
        "",
        "nobody",
        "x" * 300,
        ["Acme"],
        1,
        encode_id("Account", DEFAULT_WORKSPACE_ID),
        "0" * 24,
    ],
)
async def test_token_of_unknown_workspace_is_refused(
    client: httpx.AsyncClient, acme: Workspace, app: Any, named: object
) -> None:
    assert await make_holder(client, named).find_error_code(ME) == "UNAUTHENTICATED"
    assert await Agent.count() == 0


async def test_token_without_claim_is_refused(client: httpx.AsyncClient, acme: Workspace) -> None:
    holder = GraphQLClient(client, make_token())

    assert await holder.find_error_code(ME) == "UNAUTHENTICATED"
    assert await Agent.count() == 0


async def test_accounts_of_other_workspaces_do_not_count(
    client: httpx.AsyncClient, acme: Workspace, account: Account, acme_account: Account
) -> None:
    both = make_holder(client, "Acme", [account, acme_account])
    foreign = make_holder(client, "Acme", [account])
    query = """query ($id: ID!) { node(id: $id) { id } viewer { accounts { nodes { id } } } }"""

    limited = await both(query, id=id_of(account))
    nothing = await foreign(query, id=id_of(account))

    assert limited == {
        "node": None,
        "viewer": {"accounts": {"nodes": [{"id": id_of(acme_account)}]}},
    }
    assert nothing == {"node": None, "viewer": {"accounts": {"nodes": []}}}
    agent = await Agent.find_one({"subject": "user-1"})
    assert agent is not None
    assert agent.account_ids is not None
    assert account.id not in agent.account_ids


async def test_suspended_workspace_refuses_tokens(
    client: httpx.AsyncClient, acme: Workspace, app: Any
) -> None:
    await suspend_workspace(acme)

    assert await make_holder(client, "Acme").find_error_code(ME) == "WORKSPACE_SUSPENDED"
    assert await Agent.count() == 0


async def test_renamed_workspace_is_found_by_its_new_name(
    client: httpx.AsyncClient, acme: Workspace, app: Any
) -> None:
    await update_workspace(acme, changes={"name": "Bravo"})

    assert (await make_holder(client, "bravo")(ME))["viewer"]["workspace"] == {"name": "Bravo"}
    assert await make_holder(client, "acme").find_error_code(ME) == "UNAUTHENTICATED"
