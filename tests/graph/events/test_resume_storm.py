"""A resume storm: all clients reconnect at once and miss nothing.

A failed router or a new version of the server causes it.
"""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from graph.events.feed import LiveFeed
from graph.fanout.groups import Groups
from models import Account, Conversation
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.timeouts import make_timeouts
from tests.graph.live_kit import (
    catch_up,
    create_contact,
    create_conversation,
    create_message,
    wait_for_listeners,
)
from tests.graph.socket_kit import SocketClient, open_socket
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

CLIENTS = 60
SOAK_CLIENTS = 500
# Clients were cut off at so many different places.
PLACES = 6
SEEN, MISSED, MEANWHILE = PLACES, 40, 20
ALL = SEEN + MISSED + MEANWHILE
ADDED = "subscription($after: String) { messageAdded(after: $after) { cursor message { text } } }"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Uses one API key for all clients."""
    return settings.model_copy(update={"sockets_per_credential": 0})


@pytest.fixture
def timeouts() -> Timeouts:
    """Keeps shared history longer, because storms take longer on slow machines."""
    return make_timeouts(history_keep_seconds=100.0)


@pytest.fixture
def open_files() -> Iterator[None]:
    """Both ends of every socket are here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * SOAK_CLIENTS
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
async def conversation(account: Account) -> Conversation:
    return await create_conversation(await create_contact(account.id))


class App:
    """A client with its events and last cursor."""

    def __init__(self, port: int, token: str, cursor: str) -> None:
        self.heard: list[str] = []
        self._port = port
        self._token = token
        self._cursor = cursor

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[SocketClient]:
        async with open_socket(self._port, token=self._token) as client:
            await client.subscribe(ADDED, after=self._cursor)
            yield client

    async def take(self, client: SocketClient, count: int) -> None:
        """Only events pass: neither an error nor the end of the subscription does."""
        for data in await client.take(count):
            self._cursor = data["messageAdded"]["cursor"]
            self.heard.append(data["messageAdded"]["message"]["text"])

    async def lose_connection(self, count: int) -> None:
        """After so many events, and without a word."""
        async with self.following() as client:
            await self.take(client, count)
            client.connection.transport.abort()


@contextmanager
def counting_streams(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Each change stream, as it is opened."""
    opened: list[str] = []
    watch = AsyncDatabase.watch

    async def count(self: AsyncDatabase[Any], *args: Any, **options: Any) -> Any:
        opened.append(self.name)
        return await watch(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(AsyncDatabase, "watch", count)
        yield opened


async def write(conversation: Conversation, first: int, count: int) -> None:
    for number in range(first, first + count):
        await create_message(conversation, text=str(number))


async def cut_off_all(apps: list[App], conversation: Conversation) -> None:
    losing = asyncio.gather(*(app.lose_connection(n % PLACES) for n, app in enumerate(apps)))
    await write(conversation, 0, SEEN)
    await losing


async def come_back(app: App, stack: AsyncExitStack) -> SocketClient:
    client = await stack.enter_async_context(app.following())
    await app.take(client, ALL - len(app.heard))
    return client


NUMBERS = [CLIENTS, pytest.param(SOAK_CLIENTS, marks=pytest.mark.soak)]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("is_remembered", [True, False], ids=["ring", "history"])
@pytest.mark.usefixtures("open_files")
async def test_storm_delivers_every_event_once(
    port: int,
    token: str,
    admin: GraphQLClient,
    conversation: Conversation,
    live_feed: LiveFeed,
    live_groups: Groups,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    is_remembered: bool,
) -> None:
    cursor = (await admin("{ eventCursor }"))["eventCursor"]
    apps = [App(port, token, cursor) for _ in range(number)]
    await cut_off_all(apps, conversation)
    await wait_for_listeners(live_groups, 0)
    with monkeypatch.context() as patch:
        if not is_remembered:
            # As after a restart: the missed events are not in memory.
            patch.setattr(live_feed.ring, "_max_events", MISSED // 2)
        await write(conversation, SEEN, MISSED)
        await catch_up(live_feed)

    with counting_streams(monkeypatch) as opened:
        async with AsyncExitStack() as stack:
            writing = asyncio.create_task(write(conversation, SEEN + MISSED, MEANWHILE))
            clients = await asyncio.gather(*(come_back(app, stack) for app in apps))
            await writing
            await wait_for_listeners(live_groups, number)
            await create_message(conversation, text="live again")
            for app, client in zip(apps, clients, strict=True):
                await app.take(client, 1)

    assert [app.heard for app in apps] == [[*map(str, range(ALL)), "live again"]] * number
    if is_remembered:
        assert opened == []
    else:
        # Clients with equal positions share one read.
        assert 1 <= len(opened) <= CLIENTS // 2
