"""Webhooks are repeated until they get a 200, and stay in order for each customer."""

import asyncio

import httpx

from sandbox.application import create_fake_cloud_api
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from sandbox.settings import SandboxSettings
from sandbox.world.numbers import NumberDirectory
from tests.sandbox.meta_kit import SHOP, Receiver, send, text_to

ANA, BEN = "15550001111", "15550002222"


async def test_refused_webhook_is_repeated_with_same_bytes(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    receiver.answers = [503, 500]

    answer = await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi"})
    await meta.webhooks.drain()

    assert answer.json()["webhook_status"] == 503
    (logged,) = (await api.get("/sandbox/webhooks")).json()["webhooks"]
    assert (logged["attempts"], logged["accepted"]) == ([503, 500, 200], True)
    assert len(receiver.messages) == 1


async def test_refused_webhook_delays_only_its_customer(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    meta.settings.webhook_retry_delays = (0.05,) * 1000
    receiver.refused = b"first"

    await api.post("/sandbox/inbound", json={"from": ANA, "text": "first"})
    waiting = asyncio.create_task(
        api.post("/sandbox/inbound", json={"from": ANA, "text": "second"})
    )
    other = await api.post("/sandbox/inbound", json={"from": BEN, "text": "other"})
    receiver.refused = None
    await waiting
    await meta.webhooks.drain()

    assert other.json()["webhook_status"] == 200
    texts = [message["text"]["body"] for message in receiver.messages]
    assert texts == ["other", "first", "second"]


async def test_after_last_delay_it_is_given_up(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    meta.settings.webhook_retry_delays = (0.001, 0.001)
    receiver.answers = [500] * 10

    await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi"})
    await meta.webhooks.drain()

    (delivery,) = meta.webhooks.log
    assert (delivery.attempts, delivery.is_accepted) == ([500, 500, 500], False)


async def test_retry_false_tries_once(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    receiver.answers = [500]

    await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi", "retry": False})
    await meta.webhooks.drain()

    assert receiver.messages == []


async def test_server_that_is_away_is_reported_without_status() -> None:
    settings = SandboxSettings(webhook_url="http://127.0.0.1:9/webhooks/whatsapp")
    app = create_fake_cloud_api(NumberDirectory(SHOP), settings)

    async with (
        FakeCloudServer(app) as server,
        httpx.AsyncClient(base_url=server.url, timeout=60) as client,
    ):
        answer = await client.post("/sandbox/inbound", json={"from": ANA, "text": "Hi"})

    assert answer.json()["webhook_status"] is None
    assert "ConnectError" in answer.json()["webhook_error"]


async def test_statuses_of_message_are_sent_in_order(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    receiver.answers = [503, 503, 200, 503]

    await send(api, text_to(ANA))
    await meta.webhooks.drain()

    assert receiver.status_names == ["sent", "delivered", "read"]


async def test_closing_cancels_waiting_webhooks(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    meta.settings.sent_delay = 600
    await send(api, text_to(ANA))

    async with asyncio.timeout(20):
        await meta.close()

    assert receiver.bodies == []


async def test_clearing_webhook_log(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi"})

    await api.delete("/sandbox/webhooks")

    assert list(meta.webhooks.log) == []
