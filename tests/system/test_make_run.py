"""`make run` for a newcomer: the command, a live conversation, Ctrl-C."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.live import open_live
from tests.fixtures.sandbox_process import SandboxProcess
from tests.fixtures.servers import ROOT
from tests.fixtures.waiting import eventually
from tests.fixtures.world import find_free_port

CUSTOMER = "15557770001"
INBOX = """
query ($search: String!) { contacts(search: $search) { edges { node {
  waId profileName user { id phone }
  conversation { id unreadCount lastMessage { text } serviceWindow { isOpen } }
} } } }
"""
MESSAGES = (
    "subscription ($after: String) { messageAdded(after: $after) { cursor message { text } } }"
)
STORED = """
subscription ($after: String) { messageUpdated(after: $after) { message { text content {
  ... on MediaContent { state url mimeType sizeBytes }
} } } }
"""
STATUSES = """
subscription ($after: String) {
  messageStatusChanged(after: $after) { status message { id } }
}
"""
SEND = """
mutation ($to: ID!, $body: String!) {
  sendMessage(input: { to: { conversationId: $to }, content: { text: { body: $body } } }) {
    message { id status } userErrors { code message }
  }
}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
async def graphql(world: SandboxProcess) -> Any:
    async with httpx.AsyncClient(base_url=world.url, trust_env=False, timeout=60) as http:
        yield GraphQLClient(http, world.api_key)


async def write_as_customer(world: SandboxProcess, text: str) -> None:
    body = {"from": CUSTOMER, "name": "Nadia Karim", "type": "text", "text": text}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.post(f"{world.sandbox_url}/sandbox/inbound", json=body)
    assert answer.status_code == 200, answer.text


async def find_conversation(graphql: GraphQLClient, last_text: str) -> Any:
    async def look() -> Any:
        edges = (await graphql(INBOX, search=CUSTOMER))["contacts"]["edges"]
        found = [edge["node"] for edge in edges if edge["node"]["conversation"]]
        right = [one for one in found if one["conversation"]["lastMessage"]["text"] == last_text]
        return right[0] if right else None

    return await eventually(look)


async def test_conversation_lives(world: SandboxProcess, graphql: GraphQLClient) -> None:
    # From a cursor taken before, nothing is missed however late the subscription starts.
    now = (await graphql("{ eventCursor }"))["eventCursor"]
    async with open_live(world.websocket_url, world.api_key) as live:
        messages = await live.subscribe(MESSAGES, after=now)
        statuses = await live.subscribe(STATUSES, after=now)
        await write_as_customer(world, "Is anybody there?")
        assert (await messages.next())["messageAdded"]["message"]["text"] == "Is anybody there?"
        contact = await find_conversation(graphql, "Is anybody there?")
        sent = await graphql(SEND, to=contact["conversation"]["id"], body="Yes!")
        seen: list[str] = []
        while "READ" not in seen:
            seen.append((await statuses.next())["messageStatusChanged"]["status"])

    assert (contact["waId"], contact["profileName"]) == (CUSTOMER, "Nadia Karim")
    assert contact["user"]["phone"] == f"+{CUSTOMER}"
    assert contact["conversation"]["unreadCount"] == 1
    assert contact["conversation"]["serviceWindow"]["isOpen"]
    assert sent["sendMessage"]["message"]["status"] == "QUEUED"
    assert [one for one in seen if one in {"SENT", "DELIVERED", "READ"}] == [
        "SENT",
        "DELIVERED",
        "READ",
    ]


TEMPLATES = """{ templates(accountId: "%s", filter: {sendable: true, search: "hello"}) {
  edges { node { name } } } }"""


async def test_demo_conversations_have_agents(graphql: GraphQLClient) -> None:
    query = """{ agents { nodes { name isActive } }
      conversations { nodes { contact { profileName } assignee { name } } } }"""

    shown = await graphql(query)

    names = ["Ana Silva", "Ben Okafor", "Sandbox admin"]
    assert shown["agents"]["nodes"] == [{"name": name, "isActive": True} for name in names]
    assignees = {
        node["contact"]["profileName"]: node["assignee"] for node in shown["conversations"]["nodes"]
    }
    assert assignees["Sheena Nelson"] == {"name": "Sandbox admin"}
    assert assignees["Amir Haddad"] == {"name": "Ana Silva"}
    assert assignees["Lucía Gómez"] is None


