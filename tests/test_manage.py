"""Operator commands, run as an operator runs them."""

import subprocess
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from manage import SCHEMA_FILE
from models import Account, Role
from models.database.base import NO_WORKSPACE_ID
from tests.fixtures.servers import make_environment, run_manage
from tests.fixtures.world import NUMBER
from whatsapp.auth.api_keys import authenticate_api_key
from whatsapp.settings import Settings


def run_command(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_manage(make_environment(settings, LOG_LEVEL="WARNING"), *arguments)


async def test_key_is_made_and_printed_once(
    settings: Settings, database: AsyncDatabase[dict[str, Any]]
) -> None:
    result = run_command(settings, "create-api-key", "--name", "CRM", "--role", "VIEWER")

    viewer = await authenticate_api_key(result.stdout.strip())
    assert viewer is not None
    assert (viewer.name, viewer.role, viewer.account_ids) == ("CRM", Role.VIEWER, None)


async def test_key_of_server_has_no_agent(
    settings: Settings, database: AsyncDatabase[dict[str, Any]]
) -> None:
    server, agent = [
        run_command(settings, "create-api-key", "--name", "CRM", *options).stdout.strip()
        for options in (["--server"], [])
    ]

    viewers = [await authenticate_api_key(token) for token in (server, agent)]
    assert [viewer and viewer.agent_id is None for viewer in viewers] == [True, False]


async def test_key_may_be_limited_to_accounts(settings: Settings, account: Account) -> None:
    arguments = ("--name", "CRM", "--phone-number-id", NUMBER.phone_number_id)

    result = run_command(settings, "create-api-key", *arguments)

    viewer = await authenticate_api_key(result.stdout.strip())
    assert viewer is not None
    assert (viewer.role, viewer.account_ids) == (Role.AGENT, frozenset({account.id}))


async def test_unknown_account_makes_no_key(
    settings: Settings, database: AsyncDatabase[dict[str, Any]]
) -> None:
    result = run_command(settings, "create-api-key", "--name", "CRM", "--phone-number-id", "1")

    assert result.returncode == 1
    assert result.stderr.strip() == "Unknown phone number id; no API key was created."
    assert await database["api_keys"].count_documents({}) == 0


def test_schema_file_equals_exported_schema(settings: Settings) -> None:
    result = run_command(settings, "export-schema", "--check")

    assert (result.returncode, result.stderr) == (0, "")
    assert "type Mutation {" in SCHEMA_FILE.read_text()


async def test_keys_are_listed_and_ended(
    settings: Settings, database: AsyncDatabase[dict[str, Any]], account: Account
) -> None:
    token = run_command(settings, "create-api-key", "--name", "CRM").stdout.strip()
    limited = ("--name", "Shop", "--phone-number-id", NUMBER.phone_number_id)
    run_command(settings, "create-api-key", *limited)

    listed = run_command(settings, "list-api-keys").stdout.splitlines()
    ended = run_command(settings, "revoke-api-key", listed[0].split()[0].rstrip("…"))

    assert [line.split()[1:] for line in listed] == [
        ["valid", "AGENT", "all", "accounts", "CRM"],
        ["valid", "AGENT", "1", "accounts", "Shop"],
    ]
    assert ended.stdout == "Revoked CRM; its open sockets are closed within seconds.\n"
    assert await authenticate_api_key(token) is None
    assert token[-20:] not in "".join(listed)
    actors = [one["actor"]["kind"] async for one in database["audit_entries"].find({})]
    assert actors == ["OPERATOR"] * 3
    actions = await database["audit_entries"].distinct("action", {"outcome": "DONE"})
    assert actions == ["API_KEY_CREATED", "API_KEY_REVOKED"]


def test_unknown_key_is_not_ended(
    settings: Settings, database: AsyncDatabase[dict[str, Any]]
) -> None:
    result = run_command(settings, "revoke-api-key", "wag_000000000000_")

    assert result.returncode == 1
    assert result.stderr.startswith("No API key has the prefix 000000000000")


async def test_key_of_workspace_is_made(
    settings: Settings, database: AsyncDatabase[dict[str, Any]], account: Account
) -> None:
    workspace_id = run_command(settings, "create-workspace", "Acme").stdout.strip()
    made = ("create-api-key", "--name", "CRM", "--role", "ADMIN")

    token = run_command(settings, *made, "--workspace", "acme").stdout.strip()
    foreign = run_command(
        settings, *made, "--workspace", "acme", "--phone-number-id", NUMBER.phone_number_id
    )
    unknown = run_command(settings, *made, "--workspace", "nobody")
    listed = run_command(settings, "list-workspaces").stdout.splitlines()
    keys = run_command(settings, "list-api-keys").stdout.splitlines()

    viewer = await authenticate_api_key(token)
    assert viewer is not None
    assert (str(viewer.workspace_id), viewer.role) == (workspace_id, Role.ADMIN)
    assert foreign.stderr.strip() == "Unknown phone number id; no API key was created."
    assert unknown.stderr.strip() == "Unknown workspace nobody; see `manage.py list-workspaces`."
    assert [line.split()[1:] for line in listed] == [
        ["ACTIVE", "1", "accounts", "default"],
        ["ACTIVE", "0", "accounts", "Acme"],
    ]
    assert [line.split()[1:] for line in keys] == [
        ["valid", "ADMIN", "all", "accounts", "Acme", "CRM"]
    ]
    entries = await database["audit_entries"].find({}).sort("created_at").to_list()
    assert [(entry["action"], entry["workspace_id"]) for entry in entries] == [
        ("WORKSPACE_CREATED", NO_WORKSPACE_ID),
        ("API_KEY_CREATED", viewer.workspace_id),
    ]


async def test_key_of_operator_has_no_workspace(
    settings: Settings, database: AsyncDatabase[dict[str, Any]]
) -> None:
    made = ("create-api-key", "--name", "Operations", "--role", "OPERATOR")

    token = run_command(settings, *made).stdout.strip()
    refused = run_command(settings, *made, "--workspace", "default")

    viewer = await authenticate_api_key(token)
    assert viewer is not None
    assert (viewer.workspace_id, viewer.role, viewer.agent_id) == (
        NO_WORKSPACE_ID,
        Role.OPERATOR,
        None,
    )
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        "The key of an operator belongs to no workspace, account or server."
    )
    assert await database["api_keys"].count_documents({}) == 1
    entries = database["audit_entries"].find({})
    assert [entry["workspace_id"] async for entry in entries] == [NO_WORKSPACE_ID]


async def test_name_of_workspace_is_made_once(
    settings: Settings, database: AsyncDatabase[dict[str, Any]]
) -> None:
    refused = run_command(settings, "create-workspace", "DEFAULT")

    assert refused.returncode == 1
    assert refused.stderr.strip() == "A workspace with this name already exists."
    assert await database["workspaces"].count_documents({}) == 1
