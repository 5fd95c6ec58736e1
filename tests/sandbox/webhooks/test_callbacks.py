"""Subscriptions of apps and URLs of webhooks, as Meta keeps them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.application import create_fake_cloud_api, get_fake_meta
from sandbox.settings import SandboxSettings
from sandbox.world.numbers import NumberDirectory
from tests.sandbox.meta_kit import BAKERY, SHOP

APPS = f"/v25.0/{SHOP.business_account_id}/subscribed_apps"
NUMBER = f"/v25.0/{SHOP.phone_number_id}"
CONFIGURATION = f"{NUMBER}?fields=webhook_configuration"
ECHO = {"override_callback_uri": "https://echo.test/hook", "verify_token": "right"}


def answer(request: httpx.Request) -> httpx.Response:
    """The servers that the handshakes go to."""
    query = request.url.params
    if request.url.host == "broken.test":
        raise httpx.ConnectError("refused", request=request)
    if request.url.host == "parrot.test":
        return httpx.Response(200, text="hello")
    if query["hub.mode"] != "subscribe" or query["hub.verify_token"] != "right":
        return httpx.Response(403)
    return httpx.Response(200, text=query["hub.challenge"])


@pytest.fixture
async def api() -> AsyncIterator[httpx.AsyncClient]:
    app = create_fake_cloud_api(
        NumberDirectory(SHOP, BAKERY),
        SandboxSettings(webhook_url="https://app.test/hook").faster(100),
        webhook_transport=httpx.MockTransport(answer),
    )
    headers = {"Authorization": f"Bearer {SHOP.access_token}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://graph.test", headers=headers
    ) as client:
        yield client
    await get_fake_meta(app).close()


async def read_urls(api: httpx.AsyncClient) -> dict[str, str]:
    urls: dict[str, str] = (await api.get(CONFIGURATION)).json()["webhook_configuration"]
    return urls


async def test_webhook_url_is_set_and_removed_per_level(api: httpx.AsyncClient) -> None:
    of_number = {"webhook_configuration": ECHO}
    none = {"webhook_configuration": {"override_callback_uri": ""}}
    seen = [await read_urls(api)]
    steps: list[tuple[str, Any]] = [(APPS, ECHO), (NUMBER, of_number), (NUMBER, none), (APPS, {})]
    for path, body in steps:
        assert (await api.post(path, json=body)).json() == {"success": True}
        seen.append(await read_urls(api))

    url, app = "https://echo.test/hook", {"application": "https://app.test/hook"}
    of_account = app | {"whatsapp_business_account": url}
    assert seen == [app, of_account, of_account | {"phone_number": url}, of_account, app]


async def test_subscribed_app_shows_url(api: httpx.AsyncClient) -> None:
    before = (await api.get(APPS)).json()["data"]
    await api.post(APPS, json=ECHO)
    after = (await api.get(APPS)).json()["data"]

    assert before[0].keys() == {"whatsapp_business_api_data"}
    assert after == [before[0] | {"override_callback_uri": "https://echo.test/hook"}]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"verify_token": "wrong"}, 2200, "HTTP Status Code = 403; HTTP Message = Forbidden"),
        ({"override_callback_uri": "https://broken.test/"}, 2200, "ConnectError"),
        ({"override_callback_uri": "https://parrot.test/"}, 2201, "does not match challenge"),
        ({"override_callback_uri": "https://echo.test/" + "x" * 200}, 100, "200 characters"),
        ({"verify_token": ""}, 100, "verify_token"),
    ],
)
async def test_handshake_that_fails_is_refused_in_metas_words(
    api: httpx.AsyncClient, change: dict[str, str], code: int, words: str
) -> None:
    refused = await api.post(APPS, json=ECHO | change)

    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["type"]) == (400, code, "OAuthException")
    assert words in error["message"]
    assert "whatsapp_business_account" not in await read_urls(api)


async def test_url_needs_subscribed_app(api: httpx.AsyncClient) -> None:
    await api.delete(APPS)
    early = await api.post(APPS, json=ECHO)
    listed = (await api.get(APPS)).json()
    await api.post(APPS)
    late = await api.post(APPS, json=ECHO)

    assert "must be subscribed" in early.json()["error"]["message"]
    assert listed == {"data": []}
    assert late.json() == {"success": True}


async def test_numbers_are_listed_in_pages(api: httpx.AsyncClient) -> None:
    path = f"/v25.0/{SHOP.business_account_id}/phone_numbers"

    page = (await api.get(f"{path}?fields=id&limit=1")).json()
    after = page["paging"]["cursors"]["after"]
    behind = (await api.get(f"{path}?after={after}")).json()

    assert page["data"] == [{"id": SHOP.phone_number_id}]
    assert "next" not in page["paging"]
    assert behind == {"data": []}


async def test_proof_is_made_with_apps_secret(api: httpx.AsyncClient) -> None:
    import hashlib
    import hmac

    key, token = SHOP.app_secret.encode(), SHOP.access_token.encode()
    right = hmac.new(key, token, hashlib.sha256).hexdigest()

    taken = await api.get(f"{NUMBER}?fields=id&appsecret_proof={right}")
    refused = await api.get(f"{NUMBER}?fields=id&appsecret_proof=00")

    assert taken.json() == {"id": SHOP.phone_number_id}
    assert "Invalid appsecret_proof" in refused.json()["error"]["message"]
