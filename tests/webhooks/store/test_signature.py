"""The signature over the raw bytes is checked first."""

import asyncio
import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest

from models import Account, WebhookEvent
from models.database.base import collection
from sandbox.webhooks.webhook_bodies import sign
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER, connect_secrets
from whatsapp.accounts.accounts import update_account
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

SECRET = NUMBER.app_secret
BODY = b'{"object":"whatsapp_business_account","entry":[]}'
PATH = "/webhooks/whatsapp"


def sign_body(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def post(client: httpx.AsyncClient, body: bytes, *signatures: str) -> int:
    headers = [(b"X-Hub-Signature-256", signature.encode()) for signature in signatures]
    return (await client.post(PATH, content=body, headers=headers)).status_code


async def count_events() -> int:
    return await collection(WebhookEvent).count_documents({})


async def test_escaped_characters_are_verified_as_they_were_sent(
    client: httpx.AsyncClient, account: Account
) -> None:
    body = (
        b'{"object":"whatsapp_business_account","entry":[],'
        b'"note":"caf\\u00e9 a\\/b \\ud83d\\ude00 @ \xc3\xa9"}'
    )
    # Computed once with openssl dgst -sha256 -hmac canary-app-secret-A.
    golden = "sha256=88c99b010fa008340ab22c656de0620c6c8ac3819ef5002c296c087c6d7ecdb5"

    assert sign_body(body) == golden
    assert await post(client, body, golden) == 200
    # The same JSON value in other bytes carries another signature.
    reserialised = json.dumps(json.loads(body)).encode()
    assert await post(client, reserialised, golden) == 403


UNREADABLE = [
    "",
    "sha256=",
    sign_body(BODY).removeprefix("sha256="),
    sign_body(BODY).replace("sha256", "sha1"),
    sign_body(BODY)[:-1],
    sign_body(BODY) + "0",
    sign_body(BODY).upper(),
    "sha256=" + sign_body(BODY)[7:].upper().replace("0", "A"),
    "sha256=" + "é" * 64,
    "sha256=" + "٣" * 64,
    sign_body(BODY) + ", " + sign_body(BODY),
]


async def test_unreadable_signature_is_401(
    client: httpx.AsyncClient, account: Account, subtests: pytest.Subtests
) -> None:
    for signature in UNREADABLE:
        with subtests.test(signature=signature):
            assert await post(client, BODY, signature) == 401
    assert await count_events() == 0


async def test_no_signature_and_two_signatures_are_401(
    client: httpx.AsyncClient, account: Account
) -> None:
    assert await post(client, BODY) == 401
    assert await post(client, BODY, sign_body(BODY), sign_body(BODY)) == 401
    assert await count_events() == 0


async def test_wrong_signature_is_403_and_stores_nothing(
    client: httpx.AsyncClient, account: Account, subtests: pytest.Subtests
) -> None:
    wrong = [(BODY, "another secret"), (BODY, ""), (BODY + b" ", SECRET), (BODY[:-1], SECRET)]
    for signed, secret in wrong:
        with subtests.test(signed=signed, secret=secret):
            assert await post(client, BODY, sign_body(signed, secret)) == 403
    assert await count_events() == 0


async def test_secret_of_another_account_is_as_good(
    client: httpx.AsyncClient, account: Account, other_account: Account
) -> None:
    assert await post(client, BODY, sign_body(BODY, SECRET)) == 200
    assert await post(client, BODY, sign_body(BODY, "canary-app-secret-B")) == 200
    # A body under two secrets is two events: neither counts as a repetition.
    assert await count_events() == 2


async def test_without_any_secret_there_is_nothing_here(client: httpx.AsyncClient) -> None:
    assert await post(client, BODY, sign_body(BODY)) == 404
    assert await post(client, BODY, sign_body(BODY, "")) == 404
    assert await count_events() == 0


async def test_secret_of_deleted_account_is_forgotten(
    client: httpx.AsyncClient, account: Account
) -> None:
    await account.set({"deleted_at": account.created_at})

    assert await post(client, BODY, sign_body(BODY)) == 404


async def test_disabled_account_still_verifies(client: httpx.AsyncClient, account: Account) -> None:
    await account.set({"enabled": False})

    assert await post(client, BODY, sign_body(BODY)) == 200


async def test_new_secret_is_known_soon(
    webhook: WebhookClient, client: httpx.AsyncClient, account: Account, keyring: KeyRing
) -> None:
    body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))
    assert (await webhook.post(body)).status_code == 200
    await update_account(keyring, account, changes={"app_secret": "rotated"})

    async def is_accepted() -> bool:
        return await post(client, BODY, sign(BODY, app_secret="rotated")) == 200

    await eventually(is_accepted)


async def test_verification_of_large_bodies_blocks_no_request(
    client: httpx.AsyncClient, account: Account, keyring: KeyRing
) -> None:
    await connect_secrets(keyring, 60)
    large = BODY.ljust(4 * 1024 * 1024)
    turns = 0

    async def is_served() -> bool:
        return await post(client, large, sign_body(large, "secret 59")) == 200

    await eventually(is_served)  # now all secrets are known
    posting = asyncio.create_task(post(client, large, sign_body(large, "unknown")))
    while not posting.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert await posting == 403
    # Longer than the look-up of a new secret takes.
    assert turns > 20


class TestDefaultSecret:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        changes: dict[str, Any] = {"meta_app_secret": "default-secret"}
        return Settings(_env_file=None, **settings.model_dump(exclude_unset=True) | changes)

    async def test_it_verifies_without_any_account(self, client: httpx.AsyncClient) -> None:
        assert await post(client, BODY, sign_body(BODY, "default-secret")) == 200
        assert await post(client, BODY, sign_body(BODY)) == 403


async def test_only_get_and_post_are_answered(
    client: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        with subtests.test(method=method):
            assert (await client.request(method, PATH)).status_code == 405
