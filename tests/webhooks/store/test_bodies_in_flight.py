"""Unverified bodies: their total size is limited, and they delay no verified bodies."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import httpx
import pytest

from models import Account, WebhookEvent
from models.database.base import collection
from tests.fixtures.waiting import eventually
from tests.fixtures.world import connect_secrets
from tests.webhooks.store.test_signature import BODY, sign_body
from whatsapp.common.admission import BodyTooSlow, RequestBodies
from whatsapp.common.crypto import KeyRing

PATH = "/webhooks/whatsapp"
HALF = 2 * 1024 * 1024
SENDERS = 150


async def post(client: httpx.AsyncClient, content: object, signature: str) -> int:
    headers = {"X-Hub-Signature-256": signature}
    return (await client.post(PATH, content=content, headers=headers)).status_code  # type: ignore[arg-type]


async def test_half_sent_bodies_are_bounded_together(
    client: httpx.AsyncClient, account: Account
) -> None:
    ended = asyncio.Event()
    begun = 0

    async def send_half() -> AsyncIterator[bytes]:
        nonlocal begun
        for _ in range(HALF // 65_536):
            yield bytes(65_536)
        begun += 1
        await ended.wait()
        yield b""

    tracemalloc.start()
    try:
        posts = [
            asyncio.create_task(post(client, send_half(), sign_body(b""))) for _ in range(SENDERS)
        ]

        async def is_full() -> bool:
            # The oldest were dropped in favour of the newest.
            return sum(task.done() for task in posts) > SENDERS - 40 and begun >= SENDERS - 1

        await eventually(is_full)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    large = BODY.ljust(3 * 1024 * 1024)
    signed = [
        await post(client, body, sign_body(body)) for body in (BODY, large, BODY.ljust(60_000))
    ]
    ended.set()
    statuses = await asyncio.gather(*posts)

    assert held < 80 * 1024 * 1024
    assert peak < 120 * 1024 * 1024
    assert signed == [200, 200, 200]
    assert set(statuses) == {403, 503}
    assert await collection(WebhookEvent).count_documents({}) == 3


async def test_dropped_body_is_to_be_sent_again(
    client: httpx.AsyncClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsapp.common.admission.FREE_BYTES", 0)
    ended = asyncio.Event()

    async def stall() -> AsyncIterator[bytes]:
        yield bytes(HALF)
        await ended.wait()
        yield b""

    headers = {"X-Hub-Signature-256": sign_body(b"")}
    first = asyncio.create_task(client.post(PATH, content=stall(), headers=headers))
    await asyncio.sleep(0.05)
    others = [asyncio.create_task(post(client, stall(), sign_body(b""))) for _ in range(32)]
    answer = await first
    ended.set()
    await asyncio.gather(*others)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["connection"] == "close"


async def test_timed_out_body_affects_no_other() -> None:
    """Room is needed in the very moment when the deadline of the oldest body has passed."""
    bodies = RequestBodies(max_total_bytes=HALF)
    late: asyncio.Task[None]

    async def read(chunks: AsyncIterator[bytes], seconds: float) -> None:
        limits = {"content_length": None, "max_bytes": 2 * HALF, "seconds": seconds}
        async with bodies.receive(chunks, **limits):  # type: ignore[arg-type]
            pass

    async def stall() -> AsyncIterator[bytes]:
        yield bytes(HALF)
        await asyncio.Event().wait()

    async def follow() -> AsyncIterator[bytes]:
        while not late.cancelling():  # noqa: ASYNC110 - no event tells of this moment
            await asyncio.sleep(0)
        yield bytes(HALF)

    late = asyncio.create_task(read(stall(), 0.05))
    other = asyncio.create_task(read(follow(), 60))
    outcomes = await asyncio.gather(late, other, return_exceptions=True)

    assert isinstance(outcomes[0], BodyTooSlow)
    assert outcomes[1] is None


async def test_unsigned_bodies_do_not_delay_signed_bodies(
    client: httpx.AsyncClient, account: Account, keyring: KeyRing
) -> None:
    await connect_secrets(keyring, 80)
    large = BODY.ljust(4 * 1024 * 1024)
    assert await post(client, BODY, sign_body(BODY)) in {200, 403}
    flood = [
        asyncio.create_task(post(client, large, sign_body(large, f"unknown {number}")))
        for number in range(6)
    ]
    await asyncio.sleep(0.1)
    statuses = []
    for number in (79, 40, 7):
        body = BODY.ljust(1000 + number)
        statuses.append(await post(client, body, sign_body(body, f"secret {number}")))
    is_flooded = not all(task.done() for task in flood)
    outcomes = await asyncio.gather(*flood)

    assert statuses == [200, 200, 200]
    assert is_flooded
    assert set(outcomes) <= {403, 503}
