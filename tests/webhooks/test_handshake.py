"""GET /webhooks/whatsapp: Meta's verification request."""

from datetime import datetime
from typing import Any

import httpx
import pytest

from models import Account
from models.database.base import utc_now
from tests.fixtures.graphql import GraphQLClient
from whatsapp.settings import Settings

TOKEN = "canary-verify-token-106540352242922"


async def ask(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    asked = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "1158201444"}
    changes = {name.replace("_", ".", 1): value for name, value in changes.items()}
    return await client.get("/webhooks/whatsapp", params=asked | changes)


async def test_challenge_comes_back_as_plain_text(
    client: httpx.AsyncClient, account: Account
) -> None:
    answer = await ask(client)

    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_handshake_is_recorded_with_its_account(
    client: httpx.AsyncClient, account: Account, admin: GraphQLClient
) -> None:
    query = "{ accounts { nodes { webhookVerifiedAt } } }"
    unverified = {"accounts": {"nodes": [{"webhookVerifiedAt": None}]}}
    await ask(client, hub_verify_token="wrong")
    await ask(client, hub_challenge="<b>1</b>")
    assert await admin(query) == unverified

    started_at = utc_now()
    await ask(client)
    (node,) = (await admin(query))["accounts"]["nodes"]
    assert datetime.fromisoformat(node["webhookVerifiedAt"]) >= started_at


@pytest.mark.parametrize("token", ["wrong", "", TOKEN + "x", TOKEN.upper(), "é\ud800"])
async def test_wrong_token_is_refused(
    client: httpx.AsyncClient, account: Account, token: str
) -> None:
    query = httpx.QueryParams({"hub.mode": "subscribe", "hub.challenge": "1"})
    encoded = "".join(f"%{byte:02x}" for byte in token.encode(errors="surrogatepass"))
    answer = await client.get(f"/webhooks/whatsapp?{query}&hub.verify_token={encoded}")

    assert answer.status_code == 403


async def test_repeated_token_is_refused(client: httpx.AsyncClient, account: Account) -> None:
    path = f"/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=1&hub.verify_token={TOKEN}"

    answer = await client.get(f"{path}&hub.verify_token={TOKEN}")

    assert answer.status_code == 403


@pytest.mark.parametrize("mode", ["unsubscribe", ""])
async def test_another_mode_is_refused(
    client: httpx.AsyncClient, account: Account, mode: str
) -> None:
    assert (await ask(client, hub_mode=mode)).status_code == 403


@pytest.mark.parametrize("challenge", ["", "<b>1</b>", "1\r\nSet-Cookie: a=b", "1" * 257, "１２"])
async def test_challenge_that_is_no_token_is_not_echoed(
    client: httpx.AsyncClient, account: Account, challenge: str
) -> None:
    answer = await ask(client, hub_challenge=challenge)

    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers
    assert "<b>" not in answer.text


async def test_token_of_deleted_account_is_refused(
    client: httpx.AsyncClient, account: Account
) -> None:
    await account.set({"deleted_at": account.created_at})

    assert (await ask(client)).status_code == 403


class TestDefaultToken:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        changes: dict[str, Any] = {"meta_verify_token": "default-token"}
        return Settings(_env_file=None, **settings.model_dump(exclude_unset=True) | changes)

    async def test_default_token_is_good_without_any_account(
        self, client: httpx.AsyncClient
    ) -> None:
        assert (await ask(client, hub_verify_token="default-token")).status_code == 200
        assert (await ask(client, hub_verify_token="default-tokex")).status_code == 403
