"""Webhook URLs name the app secret, so a single check decides."""

import hashlib
import hmac
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from models import Account, Message, WebhookEvent
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER, OTHER_NUMBER, connect_secrets
from tests.webhooks.store.test_signature import BODY, sign_body
from whatsapp.accounts.accounts import create_account, update_account
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

URL = "query ($id: ID!) { account(id: $id) { webhookUrl } }"
BARE = "/webhooks/whatsapp"
A, B = NUMBER.app_secret, OTHER_NUMBER.app_secret


async def read_path(admin: GraphQLClient, account: Account) -> str:
    url: str = (await admin(URL, id=id_of(account)))["account"]["webhookUrl"]
    return url.removeprefix("http://127.0.0.1:8000")


async def post(client: httpx.AsyncClient, path: str, secret: str, body: bytes = BODY) -> int:
    signed = {"X-Hub-Signature-256": sign_body(body, secret)}
    return (await client.post(path, content=body, headers=signed)).status_code


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The secrets with which the server hashed a body."""
    keys: list[bytes] = []

    def new(key: bytes, *rest: Any) -> Any:
        keys.append(key)
        return hmac.new(key, *rest)

    stand_in = SimpleNamespace(new=new, compare_digest=hmac.compare_digest)
    monkeypatch.setattr("webhooks.store.signature.hmac", stand_in)
    return keys


async def test_url_names_secret_opaquely(
    admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    paths = [await read_path(admin, one) for one in (account, other_account)]

    names = [path.removeprefix(f"{BARE}/") for path in paths]
    assert [len(name) for name in names] == [16, 16]
    assert names[0] != names[1]
    assert names[0] not in hashlib.sha256(A.encode()).hexdigest()


async def test_named_url_is_decided_by_one_check(
    client: httpx.AsyncClient,
    admin: GraphQLClient,
    account: Account,
    keyring: KeyRing,
    hashed: list[bytes],
) -> None:
    await connect_secrets(keyring, 200)
    path = await read_path(admin, account)

    async def is_accepted() -> bool:
        hashed.clear()
        return await post(client, path, A) == 200

    await eventually(is_accepted)
    assert hashed == [A.encode()]
    assert await post(client, path, "secret 5") == 403
    assert set(hashed) == {A.encode()}
    assert await post(client, BARE, "secret 199") == 200
    assert await collection(WebhookEvent).count_documents({}) == 2


async def test_statuses_of_named_url(
    client: httpx.AsyncClient, admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    path = await read_path(admin, account)

    assert (await client.post(path, content=BODY)).status_code == 401
    assert await post(client, path, B) == 403
    assert await post(client, f"{BARE}/0123456789abcdef", A) == 404
    assert await post(client, path, A, b"x" * (4 * 1024 * 1024 + 1)) == 413
    assert await post(client, f"{path}/more", A) == 404
    assert await collection(WebhookEvent).count_documents({}) == 0


async def test_handshake_of_named_url(
    client: httpx.AsyncClient, admin: GraphQLClient, account: Account
) -> None:
    asked = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": f"canary-verify-token-{NUMBER.phone_number_id}",
    }

    answer = await client.get(await read_path(admin, account), params=asked)

    assert (answer.status_code, answer.text) == (200, "1158201444")


async def test_urls_from_before_rotation_stay_valid(
    client: httpx.AsyncClient,
    admin: GraphQLClient,
    account: Account,
    keyring: KeyRing,
    webhook: WebhookClient,
) -> None:
    before = await read_path(admin, account)
    body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))
    assert (await webhook.post(body)).status_code == 200
    await update_account(keyring, account, changes={"app_secret": "rotated"})
    between = await read_path(admin, account)
    await update_account(keyring, account, changes={"app_secret": "rotated again"})

    async def accepts(path: str) -> bool:
        return await post(client, path, "rotated again") == 200

    for path in (before, between, await read_path(admin, account), BARE):
        await eventually(partial(accepts, path))
        assert await post(client, path, A) == 403
    assert len({before, between, await read_path(admin, account), BARE}) == 4


async def test_subscription_uses_named_url(
    client: httpx.AsyncClient,
    admin: GraphQLClient,
    account: Account,
    meta: FakeMeta,
    sandbox: httpx.AsyncClient,
) -> None:
    shown = (await admin(URL, id=id_of(account)))["account"]["webhookUrl"]
    subscribe = """mutation ($input: SubscribeWebhooksInput!) {
      subscribeWebhooks(input: $input) { callbackUrl } }"""

    done = await admin(subscribe, input={"accountId": id_of(account)})
    await sandbox.post("/sandbox/inbound", json={"from": "15550001111", "text": "Hi"})

    assert done["subscribeWebhooks"]["callbackUrl"] == shown
    assert meta.callbacks.of_accounts == {NUMBER.business_account_id: shown}
    await eventually(lambda: collection(Message).find_one({"text": "Hi"}))


async def test_sandbox_posts_to_named_url(
    client: httpx.AsyncClient,
    admin: GraphQLClient,
    account: Account,
    other_account: Account,
    meta: FakeMeta,
    sandbox: httpx.AsyncClient,
) -> None:
    meta.settings.webhook_url_names_secret = True
    urls = [meta.callbacks.find_url(number) for number in (NUMBER, OTHER_NUMBER)]

    answer = await sandbox.post("/sandbox/inbound", json={"from": "15550001111", "text": "Hi"})

    assert answer.json()["webhook_status"] == 200
    shown = [await read_path(admin, one) for one in (account, other_account)]
    assert [url and url.removeprefix("http://wagraph.test") for url in urls] == shown


class TestDefaultSecret:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        changes: dict[str, Any] = {"meta_app_secret": "default-secret"}
        return Settings(_env_file=None, **settings.model_dump(exclude_unset=True) | changes)

    async def test_account_without_own_secret_shows_default(
        self, client: httpx.AsyncClient, admin: GraphQLClient, keyring: KeyRing
    ) -> None:
        account, _ = await create_account(
            keyring,
            workspace_id=DEFAULT_WORKSPACE_ID,
            name="Shop",
            phone_number_id="51",
            business_account_id="1",
            access_token="token",
        )
        path = await read_path(admin, account)

        assert path != BARE
        assert await post(client, path, "default-secret") == 200
        await update_account(keyring, account, changes={"app_secret": "own"})

        async def is_accepted() -> bool:
            return await post(client, path, "own") == 200

        await eventually(is_accepted)
        assert await post(client, path, "default-secret") == 200

    @pytest.mark.usefixtures("account")
    async def test_unknown_name_is_taken_for_former_default(
        self, client: httpx.AsyncClient
    ) -> None:
        assert await post(client, f"{BARE}/0123456789abcdef", "default-secret") == 200
        assert await post(client, f"{BARE}/0123456789abcdef", A) == 403
