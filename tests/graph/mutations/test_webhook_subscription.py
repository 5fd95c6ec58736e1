"""subscribeWebhooks: WhatsApp verifies the URL and posts there from then on."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from models import Account, Message, Role
from models.database.base import collection
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.waiting import eventually
from tests.fixtures.world import NUMBER
from whatsapp.accounts.webhook_subscription import name_secret
from whatsapp.common.crypto import digest_secret

SUBSCRIBE = """mutation ($input: SubscribeWebhooksInput!) { subscribeWebhooks(input: $input) {
  account { id } callbackUrl userErrors { code field message } } }"""
UNSUBSCRIBE = """mutation ($input: UnsubscribeWebhooksInput!) { unsubscribeWebhooks(input: $input) {
  account { id } userErrors { code field message } } }"""
BARE = "http://127.0.0.1:8000/webhooks/whatsapp"
OURS = f"{BARE}/{name_secret(digest_secret(NUMBER.app_secret))}"


async def subscribe(admin: GraphQLClient, account: Account, **values: Any) -> dict[str, Any]:
    asked = {"accountId": id_of(account), **values}
    payload: dict[str, Any] = (await admin(SUBSCRIBE, input=asked))["subscribeWebhooks"]
    return payload


async def unsubscribe(admin: GraphQLClient, account: Account, level: str) -> list[Any]:
    asked = {"accountId": id_of(account), "level": level}
    errors: list[Any] = (await admin(UNSUBSCRIBE, input=asked))["unsubscribeWebhooks"]["userErrors"]
    return errors


async def test_webhooks_of_business_account_come_here_after_handshake(
    admin: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    done = await subscribe(admin, account)

    assert done == {"account": {"id": id_of(account)}, "callbackUrl": OURS, "userErrors": []}
    assert meta.callbacks.of_accounts == {NUMBER.business_account_id: OURS}
    (request,) = meta.requests.find({"endpoint": "subscribed_apps"})
    assert request.body["override_callback_uri"] == OURS


async def test_messages_come_by_url_that_was_set(
    admin: GraphQLClient, account: Account, meta: FakeMeta, sandbox: Any
) -> None:
    meta.settings.webhook_url = ""
    await subscribe(admin, account, level="PHONE_NUMBER")

    await sandbox.post("/sandbox/inbound", json={"from": "15550001111", "text": "Hi"})

    await eventually(lambda: collection(Message).find_one({"text": "Hi"}))
    assert meta.callbacks.of_numbers == {NUMBER.phone_number_id: OURS}


async def test_app_that_was_not_subscribed_is_subscribed_first(
    admin: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    meta.callbacks.unsubscribe(NUMBER.business_account_id)

    done = await subscribe(admin, account)

    assert done["userErrors"] == []
    assert meta.callbacks.of_accounts == {NUMBER.business_account_id: OURS}
    assert meta.callbacks.unsubscribed == set()


async def test_failed_handshake_is_refused_and_changes_nothing(
    admin: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await subscribe(admin, account)
    unknown = {"verify_token_digest": "unknown"}
    await collection(Account).update_one({"_id": account.id}, {"$set": unknown})
    refused = await subscribe(admin, account, callbackUrl=f"{OURS}?again")
    not_there = await subscribe(admin, account, callbackUrl="https://x.example/nothing")

    for done, status in ((refused, 403), (not_there, 404)):
        (error,) = done["userErrors"]
        assert (error["code"], done["account"], done["callbackUrl"]) == ("META_REFUSED", None, None)
        assert f"HTTP Status Code = {status}" in error["message"]
        assert "challenge" in error["message"]
        assert "canary" not in error["message"]
    assert meta.callbacks.of_accounts == {NUMBER.business_account_id: OURS}


UNREACHABLE_URLS = [
    "http://example.com/webhooks",
    "https://user@example.com/",
    "https://example.com/#part",
    "https://example.com/ä",
    "https://example.com/" + "x" * 200,
]


async def test_unreachable_webhook_url_is_refused(
    admin: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for url in UNREACHABLE_URLS:
        with subtests.test(url=url):
            done = await subscribe(admin, account, callbackUrl=url)

            assert [(one["code"], one["field"]) for one in done["userErrors"]] == [
                ("INVALID_INPUT", ["callbackUrl"])
            ]
    assert not meta.requests.requests


MALFORMED_URLS = ["https://", "https://exa mple.com/", "https://[::1", "not a url"]


async def test_malformed_webhook_url_is_refused(
    admin: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for url in MALFORMED_URLS:
        with subtests.test(url=url):
            values = {"accountId": id_of(account), "callbackUrl": url}
            [error] = (await admin.post(SUBSCRIBE, input=values))["errors"]

            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert "at .callbackUrl: Invalid URL" in error["message"]
    assert not meta.requests.requests


async def test_unreachable_meta_is_reported(
    admin: GraphQLClient, account: Account, sandbox: Any
) -> None:
    fault = {"kind": "reset_before", "endpoint": "subscribed_apps"}
    await sandbox.post("/sandbox/faults", json=fault)

    done = await subscribe(admin, account)

    assert [one["code"] for one in done["userErrors"]] == ["META_UNREACHABLE"]


async def test_number_url_is_removed_and_account_url_applies(
    admin: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await subscribe(admin, account)
    await subscribe(admin, account, level="PHONE_NUMBER")

    assert await unsubscribe(admin, account, "PHONE_NUMBER") == []

    assert meta.callbacks.of_numbers == {}
    assert meta.callbacks.of_accounts == {NUMBER.business_account_id: OURS}


async def test_limited_key_changes_only_its_numbers(
    make_client: Callable[..., Awaitable[GraphQLClient]], account: Account, meta: FakeMeta
) -> None:
    limited = await make_client(Role.ADMIN, [account])

    refused = (await subscribe(limited, account))["userErrors"]
    refused += await unsubscribe(limited, account, "BUSINESS_ACCOUNT")
    untouched = not meta.requests.requests
    done = await subscribe(limited, account, level="PHONE_NUMBER")

    assert [error["code"] for error in refused] == ["INVALID_INPUT", "INVALID_INPUT"]
    assert untouched
    assert done["userErrors"] == []
    assert meta.callbacks.of_numbers == {NUMBER.phone_number_id: OURS}


async def test_ended_webhooks_come_no_more(
    admin: GraphQLClient, account: Account, meta: FakeMeta, sandbox: Any
) -> None:
    assert await unsubscribe(admin, account, "BUSINESS_ACCOUNT") == []

    answer = await sandbox.post("/sandbox/inbound", json={"from": "15550001111", "text": "Hi"})

    assert answer.json()["webhook_status"] is None
    assert await Message.count() == 0


async def test_whatsapp_itself_can_not_reach_loopback_address(
    database: AsyncDatabase[dict[str, Any]], meta_app: Starlette
) -> None:
    from tests.conftest import make_settings
    from whatsapp.accounts.webhook_subscription import check_callback_url
    from whatsapp.errors import InvalidInput

    settings = make_settings(graph_api_url="https://graph.facebook.com")

    with pytest.raises(InvalidInput, match="PUBLIC_URL"):
        check_callback_url(OURS, settings=settings)