async def test_demo_shop_shows_every_kind_of_message(graphql: GraphQLClient) -> None:
    query = """{ conversations(first: 20) { nodes { tags status
      messages(first: 20) { nodes { typeName reactions { emoji } } }
      timeline(first: 20, filter: {kinds: [NOTE]}) { nodes { __typename } } } } }"""

    conversations = (await graphql(query))["conversations"]["nodes"]

    messages = [each for one in conversations for each in one["messages"]["nodes"]]
    assert {each["typeName"] for each in messages} >= {
        *("text", "image", "audio", "document", "sticker", "location", "contacts"),
        *("interactive", "template", "order", "call"),
    }
    assert [one["status"] for one in conversations].count("CLOSED") == 3
    assert all(one["tags"] for one in conversations if one["status"] == "CLOSED")
    assert len([one for one in conversations if one["timeline"]["nodes"]]) == 2
    assert any(each["reactions"] for each in messages)


async def test_demo_account_has_its_templates(graphql: GraphQLClient) -> None:
    found = await graphql("{ accounts(first: 1) { nodes { id } } }")
    account_id = found["accounts"]["nodes"][0]["id"]

    async def list_names() -> list[str]:
        found = await graphql(TEMPLATES % account_id)
        return [edge["node"]["name"] for edge in found["templates"]["edges"]]

    assert await eventually(list_names) == ["hello_world"]


async def test_photo_from_phone_page_is_stored_and_shown(
    world: SandboxProcess, graphql: GraphQLClient
) -> None:
    now = (await graphql("{ eventCursor }"))["eventCursor"]
    photo = b"\x89PNG\r\n\x1a\n" + bytes(1000)
    async with (
        open_live(world.websocket_url, world.api_key) as live,
        httpx.AsyncClient(trust_env=False, timeout=60) as http,
    ):
        updates = await live.subscribe(STORED, after=now)
        files = {"file": ("photo.png", photo, "image/png")}
        number = (await http.get(f"{world.sandbox_url}/sandbox/numbers")).json()["numbers"][0]
        upload = await http.post(
            f"{world.sandbox_url}/sandbox/media",
            files=files,
            data={"phone_number_id": number["phone_number_id"]},
        )
        image = {"id": upload.json()["id"], "caption": "My photo"}
        said = {"from": CUSTOMER, "type": "image", "image": image}
        await http.post(f"{world.sandbox_url}/sandbox/inbound", json=said)
        message = (await updates.next())["messageUpdated"]["message"]
        answer = await http.get(message["content"]["url"])

    assert message["text"] == "My photo"
    assert (message["content"]["state"], message["content"]["sizeBytes"]) == ("STORED", len(photo))
    assert (answer.status_code, answer.content) == (200, photo)
    assert answer.headers["content-type"] == "image/png"


async def test_disconnected_client_gets_missed_messages(
    world: SandboxProcess, graphql: GraphQLClient
) -> None:
    before = (await graphql("{ eventCursor }"))["eventCursor"]
    async with open_live(world.websocket_url, world.api_key) as live:
        messages = await live.subscribe(MESSAGES, after=before)
        await write_as_customer(world, "zero")
        cursor = (await messages.next())["messageAdded"]["cursor"]

    away = (await graphql("{ eventCursor }"))["eventCursor"]
    for text in ("one", "two", "three"):
        await write_as_customer(world, text)

    for resume_from in (cursor, away):
        async with open_live(world.websocket_url, world.api_key) as live:
            messages = await live.subscribe(MESSAGES, after=resume_from)
            missed = await messages.take(3)
            await write_as_customer(world, resume_from)
            seen = missed + await messages.take(1 if resume_from == cursor else 2)
        texts = [one["messageAdded"]["message"]["text"] for one in seen]
        # Each came once: nothing lies between the third and the message after the return.
        assert texts == ["one", "two", "three", cursor, away][: len(texts)]


