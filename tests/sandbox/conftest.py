"""A fake Meta, a server that receives its webhooks, and clients for both."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from sandbox.application import create_fake_cloud_api, get_fake_meta
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from sandbox.settings import SandboxSettings
from sandbox.world.numbers import NumberDirectory
from tests.sandbox.meta_kit import BAKERY, SHOP, Receiver


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def app(receiver: Receiver) -> Starlette:
    server = Starlette(routes=[Route("/webhooks/whatsapp", receiver.receive, methods=["POST"])])
    return create_fake_cloud_api(
        NumberDirectory(SHOP, BAKERY),
        SandboxSettings().faster(100),
        webhook_transport=httpx.ASGITransport(app=server),
    )


@pytest.fixture
async def meta(app: Starlette) -> AsyncIterator[FakeMeta]:
    meta = get_fake_meta(app)
    yield meta
    await meta.close()


@pytest.fixture
async def api(app: Starlette, meta: FakeMeta) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the fake, in this process, with the shop's token."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://localhost",
        headers={"Authorization": f"Bearer {SHOP.access_token}"},
    ) as client:
        yield client


@pytest.fixture
async def server(app: Starlette) -> AsyncIterator[FakeCloudServer]:
    async with FakeCloudServer(app) as server:
        yield server


@pytest.fixture
async def socket_api(server: FakeCloudServer) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the fake over a real connection."""
    headers = {"Authorization": f"Bearer {SHOP.access_token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client:
        yield client
