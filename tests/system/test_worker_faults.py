"""`manage.py serve --workers N` while its processes are killed, frozen and stopped under load."""

import asyncio
import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import Message, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.live import open_live
from tests.fixtures.servers import ServerProcess
from tests.fixtures.waiting import eventually
from tests.fixtures.webhook_load import WebhookLoad, loading
from tests.fixtures.workers import is_running, list_workers
from tests.fixtures.world import NUMBER, connect_number
from tests.system.test_shutdown import open_half_a_request
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

WORKERS = 2
ADDED = "subscription ($after: String) { messageAdded(after: $after) { message { text } } }"
UNREAD = "{ conversations(first: 100) { edges { node { unreadCount } } } }"
IMPATIENCE = {
    # Longer than a worker takes to start where three tests run at once.
    "worker_hung_seconds": 4.0,
    "worker_restart_seconds": 0.1,
}
# Longer than a test runs.
NEVER = 600.0
PATIENCE = [
    "graphql_body_seconds",
    "server_shutdown_seconds",
    "worker_stop_seconds",
]
Database = AsyncDatabase[dict[str, Any]]
MakeServer = Callable[..., ServerProcess]


@pytest.fixture
async def token(database: Database, keyring: KeyRing) -> str:
    """An administrator's API key; the number is connected."""
    await connect_number(keyring, NUMBER)
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    return token


async def ask(server: ServerProcess, token: str, query: str) -> Any:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as http:
        return await GraphQLClient(http, token)(query)


async def find_cursor(server: ServerProcess, token: str) -> str:
    cursor: str = (await ask(server, token, "{ eventCursor }"))["eventCursor"]
    return cursor


async def end(server: ServerProcess, act: Callable[[], None]) -> None:
    """Concurrent posts are not delayed."""
    await asyncio.to_thread(act)
    assert server.wait(0) is not None, server.log


async def check_applied_once(
    server: ServerProcess, token: str, load: WebhookLoad, *, since: str
) -> None:
    """As an app sees it that resumes after all of it."""

    async def is_all_there() -> bool:
        texts = {message.text async for message in Message.find_all()}
        return load.acknowledged <= texts

    await eventually(is_all_there)
    stored = await Message.count()
    async with open_live(server.websocket_url, token) as live:
        stream = await live.subscribe(ADDED, after=since)
        events = await stream.take(stored)
    heard = Counter(event["messageAdded"]["message"]["text"] for event in events)
    assert set(heard.values()) == {1}
    assert load.acknowledged <= heard.keys() <= set(load.posted)
    edges = (await ask(server, token, UNREAD))["conversations"]["edges"]
    assert sum(edge["node"]["unreadCount"] for edge in edges) == stored


async def wait_until_replaced(server: ServerProcess, victim: int) -> None:
    async def is_replaced() -> bool:
        workers = list_workers(server)
        return len(workers) == WORKERS and victim not in workers

    await eventually(is_replaced)


async def wait_until_ended(pids: list[int]) -> None:
    async def have_ended() -> bool:
        return not any(map(is_running, pids))

    await eventually(have_ended)


async def test_acknowledged_events_are_applied_once(token: str, make_server: MakeServer) -> None:
    # Work that a process has taken over when it is killed.
    server = make_server(IMPATIENCE | {"takeover_lease_seconds": 1.0})
    server.start("--workers", str(WORKERS))
    cursor = await find_cursor(server, token)

    async with loading(server) as load:
        await load.goes_on()
        killed, hanging = list_workers(server)
        os.kill(killed, signal.SIGKILL)
        await wait_until_replaced(server, killed)
        await load.goes_on()
        os.kill(hanging, signal.SIGSTOP)
        await wait_until_replaced(server, hanging)
        await load.goes_on()
        await end(server, server.stop)
        assert server.wait(0) == 0

        await asyncio.to_thread(server.start, "--workers", str(WORKERS))
        await load.goes_on()
        orphans = list_workers(server)
        await end(server, server.kill)
        await wait_until_ended(orphans)
    assert len(orphans) == WORKERS

    server.start("--workers", str(WORKERS))
    await check_applied_once(server, token, load, since=cursor)
    assert f"Killing worker {hanging}, which hangs" in server.log


async def test_workers_do_not_hang_because_all_were_paused(
    token: str, make_server: MakeServer
) -> None:
    server = make_server({"worker_hung_seconds": 3.0})
    server.start("--workers", str(WORKERS))
    workers = list_workers(server)

    # As a container is; the supervisor is the first to wake up.
    for pid in (server.pid, *workers):
        os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(3.5)
    for pid in (server.pid, *workers):
        os.kill(pid, signal.SIGCONT)
    await asyncio.sleep(1.5)

    assert list_workers(server) == workers
    assert await ask(server, token, "{ viewer { name } }") == {"viewer": {"name": "test"}}


async def test_worker_that_never_gets_to_serve_is_replaced(
    token: str, make_server: MakeServer
) -> None:
    server = make_server(IMPATIENCE)
    server.start("--workers", str(WORKERS))
    first, second = list_workers(server)
    os.kill(first, signal.SIGKILL)

    starting: set[int] = set()

    async def begins() -> bool:
        starting.update(set(list_workers(server)) - {first, second})
        return bool(starting)

    await eventually(begins)
    os.kill(victim := starting.pop(), signal.SIGSTOP)
    await wait_until_replaced(server, victim)

    assert await ask(server, token, "{ viewer { name } }") == {"viewer": {"name": "test"}}


@pytest.mark.parametrize("workers", [1, WORKERS])
async def test_second_sigterm_ends_at_once(
    token: str, make_server: MakeServer, workers: int
) -> None:
    server = make_server(dict.fromkeys(PATIENCE, NEVER))
    server.start("--workers", str(workers))
    pids = list_workers(server)

    with open_half_a_request(server):
        os.kill(server.pid, signal.SIGTERM)
        await wait_until_refusing(server)
        assert server.wait(0) is None
        os.kill(server.pid, signal.SIGTERM)

        assert await asyncio.to_thread(server.wait, 60) == -signal.SIGTERM
    assert not any(map(is_running, pids))


async def wait_until_refusing(server: ServerProcess) -> None:
    async def is_refusing() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", server.port)):
                return False
        except ConnectionRefusedError:
            return True

    await eventually(is_refusing)
