"""Files of customers: the application and its fake Meta on real sockets, where things break."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from app import create_app
from models import Account, Media, MediaState, Message
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from sandbox.world.media import describe_for_webhook
from tests.fixtures.timeouts import run_lifespan
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.world import LateTransport, wait_until_ready
from whatsapp.common.capacity import Capacity
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
_times = itertools.count(1_760_000_000)

SendFile = Callable[..., Awaitable[Message]]
Settled = Callable[[Message], Awaitable[Media]]


class Listener:
    """A host that the server must not connect to; counts connections."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0

    def note(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    found = Listener()
    async with await asyncio.start_server(found.note, "127.0.0.1", 0) as server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


@pytest.fixture
async def cloud_server(meta_app: Starlette) -> AsyncIterator[FakeCloudServer]:
    async with FakeCloudServer(meta_app) as server:
        yield server


@pytest.fixture
def settings(mongodb_uri: str, settings: Settings, cloud_server: FakeCloudServer) -> Settings:
    """The files are at the fake Meta's own address, and nowhere else."""
    changes = {"graph_api_url": cloud_server.url, "media_hosts": (cloud_server.url,)}
    return settings.model_copy(update=changes)


@pytest.fixture
async def app(
    settings: Settings,
    timeouts: Timeouts,
    capacity: Capacity,
    database: AsyncDatabase[dict[str, Any]],
    meta: FakeMeta,
    to_server: LateTransport,
) -> AsyncIterator[Any]:
    application = create_app(settings, timeouts=timeouts, capacity=capacity)
    async with run_lifespan(application) as manager:
        to_server.app = manager.app
        await wait_until_ready(manager.app)
        yield manager.app


@pytest.fixture
def send_file(webhook: WebhookClient, meta: FakeMeta, account: Account) -> SendFile:
    """A customer sends a file; gives its message once it is stored here."""

    async def send(
        data: bytes = PNG, *, type: str = "image", mime_type: str = "image/png", **more: Any
    ) -> Message:
        stored = meta.media.add(data, phone_number_id=account.phone_number_id, mime_type=mime_type)
        content = describe_for_webhook(stored, url="https://lookaside.fbsbx.com/x") | more
        item = make_message(type, content, at=next(_times))
        assert (await webhook.post_messages(item)).status_code == 200

        async def look() -> Message | None:
            return await Message.find_one({"wamid": item["id"]})

        found = await eventually(look)
        assert found is not None
        return found

    return send


@pytest.fixture
def settled() -> Settled:
    """Waits until a message's file is stored, has failed or is gone, on both documents."""

    async def wait(message: Message) -> Media:
        async def look() -> Media | None:
            media = await Media.get(message.id)
            shown = await Message.get(message.id)
            if media is None or shown is None or media.state is MediaState.PENDING:
                return None
            return media if shown.media_state is media.state else None

        found = await eventually(look)
        assert found is not None
        return found

    return wait
