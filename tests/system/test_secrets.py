"""No secret leaves: not in a log at DEBUG, not in an answer, not readable in the database."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from models import Account, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.server import FakeCloudServer
from sandbox.world.numbers import NumberDirectory
from tests.conftest import ENCRYPTION_KEYS
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.live import open_live
from tests.fixtures.metrics import METRICS_TOKEN, scrape
from tests.fixtures.servers import ServerProcess, run_manage
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.world import NUMBER, LateTransport
from whatsapp.auth.api_keys import create_api_key

DEFAULT_SECRET = "canary-default-app-secret"
DEFAULT_VERIFY_TOKEN = "canary-default-verify-token"
VERIFY_TOKEN = "canary-verify-token"
CREATE = """
mutation ($input: CreateAccountInput!) {
  createAccount(input: $input) {
    account { id name webhookUrl } verifyToken userErrors { code message field }
  }
}
"""
UPDATE = """
mutation ($input: UpdateAccountInput!) {
  updateAccount(input: $input) { account { id } userErrors { code message field } }
}
"""
SEND = """
mutation ($account: ID!, $body: String!) {
  sendMessage(input: {
    accountId: $account, to: { phoneNumber: "+16505551234" }, content: { text: { body: $body } }
  }) { message { id status errors { code title details } } userErrors { code message } }
}
"""
HEALTH = "query ($id: ID!) { account(id: $id) { health { state reason } } }"
ACCOUNT = {
    "name": "Shop",
    "phoneNumberId": NUMBER.phone_number_id,
    "businessAccountId": NUMBER.business_account_id,
    "accessToken": NUMBER.access_token,
    "appSecret": NUMBER.app_secret,
    "verifyToken": VERIFY_TOKEN,
}


def list_canaries(*more: str) -> set[str]:
    """Every secret, also as base64, hex and percent-encoding would show it."""
    plain = {NUMBER.access_token, NUMBER.app_secret, VERIFY_TOKEN, DEFAULT_SECRET, *more}
    plain |= {DEFAULT_VERIFY_TOKEN, ENCRYPTION_KEYS, ENCRYPTION_KEYS.split(":")[1]}
    coded = {base64.b64encode(each.encode()).decode() for each in plain}
    return plain | coded | {each.encode().hex() for each in plain} | {quote(each) for each in plain}


class Ear:
    """Remembers every byte that came back."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def listen(self, response: httpx.Response) -> None:
        await response.aread()
        self.heard.append(response.text + str(response.headers))


async def provoke(graphql: GraphQLClient, webhook: WebhookClient, account_id: str) -> None:
    """No secret is logged on refusals, broken input or wrong secrets."""
    http = graphql.http
    await graphql.post(CREATE, input=ACCOUNT)
    await graphql.post(CREATE, input=ACCOUNT | {"phoneNumberId": "x"})
    await graphql.post(CREATE, input=ACCOUNT | {"accessToken": NUMBER.access_token + "\n"})
    await graphql.post(CREATE, input=ACCOUNT | {"appSecret": {"of": NUMBER.app_secret}})
    await graphql.post("query { account(id: $x", id=account_id)
    await http.post("/graphql", content=b"{" + NUMBER.access_token.encode())
    await webhook.post(b"\xff\xfe" + NUMBER.app_secret.encode())
    await webhook.post({"entry": None}, secret="wrong")
    for token in (VERIFY_TOKEN, DEFAULT_VERIFY_TOKEN, "wrong"):
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1"}
        await http.get("/webhooks/whatsapp", params=query)


@pytest.fixture
async def cloud(meta_app: Starlette, to_server: LateTransport) -> Any:
    async with FakeCloudServer(meta_app) as server:
        yield server


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_no_secret_appears_anywhere(
    log_format: str,
    database: AsyncDatabase[dict[str, Any]],
    cloud: FakeCloudServer,
    numbers: NumberDirectory,
    make_server: Callable[..., ServerProcess],
) -> None:
    _, key = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    server = make_server(
        GRAPH_API_URL=cloud.url,
        META_APP_SECRET=DEFAULT_SECRET,
        META_VERIFY_TOKEN=DEFAULT_VERIFY_TOKEN,
        LOG_FORMAT=log_format,
        METRICS_TOKEN=METRICS_TOKEN,
    )
    server.start()
    ear = Ear()
    hooks = {"response": [ear.listen]}
    async with httpx.AsyncClient(
        base_url=server.url, event_hooks=hooks, trust_env=False, timeout=60
    ) as http:
        graphql, webhook = GraphQLClient(http, key), WebhookClient(http, NUMBER)
        created = (await graphql(CREATE, input=ACCOUNT))["createAccount"]
        account_id = created["account"]["id"]
        await webhook.post_messages(make_message())
        await eventually(lambda: database["messages"].find_one({}))
        await provoke(graphql, webhook, account_id)
        await graphql(SEND, account=account_id, body="canary-of-a-text")
        await graphql(
            UPDATE, input={"accountId": account_id, "accessToken": "canary-refused-token"}
        )
        numbers.add(replace(NUMBER, access_token="another"))
        await graphql(SEND, account=account_id, body="canary refused text")

        async def is_stopped() -> bool:
            answer = await graphql(HEALTH, id=account_id)
            return bool(answer["account"]["health"]["state"] == "STOPPED")

        await eventually(is_stopped)
        async with open_live(server.websocket_url, key):
            pass
        await http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}x"})
        metrics = (await scrape(http)).text
    server.stop()
    checked = await asyncio.to_thread(run_manage, server.environment, "check", "--json")

    told = "\n".join([*ear.heard, server.log, checked.stdout, checked.stderr])
    # A part of a key is too much already, as where long lines are cut.
    canaries = list_canaries("canary-refused-token", key, key[-16:], METRICS_TOKEN)
    found = {canary for canary in canaries if canary in told}
    assert found == set()
    assert "canary-of-a-text" not in server.log + checked.stdout + checked.stderr
    assert '"outcome": "FAILED"' in checked.stdout  # Meta refuses the token
    assert "webhooks processed" in server.log
    assert "hub.verify_token" not in server.log
    assert "canary" not in metrics
    assert created["verifyToken"] is None


async def test_database_holds_no_secret_in_clear(
    database: AsyncDatabase[dict[str, Any]], account: Account
) -> None:
    _, key = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)

    stored = [
        str(document)
        for name in await database.list_collection_names()
        if not name.startswith("system.")
        async for document in database[name].find({})
    ]

    secrets = {key, NUMBER.access_token, NUMBER.app_secret}
    assert len(stored) >= 2
    assert {secret for secret in secrets if any(secret in text for text in stored)} == set()
    assert NUMBER.access_token not in repr(account)
