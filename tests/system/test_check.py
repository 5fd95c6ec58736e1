"""`manage.py check`: each finding, with a real MongoDB and the fake Meta."""

import asyncio
import base64
import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from models import Account
from operations.privileges import NEEDED_ACTIONS
from sandbox.mongod import EmbeddedMongod
from sandbox.server import FakeCloudServer
from sandbox.world.numbers import NumberDirectory
from tests.conftest import ENCRYPTION_KEYS
from tests.fixtures.odd_mongods import AuthenticatingMongod, drop_old_oplog
from tests.fixtures.servers import (
    ROOT,
    ServerProcess,
    make_environment,
    run_manage,
)
from tests.fixtures.world import NUMBER, SERVER_URL, connect_number
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

OTHER_KEY = "k9:" + base64.b64encode(b"9" * 32).decode()
META = f"meta.{NUMBER.phone_number_id}"
Database = AsyncDatabase[dict[str, Any]]
Findings = dict[str, dict[str, Any]]


async def check(environment: dict[str, str], *arguments: str, exit_code: int = 0) -> Findings:
    """Returns the findings by name."""
    result = await asyncio.to_thread(run_manage, environment, "check", "--json", *arguments)
    output = result.stdout + result.stderr
    assert result.returncode == exit_code, output
    for secret in ("canary", ENCRYPTION_KEYS.partition(":")[2], OTHER_KEY.partition(":")[2]):
        assert secret not in output
    report = json.loads(result.stdout)
    assert set(report) == {"outcome", "findings"}
    findings = {finding.pop("name"): finding for finding in report["findings"]}
    has_failed = any(finding["outcome"] == "FAILED" for finding in findings.values())
    assert (report["outcome"] == "FAILED") == has_failed == (exit_code > 0)
    return findings


@pytest.fixture
async def cloud(meta_app: Starlette) -> AsyncIterator[FakeCloudServer]:
    async with FakeCloudServer(meta_app) as server:
        yield server


@pytest.fixture
def environment(settings: Settings, cloud: FakeCloudServer) -> dict[str, str]:
    return make_environment(
        settings,
        LOG_LEVEL="DEBUG",
        GRAPH_API_URL=cloud.url,
        PUBLIC_URL=SERVER_URL,
        META_APP_SECRET="canary-default-app-secret",
        META_VERIFY_TOKEN="canary-default-verify-token",
    )


async def test_working_deployment_passes(
    environment: dict[str, str], database: Database, keyring: KeyRing
) -> None:
    await connect_number(keyring, NUMBER)
    before = await database["accounts"].find_one({})

    findings = await check(environment)

    outcomes = {name: finding["outcome"] for name, finding in findings.items()}
    assert outcomes == {
        "settings": "OK",
        "settings.public_url": "WARNING",
        "mongodb.connection": "OK",
        "mongodb.privileges": "WARNING",
        "mongodb.version": "WARNING",
        "mongodb.replica_set": "OK",
        "mongodb.migrations": "OK",
        "mongodb.indexes": "OK",
        "mongodb.restore": "OK",
        "mongodb.oplog": "OK",
        "mongodb.clock": "OK",
        "encryption.keys.k1": "OK",
        "media.store": "OK",
        f"{META}.token": "OK",
        f"{META}.phone_number": "OK",
        f"{META}.business_account": "OK",
        f"{META}.webhook_subscription": "OK",
        f"{META}.webhook_url": "OK",
        f"{META}.app_secret": "OK",
        f"{META}.permissions": "OK",
    }
    assert findings["encryption.keys.k1"]["message"] == "The key decrypts 3 stored secret(s)."
    assert findings["mongodb.version"]["remedy"] == "Upgrade MongoDB to version 7 or later."
    assert await database["accounts"].find_one({}) == before
    assert await database["media.files"].count_documents({}) == 0


async def test_empty_database_is_told_from_prepared_one(
    environment: dict[str, str], database_name: str, database: Database
) -> None:
    empty = f"{database_name}_e"

    findings = await check(environment | {"MONGODB_DATABASE": empty})
    names = await database.client[empty].list_collection_names()
    await database.client.drop_database(empty)

    assert "is empty" in findings["mongodb.migrations"]["message"]
    assert set(names) <= {"media.files", "media.chunks"}  # the media store is tried


async def test_refused_token_fails_and_stops_nothing(
    environment: dict[str, str], database: Database, keyring: KeyRing
) -> None:
    account = await connect_number(keyring, NUMBER)
    secret = keyring.encrypt(
        "canary-refused", collection="accounts", id=account.id, field="access_token"
    )
    await database["accounts"].update_one({}, {"$set": {"access_token": secret}})
    before = await database["accounts"].find_one({})

    findings = await check(environment, exit_code=1)

    assert findings[f"{META}.token"]["outcome"] == "FAILED"
    assert findings[f"{META}.webhook_url"]["message"].startswith("Not checked: ")
    assert findings[f"{META}.permissions"]["outcome"] == "WARNING"
    assert await database["accounts"].find_one({}) == before


