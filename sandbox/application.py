"""The fake Cloud API as an ASGI application: Meta's endpoints, the control API, the phone page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware

from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.cloud_api.graph_api import GraphApi
from sandbox.control.control_api import ControlApi
from sandbox.control.local_callers import LocalCallersOnly
from sandbox.control.phone_page import PhonePage
from sandbox.settings import SandboxSettings
from sandbox.world.numbers import Numbers


def create_fake_cloud_api(
    numbers: Numbers,
    settings: SandboxSettings | None = None,
    *,
    webhook_transport: httpx.AsyncBaseTransport | None = None,
) -> Starlette:
    """Creates the app for uvicorn, `FakeCloudServer` or httpx.ASGITransport.

    `webhook_transport` may be an ASGITransport of the server under test: then neither side needs a
    socket. Without the app's lifespan, call `get_fake_meta(app).close()` at the end.
    """
    meta = FakeMeta(numbers, settings or SandboxSettings(), webhook_transport=webhook_transport)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await meta.close()

    routes = [
        *PhonePage(meta).make_routes(),
        *ControlApi(meta).make_routes(),
        *GraphApi(meta).make_routes(),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(LocalCallersOnly)])
    app.state.fake_meta = meta
    return app


def get_fake_meta(app: Starlette) -> FakeMeta:
    meta = app.state.fake_meta
    assert isinstance(meta, FakeMeta)
    return meta
