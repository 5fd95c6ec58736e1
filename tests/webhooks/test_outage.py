"""MongoDB away: 503 within seconds, and everything works again when it is back."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from models import Message
from models.connection import create_client, prepare_database
from sandbox.mongod import EmbeddedMongod
from tests.conftest import ENCRYPTION_KEYS, make_settings
from tests.fixtures.timeouts import FAST
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.world import NUMBER, SERVER_URL, connect_number
from tests.webhooks.conftest import serving
from webhooks.ingest import Ingest
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts


@pytest.fixture
async def door(own_mongod: EmbeddedMongod) -> AsyncIterator[httpx.AsyncClient]:
    """A server with a separate MongoDB and an account."""
    settings = make_settings(mongodb_uri=own_mongod.uri)
    keyring = KeyRing.from_text(ENCRYPTION_KEYS)
    async with create_client(own_mongod.uri) as mongo:
        await prepare_database(mongo["outage"])
        await connect_number(keyring, NUMBER)
        async with serving(
            Ingest(settings=settings, keyring=keyring, timeouts=Timeouts(**FAST))
        ) as app:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=SERVER_URL) as client:
                yield client


async def post_timed(webhook: WebhookClient, message: dict[str, Any]) -> tuple[int, str | None]:
    started = time.monotonic()
    answer = await webhook.post_messages(message)
    assert time.monotonic() - started < 3 * Timeouts.webhook_answer_seconds
    return answer.status_code, answer.headers.get("Retry-After")


async def post_until_taken(webhook: WebhookClient, message: dict[str, Any]) -> None:
    async def is_taken() -> bool:
        return (await webhook.post_messages(message)).status_code == 200

    await eventually(is_taken)


async def has_messages(count: int) -> bool:
    return await Message.count() == count


async def test_outage_returns_503_until_it_ends(
    door: httpx.AsyncClient, own_mongod: EmbeddedMongod
) -> None:
    webhook = WebhookClient(door, NUMBER)
    missed = make_message()
    await post_until_taken(webhook, make_message())
    await eventually(lambda: has_messages(1))

    await own_mongod.stop_async()
    assert await post_timed(webhook, missed) == (503, "5")
    query = {"hub.mode": "subscribe", "hub.verify_token": "x", "hub.challenge": "1"}
    assert (await door.get("/webhooks/whatsapp", params=query)).status_code == 503

    await own_mongod.start_async()
    await post_until_taken(webhook, missed)
    await eventually(lambda: has_messages(2))


async def test_database_that_hangs_is_503_too(
    door: httpx.AsyncClient, own_mongod: EmbeddedMongod
) -> None:
    webhook = WebhookClient(door, NUMBER)
    message = make_message()
    await post_until_taken(webhook, make_message())

    own_mongod.pause()
    try:
        assert await post_timed(webhook, message) == (503, "5")
    finally:
        own_mongod.resume()

    # A body written just before the pause may be stored already; it stays a single message.
    await post_until_taken(webhook, message)
    await eventually(lambda: has_messages(2))


async def test_unreadable_secrets_return_503(
    door: httpx.AsyncClient, own_mongod: EmbeddedMongod
) -> None:
    own_mongod.kill()

    # No secret was loaded yet, so it can't be checked.
    headers = {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    answer = await door.post("/webhooks/whatsapp", content=b"{}", headers=headers)

    assert answer.status_code == 503