async def test_missing_permission_fails(
    environment: dict[str, str], account: Account, numbers: NumberDirectory
) -> None:
    numbers.add(dataclasses.replace(NUMBER, permissions=("whatsapp_business_messaging",)))

    findings = await check(environment, exit_code=1)

    assert findings[f"{META}.token"]["outcome"] == "OK"
    assert findings[f"{META}.permissions"] == {
        "outcome": "FAILED",
        "message": "The access token lacks whatsapp_business_management.",
        "remedy": "Generate a token with both permissions, and store it with updateAccount.",
    }


async def test_unreadable_secrets_and_store_fail(
    environment: dict[str, str], account: Account
) -> None:
    findings = await check(
        environment | {"ENCRYPTION_KEYS": OTHER_KEY, "MEDIA_STORE_URL": "file:///proc/wagraph"},
        exit_code=1,
    )

    assert findings["encryption.keys.k9"]["message"] == "The key decrypts 0 stored secret(s)."
    assert findings["encryption.keys"]["outcome"] == "FAILED"
    assert f"accounts|{account.id}|" in findings["encryption.keys"]["message"]
    assert findings["media.store"]["outcome"] == "FAILED"
    assert "MEDIA_STORE_URL" in findings["media.store"]["message"]


async def test_pending_and_extra_indexes_are_warned_about(
    environment: dict[str, str], database: Database
) -> None:
    await database["contacts"].create_index("canary_free_name", name="by_hand")
    await database["messages"].drop_index("wamid")
    try:
        findings = await check(environment)
    finally:
        await database["contacts"].drop_index("by_hand")
        run_manage(environment, "migrate")

    assert findings["mongodb.indexes"]["outcome"] == "WARNING"
    assert "contacts.by_hand" in findings["mongodb.indexes"]["message"]
    assert findings["mongodb.migrations"] == {
        "outcome": "WARNING",
        "message": "1 step(s) are pending: index messages.wamid.",
        "remedy": "Start the server, or run `manage.py migrate`.",
    }


async def test_callback_is_requested_on_demand(
    environment: dict[str, str], database: Database, make_server: Callable[..., ServerProcess]
) -> None:
    server = make_server(META_VERIFY_TOKEN="canary-default-verify-token")
    server.start()
    environment["PUBLIC_URL"] = server.url

    served = await check(environment, "--callback")
    wrong = await check(
        environment | {"META_VERIFY_TOKEN": "canary-other-token"}, "--callback", exit_code=1
    )
    server.stop()
    stopped = await check(environment, "--callback", exit_code=1)

    url = f"{server.url}/webhooks/whatsapp"
    messages = [findings["webhooks.callback"]["message"] for findings in (served, wrong, stopped)]
    assert messages == [
        f"{url} returned the challenge.",
        f"{url} answered 403 without the challenge.",
        f"{url} failed: ConnectError.",
    ]


async def test_invalid_settings_exit_with_2(environment: dict[str, str]) -> None:
    environment |= {"PORT": "eighty", "ENCRYPTION_KEYS": "canary"}

    result = await asyncio.to_thread(run_manage, environment, "check", "--json")

    assert (result.returncode, "canary" in result.stdout) == (2, False)
    messages = [finding["message"] for finding in json.loads(result.stdout)["findings"]]
    assert [message.partition(" is malformed")[0] for message in messages] == [
        "ENCRYPTION_KEYS",
        "PORT",
    ]


def test_text_shows_unreachable_mongodb(settings: Settings) -> None:
    environment = make_environment(settings, MONGODB_URI="mongodb://u:canary@127.0.0.1:9/")

    result = run_manage(environment, "check")

    assert (result.returncode, "canary" in result.stdout + result.stderr) == (1, False)
    *_, line, totals = result.stdout.splitlines()
    assert line.startswith(
        "FAILED   mongodb.connection: MongoDB is unreachable at 127.0.0.1:9: start it, or correct"
    )
    assert totals == "1 OK, 1 WARNING, 1 FAILED"


def create_exact_role(mongod: AuthenticatingMongod) -> str:
    """Creates a role with the needed actions only; returns its name."""
    privilege = {
        "resource": {"db": "wagraph", "collection": ""},
        "actions": sorted(NEEDED_ACTIONS),
    }
    with MongoClient[dict[str, Any]](mongod.root_uri) as client:
        client["wagraph"].command("createRole", "exact", privileges=[privilege], roles=[])
    return "exact"


