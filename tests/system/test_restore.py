"""Restores of a backup into an empty MongoDB: nothing is sent twice, and erasures are repeated."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from models import Role
from models.connection import create_client, prepare_database
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.application import create_fake_cloud_api
from sandbox.mongod import EmbeddedMongod
from sandbox.server import FakeCloudServer
from sandbox.settings import SandboxSettings
from sandbox.world.numbers import NumberDirectory
from tests.fixtures.backups import DataFiles, Dump
from tests.fixtures.files import JPEG
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.live import open_live
from tests.fixtures.metrics import METRICS_TOKEN, scrape
from tests.fixtures.sending import SEND, wait_for_status
from tests.fixtures.servers import ServerProcess, make_environment, run_manage
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.world import NUMBER, connect_number, find_free_port
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

NAME = "wagraph"
ANA, BOB = "15550001111", "15550002222"
CONVERSATIONS = """{ conversations(first: 10) { edges { node { id
  contact { id waId }
  messages(first: 10) { edges { node { id text status content {
    ... on MediaContent { state url } } } } } } } } }"""
DELETE = "mutation ($id: ID!) { deleteContact(input: {contactId: $id}) { deletedContactId } }"
ADDED = "subscription ($after: String) { messageAdded(after: $after) { message { text } } }"
REACH = """mutation ($contact: ID!, $conversation: ID!) {
  blockContact(input: {contactId: $contact}) { contact { id } userErrors { code } }
  setTyping(input: {conversationId: $conversation}) { conversation { id } userErrors { code } } }"""
MakeServer = Callable[..., ServerProcess]


@dataclass
class Deployment:
    """A server, its MongoDB and the fake Meta."""

    mongod: EmbeddedMongod
    server: ServerProcess
    cloud: FakeCloudServer
    token: str
    settings: dict[str, str]

    async def ask(self, query: str, **variables: Any) -> Any:
        async with httpx.AsyncClient(base_url=self.server.url, trust_env=False, timeout=60) as http:
            return await GraphQLClient(http, self.token)(query, **variables)

    async def receive(self, message: dict[str, Any]) -> None:
        async with httpx.AsyncClient(base_url=self.server.url, trust_env=False, timeout=60) as http:
            answer = await WebhookClient(http, NUMBER).post_messages(message)
        assert answer.status_code == 200

    async def list_conversations(self) -> dict[str, dict[str, Any]]:
        """The conversations by the customer's WhatsApp id."""
        edges = (await self.ask(CONVERSATIONS))["conversations"]["edges"]
        return {edge["node"]["contact"]["waId"]: edge["node"] for edge in edges}

    async def wait_for_text(self, text: str) -> None:
        async def is_there() -> bool:
            return text in list_texts(await self.list_conversations())

        await eventually(is_there)

    async def send(self, customer: str, text: str) -> str:
        conversation = (await self.list_conversations())[customer]
        values = {"to": {"conversationId": conversation["id"]}, "content": {"text": {"body": text}}}
        payload = (await self.ask(SEND, input=values))["sendMessage"]
        assert payload["userErrors"] == []
        message_id: str = payload["message"]["id"]
        return message_id

    async def wait_for_status(self, message_id: str, *statuses: str) -> None:
        async with httpx.AsyncClient(base_url=self.server.url, trust_env=False, timeout=60) as http:
            await wait_for_status(GraphQLClient(http, self.token), message_id, *statuses)

    async def find_subscription_error(self, cursor: str) -> str:
        async with open_live(self.server.websocket_url, self.token) as live:
            stream = await live.subscribe(ADDED, after=cursor)
            async with asyncio.timeout(60):
                result = await stream.results.get()
        assert result["type"] == "error", result
        code: str = result["payload"][0]["extensions"]["code"]
        return code

    async def is_held(self) -> bool:
        async with httpx.AsyncClient(base_url=self.server.url, trust_env=False, timeout=60) as http:
            return (await scrape(http)).get("wagraph_sending_held") == 1

    async def reach(self, customer: str) -> list[str | None]:
        """Tries to block the customer and to show the typing indicator; returns the codes."""
        conversation = (await self.list_conversations())[customer]
        ids = {"contact": conversation["contact"]["id"], "conversation": conversation["id"]}
        payloads = await self.ask(REACH, **ids)
        return [error["code"] for payload in payloads.values() for error in payload["userErrors"]]

    def list_sent(self) -> list[str]:
        return [request.body["text"]["body"] for request in self.cloud.meta.requests.list_sends()]

    async def manage(self, *arguments: str, exit_code: int = 0) -> str:
        environment = self.settings | {"MONGODB_URI": self.mongod.uri}
        result = await asyncio.to_thread(run_manage, environment, *arguments)
        assert result.returncode == exit_code, result.stdout + result.stderr
        return result.stdout + result.stderr


