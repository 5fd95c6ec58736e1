"""SIGTERM while everything is in use: a quick end, nothing kept from the processes that follow."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from pymongo.asynchronous.database import AsyncDatabase

from models import Member, Message, MessageStatus, Role
from models.connection import create_client, prepare_database
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from sandbox.mongod import EmbeddedMongod
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.live import LiveClient, open_live
from tests.fixtures.servers import ROOT, ServerProcess
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.world import NUMBER, connect_number
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing

# Container runtimes kill after ten seconds; three times that is slack.
PATIENCE_SECONDS = 3 * 10.0
EVENTS = "subscription { events { cursor } }"
SEND = """mutation ($id: ID!) { sendMessage(input: {
    to: {conversationId: $id}, content: {text: {body: "Hello"}} }) { userErrors { code } } }"""
CONVERSATION = "{ conversations { edges { node { id } } } }"
MakeServer = Callable[..., ServerProcess]
# With the timeouts and the ends of production.
PROGRAM = [sys.executable, str(ROOT / "manage.py")]


@asynccontextmanager
async def serve_silence() -> AsyncIterator[str]:
    """A Meta that takes every request and never answers: its URL."""
    asked: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: asked.append(writer), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in asked:
            writer.close()


async def start_a_send(server: ServerProcess, token: str) -> None:
    """Leaves a request to Meta under way."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as http:
        graphql = GraphQLClient(http, token)
        await WebhookClient(http, NUMBER).post_messages(make_message())

        async def find_conversation() -> Any:
            return (await graphql(CONVERSATION))["conversations"]["edges"]

        [edge] = await eventually(find_conversation)
        await graphql(SEND, id=edge["node"]["id"])
        await eventually(lambda: collection(Message).find_one({"outbox_state": "SENDING"}))


def open_half_a_request(server: ServerProcess) -> socket.socket:
    """An HTTP request with an endless body."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{"
    )
    return connection


async def find_close_code(live: LiveClient) -> int | None:
    async with asyncio.timeout(30):
        await live.socket.wait_closed()
    return live.socket.close_code


async def stop(server: ServerProcess) -> float:
    """Seconds that the end took."""
    started = time.monotonic()
    await asyncio.to_thread(server.stop)
    assert server.wait(0) is not None, server.log
    return time.monotonic() - started


async def test_stopped_server_releases_everything_in_time(
    database: AsyncDatabase[dict[str, Any]], keyring: KeyRing, make_server: MakeServer
) -> None:
    await connect_number(keyring, NUMBER)
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    async with serve_silence() as meta_url, AsyncExitStack() as stack:
        server = make_server(command=PROGRAM, GRAPH_API_URL=meta_url)
        server.start()
        await start_a_send(server, token)
        lives = [
            await stack.enter_async_context(open_live(server.websocket_url, token))
            for _ in range(9)
        ]
        for live in lives:
            await live.subscribe(EVENTS)
        with open_half_a_request(server):
            seconds = await stop(server)
        codes = [await find_close_code(live) for live in lives]

        members = await Member.count()
        sent = await Message.find_one({"direction": "OUTBOUND"})
        server.start()

    assert seconds < PATIENCE_SECONDS
    assert codes == [1012] * 9
    assert members == 0
    assert sent is not None
    # Meta may have it: it is not sent again.
    assert sent.status is MessageStatus.UNKNOWN


async def test_server_ends_in_time_while_mongodb_is_away(
    own_mongod: EmbeddedMongod, keyring: KeyRing, make_server: MakeServer
) -> None:
    async with create_client(own_mongod.uri) as client, serve_silence() as meta_url:
        await prepare_database(client["wagraph"])
        await connect_number(keyring, NUMBER)
        _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
        server = make_server(
            command=PROGRAM,
            MONGODB_URI=own_mongod.uri,
            MONGODB_DATABASE="wagraph",
            GRAPH_API_URL=meta_url,
        )
        server.start()
        await start_a_send(server, token)
        async with open_live(server.websocket_url, token) as live:
            await live.subscribe(EVENTS)
            await own_mongod.stop_async()

            seconds = await stop(server)

    assert seconds < PATIENCE_SECONDS
