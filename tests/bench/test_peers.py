"""Contenders without Node give the same responses as wagraph."""

import base64
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from signal import SIGKILL
from typing import Any

import httpx
import pytest

from models import Account, Conversation, EventState, Message, WebhookEvent
from sandbox.child_process import GuardedChild
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.servers import ROOT, make_environment
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from whatsapp.settings import Settings

OPERATIONS = ROOT / "bench" / "operations"
Start = Callable[[str], Awaitable[httpx.AsyncClient]]


def read_operation(name: str) -> str:
    return (OPERATIONS / f"{name}.graphql").read_text()


@pytest.fixture
async def start(settings: Settings, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts `python -m MODULE` on this test's database; gives a client of it once it is ready."""
    children: list[GuardedChild] = []
    clients: list[httpx.AsyncClient] = []

    async def start_module(module: str) -> httpx.AsyncClient:
        environment = make_environment(settings, META_APP_SECRET="canary-default-secret")
        log = tmp_path / f"{module}.log"
        command = [sys.executable, "-m", module]
        child = GuardedChild(
            command, output=log, environment={**environment, "PYTHONPATH": str(ROOT)}
        )
        child.start()
        url = f"http://127.0.0.1:{environment['PORT']}"
        client = httpx.AsyncClient(base_url=url, trust_env=False)
        children.append(child)
        clients.append(client)

        async def is_ready() -> bool:
            assert child.exit_code is None, log.read_text()
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(is_ready)
        return client

    yield start_module
    for client in clients:
        await client.aclose()
    for child in children:
        child.send_signal(SIGKILL)
        child.wait()


@pytest.fixture
async def conversation(account: Account, webhook: WebhookClient) -> Conversation:
    """Seeds messages of three customers; returns the conversation with several content types."""
    await webhook.post_messages(
        make_message(sender="16505550001", at=1_700_000_000),
        make_message(sender="16505550002", at=1_700_000_001),
        make_message(content={"body": "Grüße 👋"}, at=1_700_000_002),
        make_message("location", {"latitude": 52.5, "longitude": 13.0, "name": "Here"}),
        make_message("image", {"id": "1", "mime_type": "image/png", "caption": "Look"}),
    )
    await eventually(lambda: WebhookEvent.find({"state": EventState.PROCESSED}).exists())
    message = await Message.find_one({"text": "Look"})
    found = message and await Conversation.get(message.conversation_id)
    assert found is not None
    return found


async def ask_wagraph(admin: GraphQLClient, conversation: Conversation) -> dict[str, Any]:
    global_id = base64.b64encode(f"Conversation:{conversation.id}".encode()).decode()
    return {
        "inbox": await admin(read_operation("inbox")),
        "messages": await admin(read_operation("messages"), id=global_id),
        "small": await admin(read_operation("small"), id=global_id),
    }


async def test_stock_strawberry_answers_as_wagraph_does(
    start: Start, admin: GraphQLClient, conversation: Conversation
) -> None:
    stock = await start("bench.servers.stock")

    answers = await ask_wagraph(GraphQLClient(stock, admin.token), conversation)

    assert answers == await ask_wagraph(admin, conversation)


async def test_floor_answers_as_wagraph_does(
    start: Start, admin: GraphQLClient, conversation: Conversation
) -> None:
    floor = await start("bench.servers.floor")
    headers = {"Authorization": f"Bearer {admin.token}"}
    paths = {
        "inbox": "/inbox",
        "messages": f"/messages/{conversation.id}",
        "small": f"/small/{conversation.id}",
    }

    answers = {
        name: (await floor.get(path, headers=headers)).json()["data"]
        for name, path in paths.items()
    }

    assert answers == await ask_wagraph(admin, conversation)
    assert (await floor.get("/inbox")).status_code == 401