def list_texts(conversations: dict[str, dict[str, Any]]) -> set[str | None]:
    return {
        edge["node"]["text"]
        for conversation in conversations.values()
        for edge in conversation["messages"]["edges"]
    }


@pytest.fixture
async def cloud() -> AsyncIterator[FakeCloudServer]:
    settings = SandboxSettings(webhook_url="http://127.0.0.1:9/none")
    async with FakeCloudServer(create_fake_cloud_api(NumberDirectory(NUMBER), settings)) as server:
        yield server


@pytest.fixture
async def deployment(
    own_mongod: EmbeddedMongod,
    cloud: FakeCloudServer,
    settings: Settings,
    keyring: KeyRing,
    make_server: MakeServer,
    tmp_path: Path,
) -> AsyncIterator[Deployment]:
    async with create_client(own_mongod.uri) as client:
        await prepare_database(client[NAME])
        await connect_number(keyring, NUMBER)
        _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
        changes = {
            "MONGODB_DATABASE": NAME,
            "GRAPH_API_URL": cloud.url,
            "MEDIA_HOSTS": cloud.url,
            "ERASURE_LOG_URL": f"file://{tmp_path}/erasures",
            "METRICS_TOKEN": METRICS_TOKEN,
            "PORT": str(find_free_port()),
        }
        server = make_server({"restore_watch_seconds": 0.2}, MONGODB_URI=own_mongod.uri, **changes)
        server.start()
        yield Deployment(own_mongod, server, cloud, token, make_environment(settings, **changes))


async def fill(deployment: Deployment) -> list[str]:
    """Two customers with messages and a file, and two messages that Meta does not take yet."""
    file = deployment.cloud.meta.media.add(
        JPEG, phone_number_id=NUMBER.phone_number_id, mime_type="image/jpeg"
    )
    await deployment.receive(
        make_message("image", {"id": file.id, "mime_type": "image/jpeg"}, sender=ANA)
    )
    await deployment.receive(make_message(content={"body": "Hello"}, sender=ANA))
    await deployment.receive(make_message(content={"body": "I am Bob"}, sender=BOB))
    await deployment.wait_for_text("Hello")
    await deployment.wait_for_text("I am Bob")

    async def has_file() -> bool:
        return await read_file(deployment) == JPEG

    await eventually(has_file)
    await deployment.cloud.stop()
    return [await deployment.send(ANA, text) for text in ("first", "second")]


async def read_file(deployment: Deployment) -> bytes | None:
    for edge in (await deployment.list_conversations())[ANA]["messages"]["edges"]:
        content = edge["node"]["content"]
        if content.get("state") == "STORED":
            path = httpx.URL(content["url"]).raw_path.decode()
            async with httpx.AsyncClient(base_url=deployment.server.url, trust_env=False) as http:
                return (await http.get(path)).content
    return None


async def go_on(deployment: Deployment, unsent: list[str], tmp_path: Path) -> str:
    """Sends messages and erases Bob, after the backup. Returns a cursor."""
    await deployment.cloud.start()
    for message_id in unsent:
        await deployment.wait_for_status(message_id, "ACCEPTED", "SENT", "DELIVERED", "READ")
    bob = (await deployment.list_conversations())[BOB]["contact"]["id"]
    await deployment.ask(DELETE, id=bob)
    cursor: str = (await deployment.ask("{ eventCursor }"))["eventCursor"]
    [mark] = (tmp_path / "erasures" / "marks").iterdir()
    before = int(mark.read_text())

    async def is_ahead() -> bool:
        return int(mark.read_text()) > before

    await eventually(is_ahead)
    deployment.server.stop()
    return cursor