async def test_needed_privileges_are_enough(
    environment: dict[str, str],
    authenticating: AuthenticatingMongod,
    make_server: Callable[..., ServerProcess],
) -> None:
    role = {"role": create_exact_role(authenticating), "db": "wagraph"}
    uri = authenticating.create_user("exact", role)
    where = {"MONGODB_URI": uri, "MONGODB_DATABASE": "wagraph"}
    server = make_server(**where)

    await asyncio.to_thread(server.start)
    findings = await check(environment | where)

    assert findings["mongodb.privileges"]["outcome"] == "OK"
    assert findings["mongodb.oplog"]["remedy"] == ("Grant it the role read on the database local.")
    oplog = {"role": "read", "db": "local"}
    with MongoClient[dict[str, Any]](authenticating.root_uri) as client:
        client.admin.command("grantRolesToUser", "exact", roles=[oplog])
    assert (await check(environment | where))["mongodb.oplog"]["outcome"] == "OK"


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        (["readWrite"], "The user readWrite lacks collMod on wagraph."),
        (
            ["read"],
            "The user read lacks collMod, createCollection, createIndex, dropIndex, insert,"
            " remove, update on wagraph.",
        ),
        ([], "MongoDB requires a user, but MONGODB_URI has none."),
    ],
)
async def test_missing_privilege_fails(
    environment: dict[str, str],
    authenticating: AuthenticatingMongod,
    roles: list[str],
    message: str,
) -> None:
    uri = f"mongodb://127.0.0.1:{authenticating.port}/?replicaSet=wagraph"
    if roles:
        granted = [{"role": role, "db": "wagraph"} for role in roles]
        uri = authenticating.create_user(roles[0], *granted)
    where = {"MONGODB_URI": uri, "MONGODB_DATABASE": "wagraph"}

    findings = await check(environment | where, exit_code=1)

    assert findings["mongodb.privileges"]["message"] == message


async def test_roles_of_guide_pass(
    environment: dict[str, str], authenticating: AuthenticatingMongod
) -> None:
    roles = [{"role": role, "db": "wagraph"} for role in ("readWrite", "dbAdmin")]
    where = {
        "MONGODB_URI": authenticating.create_user("guide", *roles),
        "MONGODB_DATABASE": "wagraph",
    }

    findings = await check(environment | where)

    assert findings["mongodb.privileges"]["outcome"] == "OK"


def test_guide_lists_needed_privileges() -> None:
    text = (ROOT / "docs/operate.md").read_text()
    [section] = re.findall(r"For the smallest role, grant (.*?) on all its", text, re.DOTALL)

    assert set(re.findall(r"`(\w+)`", section)) == NEEDED_ACTIONS


async def test_short_oplog_is_warned_about(
    environment: dict[str, str], own_mongod: EmbeddedMongod
) -> None:
    environment["MONGODB_URI"] = own_mongod.uri
    await asyncio.to_thread(run_manage, environment, "migrate")
    await asyncio.to_thread(drop_old_oplog, own_mongod)

    findings = await check(environment)

    assert findings["mongodb.oplog"]["outcome"] == "WARNING"
    assert "less than 24 h" in findings["mongodb.oplog"]["message"]


# The command on a host whose clock is ahead by 90 s.
AHEAD = """
import runpy, sys, time
true_time = time.time
time.time = lambda: true_time() + 90
sys.path[0] = sys.argv[1]
sys.argv = ["manage.py", "check"]
runpy.run_path(f"{sys.path[0]}/manage.py", run_name="__main__")
"""


async def test_other_clock_is_warned_about(environment: dict[str, str], database: Database) -> None:
    def run() -> str:
        command = [sys.executable, "-c", AHEAD, str(ROOT)]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout

    lines = (await asyncio.to_thread(run)).splitlines()

    [number] = [number for number, line in enumerate(lines) if "mongodb.clock" in line]
    assert lines[number].startswith(
        "WARNING  mongodb.clock: This host's clock differs from MongoDB's by +"
    )
    assert lines[number + 1] == "         → Synchronise the clocks of both hosts with NTP."


async def test_trusted_documents_are_checked(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "persisted-documents.json"
    documents = {"me": "{ viewer { role } }", "wrong": "{ viewer { nothing } }"}
    environment["TRUSTED_DOCUMENTS"] = str(file)
    missing = await check(environment, exit_code=1)
    file.write_text(json.dumps(documents))
    wrong = await check(environment, exit_code=1)
    file.write_text(json.dumps(documents | {"wrong": "{ viewer { name } }"}))
    valid = await check(environment)

    assert "No such file" in missing["documents"]["message"]
    assert wrong["documents"]["message"].startswith("wrong: Cannot query field 'nothing'")
    assert valid["documents"]["outcome"] == "OK"
