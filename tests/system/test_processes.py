"""Guarantees over several processes, killed processes and outages of MongoDB."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import Contact, Conversation, Message, Role
from models.connection import create_client, prepare_database
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.mongod import EmbeddedMongod
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.live import open_live
from tests.fixtures.servers import ServerProcess
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER, connect_number
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing

MESSAGES = "subscription ($after: String) { messageAdded(after: $after) { message { text } } }"
Database = AsyncDatabase[dict[str, Any]]
MakeServer = Callable[..., ServerProcess]


@asynccontextmanager
async def open_webhook(server: ServerProcess) -> AsyncIterator[WebhookClient]:
    # The server closes connections idle for 5 s, which is httpx's limit too: a post must not cross
    # it.
    limits = httpx.Limits(keepalive_expiry=1)
    async with httpx.AsyncClient(
        base_url=server.url, trust_env=False, timeout=60, limits=limits
    ) as http:
        yield WebhookClient(http, NUMBER)


async def make_token() -> str:
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    return token


async def test_repeated_body_has_one_effect(
    database: Database, keyring: KeyRing, make_server: MakeServer
) -> None:
    await connect_number(keyring, NUMBER)
    token = await make_token()
    one, other = make_server(), make_server()
    one.start(wait_for="")
    other.start()
    one.wait_for("/readyz")
    body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))
    marker = make_body(
        NUMBER, make_change(NUMBER, messages=[make_message(content={"body": "end"})])
    )

    async with (
        open_webhook(one) as to_one,
        open_webhook(other) as to_other,
        open_live(one.websocket_url, token) as live_one,
        open_live(other.websocket_url, token) as live_other,
    ):
        cursor = (await GraphQLClient(to_one.http, token)("{ eventCursor }"))["eventCursor"]
        streams = [await live.subscribe(MESSAGES, after=cursor) for live in (live_one, live_other)]
        posts = [client.deliver(body) for client in (to_one, to_other) for _ in range(10)]
        await asyncio.gather(*posts)
        await eventually(lambda: Message.find_one({}))
        await to_one.deliver(marker)
        events = [await stream.take(2) for stream in streams]

    assert await Message.find({"text": "Hello"}).count() == 1
    assert (await Contact.count(), await Conversation.count()) == (1, 1)
    for texts in ([one["messageAdded"]["message"]["text"] for one in each] for each in events):
        assert texts == ["Hello", "end"]


async def test_kill_after_200_loses_no_webhook(
    database: Database, keyring: KeyRing, make_server: MakeServer
) -> None:
    await connect_number(keyring, NUMBER)
    server = make_server()
    wamids = []
    for round_number in range(3):
        server.start()
        async with open_webhook(server) as webhook:
            messages = [make_message(at=1_750_000_000 + round_number) for _ in range(10)]
            changes = [make_change(NUMBER, messages=[message]) for message in messages]
            await asyncio.gather(*(webhook.deliver(make_body(NUMBER, one)) for one in changes))
        server.kill()
        wamids += [message["id"] for message in messages]

    server.start()

    async def find_all() -> bool:
        return await Message.count() >= len(wamids)

    await eventually(find_all)
    stored = [message.wamid or "" for message in await Message.find({}).to_list()]
    assert sorted(stored) == sorted(wamids)


@pytest.fixture
async def own_database(own_mongod: EmbeddedMongod) -> AsyncIterator[Database]:
    async with create_client(own_mongod.uri) as client:
        await prepare_database(client["wagraph"])
        yield client["wagraph"]


async def test_mongodb_may_go_and_come_back(
    own_mongod: EmbeddedMongod, own_database: Database, keyring: KeyRing, make_server: MakeServer
) -> None:
    await connect_number(keyring, NUMBER)
    token = await make_token()
    server = make_server(MONGODB_URI=own_mongod.uri, MONGODB_DATABASE="wagraph")
    server.start()
    async with open_webhook(server) as webhook, open_live(server.websocket_url, token) as live:
        graphql = GraphQLClient(webhook.http, token)
        cursor = (await graphql("{ eventCursor }"))["eventCursor"]
        stream = await live.subscribe(MESSAGES, after=cursor)
        await webhook.post_messages(make_message(content={"body": "before"}))
        assert (await stream.next())["messageAdded"]["message"]["text"] == "before"

        await own_mongod.stop_async()
        lost = make_message(content={"body": "while away"})
        started = time.monotonic()
        refused = await webhook.post_messages(lost)
        error_code = await graphql.find_error_code("{ accounts { edges { node { id } } } }")
        seconds = time.monotonic() - started
        server.wait_for("/healthz")
        server.wait_for("/readyz", status=503)
        await own_mongod.start_async()
        server.wait_for("/readyz")
        await webhook.deliver(make_body(NUMBER, make_change(NUMBER, messages=[lost])))
        after = (await stream.next())["messageAdded"]["message"]["text"]

    assert refused.status_code == 503
    assert "Retry-After" in refused.headers
    assert error_code == "SERVICE_UNAVAILABLE"
    assert seconds < 3 * 10  # each answers within 5 s; three times that is slack
    assert after == "while away"


async def test_server_may_start_before_mongodb(
    own_mongod: EmbeddedMongod, own_database: Database, make_server: MakeServer
) -> None:
    token = await make_token()
    server = make_server(MONGODB_URI=own_mongod.uri, MONGODB_DATABASE="wagraph")
    await own_mongod.stop_async()

    server.start(wait_for="/healthz")
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as http:
        graphql = GraphQLClient(http, token)
        answers = [await http.get("/readyz"), await http.post("/webhooks/whatsapp")]
        code = await graphql.find_error_code("{ viewer { name } }")
        await own_mongod.start_async()
        server.wait_for("/readyz")
        viewer = await graphql("{ viewer { name } }")

    assert [answer.status_code for answer in answers] == [503, 503]
    assert code == "SERVICE_UNAVAILABLE"
    assert viewer == {"viewer": {"name": "test"}}
    assert "MongoDB is unreachable at 127.0.0.1" in server.log


def test_missing_setting_ends_start_with_one_line(make_server: MakeServer) -> None:
    server = make_server(ENCRYPTION_KEYS="nonsense")

    server.start(wait_for="")

    assert server.wait(60) == 1
    assert server.log.strip().startswith("wagraph: ENCRYPTION_KEYS is malformed")
    assert "\n" not in server.log.strip()


def test_malformed_mongodb_uri_ends_start_with_one_line(make_server: MakeServer) -> None:
    server = make_server(MONGODB_URI="mongo://nowhere")

    server.start(wait_for="")

    assert server.wait(60) == 1
    assert server.log.strip().startswith("wagraph: MONGODB_URI is malformed")
