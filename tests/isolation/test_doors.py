"""Every door: files, exports, webhooks, and operations over GET, sockets and streams."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from models import ContactExport, Message, UploadedMedia
from models.database.base import new_id
from sandbox.webhooks.webhook_bodies import encode_like_meta
from tests.fixtures.webhooks import make_body, make_change, make_message, make_status
from tests.graph.socket_kit import SocketClient, open_socket
from tests.graph.stream_kit import open_stream
from tests.isolation.conftest import Sides
from tests.isolation.filling import Filling
from tests.isolation.sides import Side
from tests.isolation.slots import Slot, Writer, list_slots
from tests.isolation.snapshots import list_changes, take_snapshot
from tests.isolation.test_arguments import make_unknown

LINKS = """query ($ids: [ID!]!) { nodes(ids: $ids) {
  ... on Message { content { ... on MediaContent { file: url } } }
  ... on UploadedMedia { upload: url } ... on ContactExport { export: url } } }"""
Ask = Callable[[str, dict[str, Any]], Awaitable[str]]


async def list_links(side: Side) -> list[str]:
    """Signed links of all files of the side, as paths."""
    ids = [*side.ids["Message"], *side.ids["UploadedMedia"], *side.ids["ContactExport"]]
    found = (await side.client(LINKS, ids=ids))["nodes"]
    values = [node | (node.get("content") or {}) for node in found]
    urls = [node.get("upload", node.get("export", node.get("file"))) for node in values]
    parts = [urlsplit(url) for url in urls if url]
    return [f"{part.path}?{part.query}" for part in parts]


def describe(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: text for name, text in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, answer.content, headers


async def test_files_of_other_side_do_not_exist(
    client: httpx.AsyncClient, own: Side, foreign: Side, subtests: pytest.Subtests
) -> None:
    links, own_links = await list_links(foreign), await list_links(own)
    assert {urlsplit(link).path.split("/")[1] for link in links} == {"media", "exports"}
    assert len(links) > 10
    headers = {"Authorization": f"Bearer {own.token}"}
    for link in links:
        path = urlsplit(link).path
        folder = path.rpartition("/")[0]
        signature = next(urlsplit(one).query for one in own_links if one.startswith(folder))
        with subtests.test(path=path):
            missing = await client.get(f"{folder}/{new_id()}", headers=headers)
            assert describe(await client.get(path, headers=headers)) == describe(missing)
            for query in (signature, ""):
                answer = await client.get(f"{path}?{query}")
                assert describe(answer) == describe(missing)
            # A signed link may be passed on: it is the credential.
            assert (await client.get(link)).status_code == 200


def ask_by_get(client: httpx.AsyncClient, side: Side) -> Ask:
    async def ask(document: str, variables: dict[str, Any]) -> str:
        parameters = {"query": document, "variables": json.dumps(variables)}
        headers = {"Authorization": f"Bearer {side.token}", "GraphQL-Require-Preflight": "1"}
        answer = await client.get("/graphql", params=parameters, headers=headers)
        return f"{answer.status_code} {answer.text}"

    return ask


def ask_by_socket(ws: SocketClient) -> Ask:
    async def ask(document: str, variables: dict[str, Any]) -> str:
        operation_id = await ws.subscribe(document, **variables)
        frames = [await ws.receive()]
        while frames[-1]["type"] == "next":
            frames.append(await ws.receive())
        return json.dumps(frames).replace(f'"id": "{operation_id}"', "")

    return ask


def ask_by_stream(port: int, side: Side) -> Ask:
    async def ask(document: str, variables: dict[str, Any]) -> str:
        url = f"http://127.0.0.1:{port}"
        async with open_stream(url, side.token, document, **variables) as stream:
            if not stream.response.headers["content-type"].startswith("text/event-stream"):
                return (await stream.response.aread()).decode()
            return json.dumps(await stream.read_to_the_end())

    return ask


async def test_every_transport_refuses_as_unknown(
    client: httpx.AsyncClient, own: Side, foreign: Side, port: int, subtests: pytest.Subtests
) -> None:
    writer = Writer(own)
    slots = [slot for slot in list_slots(kinds={"ID"}) if slot.parent != "Mutation"]
    # A socket tries all; the others each field once.
    fields = {slot.field_name: slot for slot in slots}
    async with open_socket(port, token=own.token) as ws:
        asks = {
            "GET": ask_by_get(client, own),
            "socket": ask_by_socket(ws),
            "stream": ask_by_stream(port, own),
        }
        for name, ask in asks.items():
            for slot in slots if name == "socket" else fields.values():
                is_live = slot.parent == "Subscription"
                # GET runs no subscription, and a stream is a connection of its own.
                if (is_live and name == "GET") or (not is_live and name == "stream"):
                    continue
                with subtests.test(transport=name, slot=str(slot)):
                    await check_refusal(ask, writer, slot, foreign)


async def check_refusal(ask: Ask, writer: Writer, slot: Slot, foreign: Side) -> None:
    for kind in foreign.list_types(slot.node_types):
        foreign_id = foreign.first(kind)
        unknown_id = make_unknown(foreign_id)
        answer = await ask(*writer.write(slot, foreign_id))
        unknown = await ask(*writer.write(slot, unknown_id))
        assert answer.replace(foreign_id, "<id>") == unknown.replace(unknown_id, "<id>")
        assert foreign.find_marks(answer.replace(foreign_id, "<id>")) == set()
        if slot.parent == "Subscription":
            assert "NOT_FOUND" in answer


async def test_webhooks_change_their_side_only(sides: Sides, own: Side, foreign: Side) -> None:
    """Webhooks with the secret of one side that name the other's number, message and customer."""
    filling = Filling(own, sides.meta)
    sent = await Message.find_one(
        {"account_id": foreign.account.id, "status_times.queued": {"$exists": True}}
    )
    assert sent is not None
    at = int(sent.created_at.timestamp()) + 60
    reaction = {"message_id": sent.wamid, "emoji": "x"}
    failed = make_status("failed", at=at, id=sent.wamid, biz_opaque_callback_data=str(sent.id))
    items: dict[str, Any] = {
        "messages": [
            make_message("text", {"body": "forged"}, sender=foreign.phone),
            make_message("reaction", reaction, sender=foreign.phone),
        ],
        "statuses": [failed],
    }
    before = await take_snapshot()

    for number in (foreign.number, own.number):
        body = encode_like_meta(make_body(number, make_change(number, **items)))
        await own.webhook.deliver(body)
    await filling.settle()

    changes = list_changes(before, await take_snapshot())
    assert foreign.list_touched(changes) == set()
    texts = {"account_id": foreign.account.id, "text": "forged"}
    assert await Message.find(texts).count() == 0
    assert await Message.find(texts | {"account_id": own.account.id}).count() == 1
    assert await UploadedMedia.count() + await ContactExport.count() == 4
