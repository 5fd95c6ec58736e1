"""`manage.py serve --workers 4`: processes behind a port start, serve and stop together."""

import asyncio
import os
import random
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase
from websockets.exceptions import WebSocketException

from models import Message, MessageStatus, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.application import create_fake_cloud_api
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from sandbox.settings import SandboxSettings
from sandbox.world.numbers import NumberDirectory
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.live import LiveClient, open_live
from tests.fixtures.servers import ServerProcess
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.workers import find_worker, list_workers
from tests.fixtures.world import NUMBER, connect_number
from whatsapp.auth.api_keys import create_api_key, revoke_api_key
from whatsapp.common.crypto import KeyRing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

WORKERS = 4
CUSTOMERS = [f"1650555{number:04}" for number in range(20)]
ROUNDS = 5
SENDS = 3
QUIET = {
    # Short: the work of a killed process is taken over after it.
    "send_deadline_seconds": 4.0,
    "member_lease_seconds": 6.0,
}
FORBIDDEN = 4403
EVENTS = """
subscription Live($after: String) {
  events(after: $after) {
    cursor
    ... on MessageAdded { message { id text } }
    ... on MessageStatusChanged { status message { id } }
  }
}
"""
SEND = """
mutation Send($to: ID!, $text: String!) {
  sendMessage(
    input: {to: {conversationId: $to}, content: {text: {body: $text}}, idempotencyKey: $text}
  ) {
    message { id }
    userErrors { code }
  }
}
"""
CONVERSATIONS = "{ conversations(first: 100) { edges { node { id contact { waId } } } } }"
Database = AsyncDatabase[dict[str, Any]]
MakeServer = Callable[..., ServerProcess]


@asynccontextmanager
async def open_doors(server: ServerProcess, token: str | None) -> AsyncIterator[GraphQLClient]:
    """Every request has a connection of its own, so any worker may get it."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(
        base_url=server.url, trust_env=False, timeout=60, limits=limits
    ) as http:
        yield GraphQLClient(http, token)


async def insist(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Retries if the worker died, as Meta and good clients do."""
    for _ in range(100):
        with suppress(httpx.TransportError):
            answer = await ask()
            if not is_busy(answer):
                return answer
        await asyncio.sleep(0.05)
    raise AssertionError("nobody answers")


def is_busy(answer: Any) -> bool:
    """On a slow machine MongoDB may take longer than a request waits for it."""
    errors = answer.get("errors", []) if answer else []
    return [error["extensions"]["code"] for error in errors] == ["SERVICE_UNAVAILABLE"]


class Subscriber:
    """An app that stays connected: cut off, it resumes after the last event it saw."""

    def __init__(self, server: ServerProcess, token: str, cursor: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.sockets: list[LiveClient] = []
        self._server = server
        self._token = token
        self._cursor = cursor

    async def follow(self) -> None:
        while not self.sockets or self.sockets[-1].socket.close_code != FORBIDDEN:
            try:
                await self._read()
            except (OSError, WebSocketException):  # it was cut before it was greeted
                await asyncio.sleep(0.05)

    async def _read(self) -> None:
        async with open_live(self._server.websocket_url, self._token) as live:
            self.sockets.append(live)
            stream = await live.subscribe(EVENTS, after=self._cursor)
            while (result := await stream.results.get())["type"] == "next":
                event = result["payload"]["data"]["events"]
                self._cursor = event["cursor"]
                self.events.append(event)

    @property
    def worker(self) -> int | None:
        """The process that has its socket now."""
        return find_worker(self._server, self.sockets[-1].socket.local_address[1])

    def list_until(self, text: str) -> list[dict[str, Any]]:
        """The events through the message with this text; sockets are closed at any time after."""
        texts = [event.get("message", {}).get("text") for event in self.events]
        return self.events[: texts.index(text) + 1]

    def list_texts(self) -> list[str]:
        return [
            event["message"]["text"]
            for event in self.events
            if "message" in event and "status" not in event
        ]

    def list_statuses(self) -> dict[str, list[str]]:
        statuses = defaultdict(list)
        for event in self.events:
            if "status" in event:
                statuses[event["message"]["id"]].append(event["status"])
        return statuses


@asynccontextmanager
async def following(subscribers: list[Subscriber]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.follow()) for one in subscribers]

        async def are_connected() -> bool:
            return all(one.sockets for one in subscribers)

        await eventually(are_connected)
        yield
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def serve_meta(server: ServerProcess, port: int) -> AsyncIterator[FakeMeta]:
    """The fake Meta, which reports statuses of all messages."""
    settings = SandboxSettings(webhook_url=f"{server.url}/webhooks/whatsapp").faster(20)
    async with FakeCloudServer(
        create_fake_cloud_api(NumberDirectory(NUMBER), settings), port=port
    ) as cloud:
        yield cloud.meta


def make_round(number: int) -> list[dict[str, Any]]:
    """A body for each customer, a minute after the round before it."""
    at = int(time.time()) - 60 * (ROUNDS - number)
    return [
        make_body(
            NUMBER,
            make_change(
                NUMBER,
                messages=[
                    make_message(
                        content={"body": f"in {number} {customer}"},
                        sender=customer,
                        at=at,
                    )
                ],
            ),
        )
        for customer in CUSTOMERS
    ]


