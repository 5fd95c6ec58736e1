"""Sending without the rest of the application: real MongoDB, and the fake Meta."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from models import Conversation
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.application import create_fake_cloud_api, get_fake_meta
from sandbox.server import FakeCloudServer
from sandbox.settings import SandboxSettings
from sandbox.world.numbers import FakeNumber, NumberDirectory
from tests.fixtures.outbox import OutboxWorld
from whatsapp.accounts.accounts import create_account
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

SELLER = FakeNumber(
    phone_number_id="106540352242922",
    business_account_id="419561257915477",
    display_phone_number="15550783881",
    verified_name="Test shop",
    access_token="canary-access-token-A",
    app_secret="canary-app-secret-A",
)


@pytest.fixture
async def cloud_app() -> AsyncIterator[Starlette]:
    """The fake Meta; its webhooks are discarded."""
    settings = SandboxSettings(webhook_url="http://server.test/webhooks/whatsapp").faster(20)
    taken = httpx.MockTransport(lambda _request: httpx.Response(200))
    app = create_fake_cloud_api(NumberDirectory(SELLER), settings, webhook_transport=taken)
    yield app
    await get_fake_meta(app).close()


@pytest.fixture
async def world(
    database: AsyncDatabase[dict[str, Any]],
    settings: Settings,
    timeouts: Timeouts,
    keyring: KeyRing,
    cloud_app: Starlette,
) -> OutboxWorld:
    account, _ = await create_account(
        keyring,
        workspace_id=DEFAULT_WORKSPACE_ID,
        name="Test shop",
        phone_number_id=SELLER.phone_number_id,
        business_account_id=SELLER.business_account_id,
        access_token=SELLER.access_token,
    )
    transport = httpx.ASGITransport(cloud_app)
    return OutboxWorld(settings, timeouts, keyring, get_fake_meta(cloud_app), account, transport)


@pytest.fixture
async def cloud_server(world: OutboxWorld, cloud_app: Starlette) -> AsyncIterator[FakeCloudServer]:
    """Puts Meta behind a real socket, where connections break as they really do."""
    async with FakeCloudServer(cloud_app) as server:
        world.settings = world.settings.model_copy(update={"graph_api_url": server.url})
        world.transport = None
        yield server


@pytest.fixture
async def conversation(world: OutboxWorld) -> Conversation:
    """Adds a customer with an open window."""
    return await world.add_customer()
