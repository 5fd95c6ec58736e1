"""The webhook door by itself: the routes and the engine behind them, on the real database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from models import Account, EventState, ParkedItem, WebhookEvent
from tests.fixtures.timeouts import run_lifespan
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient
from tests.fixtures.world import NUMBER, SERVER_URL, connect_number
from webhooks.ingest import Ingest
from webhooks.route import webhook_routes
from whatsapp.common.capacity import Capacity
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

Settle = Callable[[], Awaitable[None]]


@asynccontextmanager
async def serving(ingest: Ingest) -> AsyncIterator[Any]:
    """The door with this engine running behind it."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
        running = asyncio.create_task(ingest.run())
        yield {"ingest": ingest}
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    app = Starlette(routes=webhook_routes(), lifespan=lifespan)
    async with run_lifespan(app) as manager:
        yield manager.app


@pytest.fixture
def ingest(
    settings: Settings,
    timeouts: Timeouts,
    capacity: Capacity,
    keyring: KeyRing,
    database: AsyncDatabase[dict[str, Any]],
) -> Ingest:
    return Ingest(settings=settings, keyring=keyring, timeouts=timeouts, capacity=capacity)


@pytest.fixture
async def connected(database: AsyncDatabase[dict[str, Any]], keyring: KeyRing) -> Account:
    """The account of the webhooks; no application runs."""
    return await connect_number(keyring, NUMBER)


@pytest.fixture
async def door(connected: Account, ingest: Ingest) -> AsyncIterator[WebhookClient]:
    """Posts to the door by itself."""
    async with serving(ingest) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=SERVER_URL) as client:
            yield WebhookClient(client, NUMBER)


@pytest.fixture
def settle() -> Settle:
    """Waits until everything that was accepted is processed."""

    async def is_settled() -> bool:
        return not await WebhookEvent.find({"state": EventState.RECEIVED.value}).count()

    async def wait() -> None:
        await eventually(is_settled)

    return wait


async def replay_items(ingest: Ingest, items: Sequence[ParkedItem]) -> list[ParkedItem]:
    """Replays parked items and returns them in their new state."""
    ids = [item.id for item in items]
    await ingest.replay(ids)
    by_id = {item.id: item for item in await ParkedItem.find({"_id": {"$in": ids}}).to_list()}
    return [by_id[item_id] for item_id in ids]