async def post_all(graphql: GraphQLClient, bodies: list[dict[str, Any]], *, width: int) -> None:
    webhook = WebhookClient(graphql.http, NUMBER)
    room = asyncio.Semaphore(width)

    async def post(body: dict[str, Any]) -> None:
        async with room:
            await insist(lambda: webhook.deliver(body))

    await asyncio.gather(*(post(body) for body in bodies))


async def send_all(graphql: GraphQLClient, conversations: list[str]) -> None:
    """Queues messages to each customer serially, so that their order is known."""

    async def send(conversation: str, number: int) -> None:
        for count in range(SENDS):
            send_one = partial(graphql.post, SEND, to=conversation, text=f"out {number:02} {count}")
            answer = await insist(send_one)
            assert answer["data"]["sendMessage"]["userErrors"] == []

    await asyncio.gather(*(send(one, number) for number, one in enumerate(conversations)))


async def find_conversations(graphql: GraphQLClient) -> list[str]:
    edges = (await graphql(CONVERSATIONS))["conversations"]["edges"]
    return [edge["node"]["id"] for edge in edges] if len(edges) == len(CUSTOMERS) else []


async def list_unsent() -> list[Message] | None:
    """Returns the unfinished messages once all other messages have ended; None before."""
    outbound = await Message.find({"direction": "OUTBOUND"}).to_list()
    left = [one for one in outbound if one.status is not MessageStatus.READ]
    return None if any(one.status is not MessageStatus.UNKNOWN for one in left) else left


async def test_killed_worker_loses_and_doubles_nothing(
    database: Database, keyring: KeyRing, make_server: MakeServer, free_port: int
) -> None:
    await connect_number(keyring, NUMBER)
    key, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    server = make_server(
        QUIET, GRAPH_API_URL=f"http://127.0.0.1:{free_port}", SOCKETS_PER_CREDENTIAL="20"
    )
    server.start("--workers", str(WORKERS))

    async with open_doors(server, token) as graphql, serve_meta(server, free_port) as meta:
        cursor = (await graphql("{ eventCursor }"))["eventCursor"]
        subscribers = [Subscriber(server, token, cursor) for _ in range(8)]
        async with following(subscribers):
            bodies = [make_round(number) for number in range(ROUNDS)]
            await post_all(graphql, bodies[0] * 2, width=10)
            conversations = await eventually(lambda: find_conversations(graphql))
            rest = [body for one in bodies[1:] for body in one] * 2
            random.Random(1).shuffle(rest)
            first, second = rest[: len(rest) // 2], rest[len(rest) // 2 :]
            victim = subscribers[0].worker
            assert victim in list_workers(server)

            sending = asyncio.create_task(send_all(graphql, conversations))
            await post_all(graphql, first, width=10)
            os.kill(victim, signal.SIGKILL)
            await post_all(graphql, second, width=10)
            await sending
            await eventually(has_all_inbound)
            await eventually(is_settled)
            unsent = await list_unsent() or []
            await eventually(lambda: has_replaced(server, victim))
            end = make_message(content={"body": "end"})
            body = make_body(NUMBER, make_change(NUMBER, messages=[end]))
            await post_all(graphql, [body] * 2, width=2)
            await eventually(lambda: have_heard(subscribers, "end"))

            await revoke_api_key(key)
            codes = [await find_close_code(one.sockets[-1]) for one in subscribers]

    inbound = [f"in {number} {customer}" for number in range(ROUNDS) for customer in CUSTOMERS]
    outbound = [f"out {number:02} {count}" for number in range(20) for count in range(SENDS)]
    heard = subscribers[0].list_texts()
    assert sorted(heard[:-1]) == sorted(inbound + outbound)
    assert [text for text in sorted(heard) if text.startswith("out")] == outbound
    first, *others = (one.list_until("end") for one in subscribers)
    assert all(events == first for events in others)
    for statuses in subscribers[0].list_statuses().values():
        ranks = [MessageStatus[name].rank for name in statuses]
        assert ranks == sorted(set(ranks))
    sent = [each.body["text"]["body"] for each in meta.requests.list_sends()]
    assert sorted(sent) == sorted(set(sent))
    assert set(outbound) - set(sent) <= {message.text for message in unsent}
    for number in range(20):
        of_one = [text for text in sent if text.startswith(f"out {number:02} ")]
        assert of_one == sorted(of_one)
    assert len(subscribers[0].sockets) > 1
    assert codes == [FORBIDDEN] * 8


async def has_all_inbound() -> bool:
    return await Message.find({"direction": "INBOUND"}).count() == ROUNDS * len(CUSTOMERS)


async def is_settled() -> bool:
    return await list_unsent() is not None


async def has_replaced(server: ServerProcess, victim: int) -> bool:
    workers = list_workers(server)
    return len(workers) == WORKERS and victim not in workers


async def have_heard(subscribers: list[Subscriber], text: str) -> bool:
    return all(text in one.list_texts()[-1:] for one in subscribers)


async def find_close_code(live: LiveClient) -> int | None:
    async with asyncio.timeout(60):
        await live.socket.wait_closed()
    return live.socket.close_code
