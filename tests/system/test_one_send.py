"""A request sent to several servers at once: a single message and send, equal responses."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from models import Message, MessageStatus, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.servers import ServerProcess
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.world import NUMBER, connect_number
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing

SEND = """
mutation Send($to: ID!, $text: String!, $key: String!) {
  sendMessage(
    input: {to: {conversationId: $to}, content: {text: {body: $text}}, idempotencyKey: $key}
  ) {
    message { id text }
    userErrors { code field }
  }
}
"""
CONVERSATIONS = "{ conversations { edges { node { id lastMessage { id } } } } }"
Database = AsyncDatabase[dict[str, Any]]


@pytest.fixture
async def meta_url(meta_app: Starlette, meta: FakeMeta) -> AsyncIterator[str]:
    """The fake Meta on a socket; its webhooks have no receiver."""
    async with FakeCloudServer(meta_app) as server:
        yield server.url


async def find_conversation(graphql: GraphQLClient) -> str | None:
    edges = (await graphql(CONVERSATIONS))["conversations"]["edges"]
    return edges[0]["node"]["id"] if edges and edges[0]["node"]["lastMessage"] else None


async def test_idempotency_key_holds_over_two_servers(
    database: Database,
    keyring: KeyRing,
    make_server: Callable[..., ServerProcess],
    meta: FakeMeta,
    meta_url: str,
) -> None:
    await connect_number(keyring, NUMBER)
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    patient = {"member_lease_seconds": 60.0}
    servers = [make_server(patient, GRAPH_API_URL=meta_url) for _ in range(2)]
    servers[0].start(wait_for="")
    servers[1].start()
    servers[0].wait_for("/readyz")

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60)
            )
            for server in servers
        ]
        one, other = (GraphQLClient(http, token) for http in clients)
        await WebhookClient(clients[0], NUMBER).post_messages(make_message())
        conversation_id = await eventually(lambda: find_conversation(one))
        request = {"to": conversation_id, "text": "Hello", "key": "order-1"}

        answers = await asyncio.gather(
            *(graphql(SEND, **request) for graphql in (one, other) for _ in range(10))
        )
        reused = await other(SEND, **(request | {"text": "Good morning"}))
        await eventually(is_accepted)
        again = await one(SEND, **request)

    sent = answers[0]["sendMessage"]
    assert sent["userErrors"] == []
    assert [answer["sendMessage"] for answer in answers] == [sent] * 20
    assert again["sendMessage"] == sent
    assert reused["sendMessage"] == {
        "message": None,
        "userErrors": [{"code": "IDEMPOTENCY_KEY_REUSED", "field": ["idempotencyKey"]}],
    }
    assert await Message.find({"direction": "OUTBOUND"}).count() == 1
    assert [one.endpoint for one in meta.requests.requests] == ["messages"]


async def is_accepted() -> bool:
    message = await Message.find_one({"direction": "OUTBOUND"})
    return message is not None and message.status is MessageStatus.ACCEPTED