@pytest.mark.parametrize("kind", ["dump", "files"])
async def test_restored_database_sends_nothing_until_finished(
    deployment: Deployment, make_server: MakeServer, tmp_path: Path, kind: str
) -> None:
    unsent = await fill(deployment)
    if kind == "dump":
        dump = await asyncio.to_thread(Dump, deployment.mongod, NAME)
        cursor = await go_on(deployment, unsent, tmp_path)
        restored = EmbeddedMongod(tmp_path / "restored")
        await restored.start_async()
        await asyncio.to_thread(dump.restore, restored)
    else:
        archive = tmp_path / "files.tar.gz"
        files = await asyncio.to_thread(DataFiles, deployment.mongod, archive)
        cursor = await go_on(deployment, unsent, tmp_path)
        restored = files.restore(tmp_path / "restored")
        await restored.start_async()
    await deployment.mongod.stop_async()
    deployment.mongod = restored
    try:
        await check_restored(deployment, make_server, unsent, cursor)
    finally:
        deployment.server.kill()
        await restored.stop_async()


async def check_restored(
    deployment: Deployment, make_server: MakeServer, unsent: list[str], cursor: str
) -> None:
    del deployment.settings["PORT"]
    deployment.server = make_server(MONGODB_URI=deployment.mongod.uri, **select(deployment))
    # The check needs no server to recognise the restore.
    assert "manage.py finish-restore" in await deployment.manage("check", exit_code=1)
    deployment.server.start()

    # All data can be read, webhooks are stored, and queued messages wait.
    conversations = await deployment.list_conversations()
    assert {"Hello", "I am Bob", "first", "second"} < list_texts(conversations)
    assert await read_file(deployment) == JPEG
    await deployment.receive(make_message(content={"body": "Are you back?"}, sender=ANA))
    await deployment.wait_for_text("Are you back?")
    answer = await deployment.send(ANA, "We are")
    await deployment.wait_for_status(answer, "QUEUED")
    assert await deployment.find_subscription_error(cursor) == "CURSOR_EXPIRED"
    assert "nothing is sent until you run" in deployment.server.log
    requests = len(deployment.cloud.meta.requests.requests)
    assert await deployment.reach(ANA) == ["SENDING_HELD"] * 2
    assert len(deployment.cloud.meta.requests.requests) == requests
    assert await deployment.is_held()
    assert "manage.py finish-restore" in await deployment.manage("check", exit_code=1)
    assert deployment.list_sent() == ["first", "second"]

    report = await deployment.manage("finish-restore")

    assert report.splitlines() == [
        "2 unsent message(s) are UNKNOWN: they may have been sent.",
        "1 contact(s) and 0 account(s) were erased again.",
        "Sending is released.",
    ]
    await deployment.wait_for_status(answer, "ACCEPTED", "SENT", "DELIVERED", "READ")
    assert not await deployment.is_held()
    actions = await deployment.ask("{ auditLog(first: 1) { edges { node { action outcome } } } }")
    [entry] = actions["auditLog"]["edges"]
    assert entry["node"] == {"action": "RESTORE_FINISHED", "outcome": "DONE"}
    for message_id in unsent:
        await deployment.wait_for_status(message_id, "UNKNOWN")
    assert (await deployment.list_conversations()).keys() == {ANA}
    assert deployment.list_sent() == ["first", "second", "We are"]
    assert "does not look restored" in await deployment.manage("finish-restore", exit_code=1)

    deployment.server.stop()
    deployment.server.start()
    last = await deployment.send(ANA, "Good bye")
    await deployment.wait_for_status(last, "ACCEPTED", "SENT", "DELIVERED", "READ")
    assert await deployment.find_subscription_error(cursor) == "CURSOR_EXPIRED"


def select(deployment: Deployment) -> dict[str, str]:
    names = ("MONGODB_DATABASE", "GRAPH_API_URL", "MEDIA_HOSTS", "ERASURE_LOG_URL", "METRICS_TOKEN")
    return {name: deployment.settings[name] for name in names}


async def test_begin_restore_holds_running_server(deployment: Deployment) -> None:
    [first, second] = await fill(deployment)

    assert "Sending is held until" in await deployment.manage("begin-restore")
    assert "held already" in await deployment.manage("begin-restore")
    await eventually(deployment.is_held)
    await deployment.cloud.start()
    answer = await deployment.send(ANA, "third")
    assert await deployment.reach(ANA) == ["SENDING_HELD"] * 2
    assert deployment.list_sent() == []
    await deployment.manage("finish-restore")

    await deployment.wait_for_status(answer, "ACCEPTED", "SENT", "DELIVERED", "READ")
    for message_id in (first, second):
        await deployment.wait_for_status(message_id, "UNKNOWN")
    assert deployment.list_sent() == ["third"]