def test_first_start_answers_second_keeps_data(
    tmp_path: Path,
) -> None:
    world = SandboxProcess(tmp_path)
    query, answer = read_first_query()
    world.start()
    key = world.api_key
    assert without_budget(post(world, key, query)) == without_budget(answer)
    before = post(world, key, COUNT)["data"]
    chats = read_chats(world)
    assert "Sheena Nelson: We do, every day until 6 pm. Shall I book a slot for you? read" in chats
    photos = read_photos(world)
    assert len(photos) == 5
    world.stop()
    for url in (world.url, world.sandbox_url):
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)

    world.start()

    assert world.api_key == key
    assert post(world, key, COUNT)["data"] == before
    assert read_chats(world) == chats
    assert read_photos(world) == photos
    world.stop()


def read_photos(world: SandboxProcess) -> list[bytes]:
    """Returns the photos on the phones."""
    shown = httpx.get(f"{world.sandbox_url}/sandbox/conversations", timeout=60).json()
    messages = [each for chat in shown["conversations"] for each in chat["messages"]]
    media_ids = [each["content"]["id"] for each in messages if each["type"] == "image"]
    return sorted(
        httpx.get(f"{world.sandbox_url}/sandbox/media/{media_id}").content for media_id in media_ids
    )


def read_chats(world: SandboxProcess) -> list[str]:
    """Each customer and their last message, as the phone page shows them."""
    found = httpx.get(f"{world.sandbox_url}/sandbox/conversations", timeout=60).json()[
        "conversations"
    ]
    chats = {one["customer"]["name"]: one["messages"][-1] for one in found}
    return sorted(
        f"{name}: {last['content'].get('body')} {last['status'] or ''}".strip()
        for name, last in chats.items()
    )


def without_budget(answer: dict[str, Any]) -> dict[str, Any]:
    """Returns the answer without the state of the caller's budget, which changes with time."""
    cost = answer["extensions"]["cost"]
    for name in ("used", "remaining", "resetAt"):
        del cost[name]
    return answer


def read_first_query() -> tuple[Any, Any]:
    """The body of the README's first curl of the server, and the answer shown below it."""
    text = (ROOT / "README.md").read_text()
    query = re.search(r"/graphql \\.*?-d '(.*?)'", text, re.DOTALL)
    answer = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert query is not None
    assert answer is not None
    return json.loads(query[1]), json.loads(answer[1])


def list_sandbox_commands() -> list[tuple[str, str]]:
    """Returns path and body of each curl command in docs/sandbox.md."""
    text = (ROOT / "docs/sandbox.md").read_text()
    return re.findall(r"curl -s http://127.0.0.1:8001(\S+) \\.*?-d '(.*?)'", text, re.DOTALL)


def test_sandbox_commands_of_the_guide_succeed(world: SandboxProcess) -> None:
    commands = list_sandbox_commands()

    answers = [
        httpx.post(world.sandbox_url + path, json=json.loads(body), timeout=60)
        for path, body in commands
    ]
    httpx.delete(f"{world.sandbox_url}/sandbox/faults")

    assert len(answers) == 5
    assert [answer.text for answer in answers if not answer.is_success] == []


def post(world: SandboxProcess, key: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{world.url}/graphql", json=body, headers=headers, timeout=60).json()


COUNT = {"query": "{ contacts { edges { node { id } } } accounts { edges { node { name } } } }"}


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("setting", ["PORT", "SANDBOX_PORT"])
def test_taken_port_is_reported_in_single_line(tmp_path: Path, setting: str, workers: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        free = {"PORT": str(find_free_port()), "WORKERS": workers}
        result = run_sandbox(tmp_path, **free | {setting: str(port)})

    assert (result.returncode, result.stdout) == (4, "")
    assert result.stderr.strip() == (
        f"wagraph: Port {port} is taken: stop what uses it, or set {setting} to another port."
    )
    # Not even the folder was made.
    assert not (tmp_path / ".sandbox").exists()


def test_unreachable_mongodb_is_reported_in_single_line(tmp_path: Path) -> None:
    result = run_sandbox(
        tmp_path, MONGODB_URI="mongodb://127.0.0.1:9/?replicaSet=rs0", PORT=str(find_free_port())
    )

    assert result.returncode == 1
    assert result.stderr.strip().startswith("wagraph: MongoDB is unreachable at 127.0.0.1:9")
    assert "\n" not in result.stderr.strip()


def run_sandbox(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "SANDBOX_HOME": str(folder / ".sandbox"),
            "SANDBOX_PORT": str(find_free_port()),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
