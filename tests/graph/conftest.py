"""Fixtures of the live tests: a feed over the worker's database, and documents to change."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from graph.events.feed import LiveFeed
from graph.fanout.groups import Groups
from models import Role
from models.database.base import DEFAULT_WORKSPACE_ID
from tests.fixtures.timeouts import make_timeouts
from tests.graph.live_kit import FeedReader, create_viewer, run_feed
from tests.graph.socket_kit import SocketClient, open_socket, serve
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings


@pytest.fixture
async def feed(
    database: AsyncDatabase[dict[str, Any]], settings: Settings, keyring: KeyRing
) -> AsyncIterator[LiveFeed]:
    async with run_feed(
        LiveFeed(database=database, keyring=keyring, timeouts=make_timeouts())
    ) as feed:
        yield feed


@pytest.fixture
def reader(feed: LiveFeed, settings: Settings) -> FeedReader:
    """Reads the feed without account limits."""
    return FeedReader(Groups(feed, settings), create_viewer())


@pytest.fixture
async def port(app: Any) -> AsyncIterator[int]:
    """The port of the real application under a real server."""
    async with serve(app) as port:
        yield port


@pytest.fixture
async def token(app: Any) -> str:
    """An administrator's API key."""
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="live", role=Role.ADMIN)
    return token


@pytest.fixture
async def ws(port: int, token: str) -> AsyncIterator[SocketClient]:
    """A socket that is signed in."""
    async with open_socket(port, token=token) as client:
        yield client


@pytest.fixture
async def ws_raw(port: int) -> AsyncIterator[SocketClient]:
    """A socket before its first message."""
    async with open_socket(port) as client:
        yield client
