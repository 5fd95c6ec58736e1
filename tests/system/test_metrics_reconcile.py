"""The metrics of several processes equal the contents of the database, also under faults."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from models import Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.application import create_fake_cloud_api
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from sandbox.settings import SandboxSettings
from sandbox.world.faults import FaultKind, FaultRule
from sandbox.world.media import describe_for_webhook
from sandbox.world.numbers import NumberDirectory
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.live import open_live
from tests.fixtures.metrics import METRICS_TOKEN, Scrape, scrape
from tests.fixtures.outbox import is_outbox_empty
from tests.fixtures.reconciliation import (
    Answers,
    Database,
    compare_dead_letters,
    compare_media,
    compare_resumes,
    compare_sends,
    compare_webhooks,
)
from tests.fixtures.replica_set import FailingMongod
from tests.fixtures.resumes import ADDED, drain, resume
from tests.fixtures.servers import ServerProcess
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER, OTHER_NUMBER, connect_number
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

DATABASE = "reconcile"
CUSTOMERS = 20
AT_ONCE = 10
MEDIA_MAX_BYTES = 10_000
CONVERSATIONS = "{ conversations(first: 100) { edges { node { id } } } }"
SEND = """
mutation ($to: ID!, $text: String!) {
  sendMessage(input: {
    to: {conversationId: $to}, content: {text: {body: $text}}, idempotencyKey: $text
  }) { message { id } userErrors { code } }
}
"""
META_FAULTS = [
    FaultRule(kind=FaultKind.ERROR, code=131026, times=3),
    FaultRule(kind=FaultKind.ERROR, code=999_999, times=2, http_status=400),
    FaultRule(kind=FaultKind.ERROR, code=130429, times=2, http_status=429),
    FaultRule(kind=FaultKind.RESET_AFTER, endpoint="media_content", times=2),
]


@dataclass(frozen=True)
class Load:
    webhooks: int
    sends: int
    sockets: int


@pytest.fixture(scope="module")
def failing_mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FailingMongod]:
    with FailingMongod(tmp_path_factory.mktemp("failing")) as mongod:
        yield mongod


@pytest.fixture
def settings(failing_mongod: FailingMongod) -> Settings:
    return make_settings(mongodb_uri=failing_mongod.uri, mongodb_database=DATABASE)


@asynccontextmanager
async def serve_meta(server: ServerProcess, port: int) -> AsyncIterator[FakeMeta]:
    settings = SandboxSettings(webhook_url=f"{server.url}/webhooks/whatsapp").faster(20)
    fake = create_fake_cloud_api(NumberDirectory(NUMBER), settings)
    async with FakeCloudServer(fake, port=port) as cloud:
        for rule in META_FAULTS:
            cloud.meta.faults.add(rule)
        yield cloud.meta


def make_file(meta: FakeMeta, number: int, sender: str) -> dict[str, Any]:
    """Returns an image; some are too large, or gone at Meta."""
    turn = number // 10 % 4
    size = 2 * MEDIA_MAX_BYTES if turn == 1 else 500 + number
    content = b"\x89PNG\r\n\x1a\n" + os.urandom(size)
    stored = meta.media.add(content, phone_number_id=NUMBER.phone_number_id, mime_type="image/png")
    if turn == 2:
        meta.media.delete(stored.id)
    url = "https://lookaside.fbsbx.com/x"
    return make_message("image", describe_for_webhook(stored, url=url), sender=sender)


async def post_webhooks(
    http: httpx.AsyncClient, meta: FakeMeta, load: Load, answers: Answers
) -> None:
    """Posts every body twice; some are unsigned, forged, unreadable or of an unknown number."""
    client = WebhookClient(http, NUMBER)
    room = asyncio.Semaphore(AT_ONCE)

    async def post(number: int) -> None:
        async with room:
            sender = f"1650555{number % CUSTOMERS:04}"
            is_file = number % 10 == 1
            item = make_file(meta, number, sender) if is_file else make_message(sender=sender)
            change = make_change(OTHER_NUMBER if number % 10 == 3 else NUMBER, messages=[item])
            body: Any = make_body(NUMBER, change)
            if number % 10 == 5:
                body = b"not JSON %d" % number
            secret = "forged" if number % 10 == 7 else None
            for _ in range(2):
                await post_until_answered(client, body, secret, answers)
        if number % 10 == 8:
            answers.statuses[
                (await http.post("/webhooks/whatsapp", content=b"{}")).status_code
            ] += 1

    await asyncio.gather(*map(post, range(load.webhooks)))


async def post_until_answered(
    client: WebhookClient, body: Any, secret: str | None, answers: Answers
) -> None:
    """Repeats as Meta does, which takes 503 for `later`."""
    while True:
        status = (await client.post(body, secret=secret)).status_code
        answers.statuses[status] += 1
        if status != 503:
            return
        await asyncio.sleep(0.05)


async def send_messages(graphql: GraphQLClient, load: Load) -> None:
    edges = (await graphql(CONVERSATIONS))["conversations"]["edges"]
    conversations = [edge["node"]["id"] for edge in edges]
    room = asyncio.Semaphore(AT_ONCE)

    async def send(number: int) -> None:
        to = conversations[number % len(conversations)]

        async def is_queued() -> bool:
            # Twice, as after a lost answer; a failed command is asked for again.
            result = await graphql.post(SEND, to=to, text=f"out {number}")
            return "errors" not in result

        async with room:
            for _ in range(2):
                await eventually(is_queued)

    await asyncio.gather(*map(send, range(load.sends)))


async def fail_commands(mongod: FailingMongod, times: int) -> None:
    data = {"failCommands": ["insert", "update", "findAndModify"], "errorCode": 189}
    for name in ("webhook_events", "messages"):
        data["namespace"] = f"{DATABASE}.{name}"
        await asyncio.to_thread(mongod.set_fail_point, "failCommand", {"times": times}, **data)
        await asyncio.sleep(0.2)


async def is_idle(database: Database) -> bool:
    waiting = await database["webhook_events"].count_documents({"state": "RECEIVED"})
    waiting += await database["media"].count_documents({"state": "PENDING"})
    return not waiting and await is_outbox_empty()


@pytest.mark.parametrize(
    "load",
    [
        pytest.param(Load(webhooks=100, sends=40, sockets=8), id="small"),
        pytest.param(
            Load(webhooks=2600, sends=1000, sockets=100), id="large", marks=pytest.mark.soak
        ),
    ],
)
async def test_metrics_equal_database(
    failing_mongod: FailingMongod,
    database: Database,
    keyring: KeyRing,
    make_server: Callable[..., ServerProcess],
    free_port: int,
    load: Load,
) -> None:
    await connect_number(keyring, NUMBER)
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    server = make_server(
        # Long: events that two processes apply, because the first was slow, count twice.
        {"webhook_lease_seconds": 5.0},
        GRAPH_API_URL=f"http://127.0.0.1:{free_port}",
        METRICS_TOKEN=METRICS_TOKEN,
        SOCKETS_PER_CREDENTIAL="200",
        MEDIA_HOSTS=f"http://127.0.0.1:{free_port}",
        MEDIA_MAX_BYTES=str(MEDIA_MAX_BYTES),
    )
    server.start("--workers", "2", constants={"models.backlog.KEEP_SECONDS": 0.0})
    answers = Answers()
    limits = httpx.Limits(max_keepalive_connections=0)  # so that any worker may answer
    async with (
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60, limits=limits) as http,
        serve_meta(server, free_port) as meta,
        AsyncExitStack() as sockets,
    ):
        for _ in range(load.sockets):
            live = await sockets.enter_async_context(open_live(server.websocket_url, token))
            followed = await live.subscribe(ADDED)

        async def are_subscribed() -> bool:
            return (await scrape(http)).get("wagraph_live_subscriptions") == load.sockets

        await eventually(are_subscribed)
        assert (await scrape(http)).get(
            "wagraph_live_sockets", transport="websocket"
        ) == load.sockets

        posting = asyncio.create_task(post_webhooks(http, meta, load, answers))
        await fail_commands(failing_mongod, times=5)
        await posting
        await eventually(lambda: is_idle(database))
        sending = asyncio.create_task(send_messages(GraphQLClient(http, token), load))
        await fail_commands(failing_mongod, times=5)
        await sending
        await eventually(lambda: is_idle(database))

        cursors = await drain(followed)
        await sockets.aclose()
        resumed = await resume(server, http, token, cursors, failing_mongod, DATABASE)
        found = await eventually(lambda: scrape_when_settled(http, database))
        assert found is not None
        await compare_webhooks(found, database, answers)
        await compare_dead_letters(found, database)
        await compare_sends(found, database, meta)
        await compare_media(found, database)
        compare_resumes(found, resumed)
        assert found.total("wagraph_live_sockets") == 0
        assert found.get("wagraph_live_subscriptions") == 0


async def scrape_when_settled(http: httpx.AsyncClient, database: Database) -> Scrape | None:
    """Scrapes once the last statuses have come; None before."""
    first = await database["webhook_events"].count_documents({})
    await asyncio.sleep(1)
    if not await is_idle(database):
        return None
    found = await scrape(http)
    is_settled = first == await database["webhook_events"].count_documents({})
    return found if is_settled and not found.get("wagraph_webhooks_in_flight") else None
