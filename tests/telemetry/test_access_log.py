"""The access log, and the ids of requests."""

import asyncio
import contextlib
import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from models import Account
from telemetry.global_ids import encode_id
from telemetry.log_context import ID_TYPES
from telemetry.logs import configure_logging, write_access
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.graph.socket_kit import open_socket, serve
from tests.telemetry.conftest import ReadLines

VIEWER = "{ viewer { name } }"
CHECK = "mutation ($id: ID!) { checkAccount(input: {accountId: $id}) { account { id } } }"
PROTOCOL = websockets.Subprotocol("graphql-transport-ws")
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"


def select(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


async def ask(agent: GraphQLClient) -> httpx.Response:
    headers = {"Authorization": f"Bearer {agent.token}"}
    return await agent.http.post("/graphql", json={"query": VIEWER}, headers=headers)


async def test_request_has_line(agent: GraphQLClient, read_lines: ReadLines) -> None:
    configure_logging("INFO", log_format="json")

    answer = await ask(agent)

    [line] = read_lines()
    assert (line["event"], line["logger"], line["level"]) == ("http", "access", "INFO")
    assert (line["method"], line["route"], line["status"]) == ("POST", "/graphql", 200)
    assert line["bytes"] == len(answer.content)
    assert line["duration_ms"] > 0
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert "ApiKey" not in line["credential_id"]
    assert "client" not in line


async def test_line_hides_paths_and_parameters(
    client: httpx.AsyncClient, read_lines: ReadLines
) -> None:
    configure_logging("INFO", log_format="json")

    await client.get("/media/canary?expires=1&signature=canary")
    await client.get("/canary?canary=1")
    await client.get("/webhooks/whatsapp/canary?hub.mode=subscribe&hub.verify_token=canary")

    lines = read_lines()
    assert "canary" not in str(lines)
    assert [line["route"] for line in lines] == ["/media/{id}", "-", "/webhooks/whatsapp/{name}"]
    assert [line["status"] for line in lines] == [404, 404, 403]


async def test_webhook_lines_share_event_id(
    account: Account, webhook: WebhookClient, read_lines: ReadLines
) -> None:
    configure_logging("INFO", log_format="json")
    lines: list[dict[str, Any]] = []

    await webhook.post_messages(make_message())

    async def is_processed() -> list[dict[str, Any]]:
        lines.extend(read_lines())
        return select(lines, "webhooks processed")

    [processed] = await eventually(is_processed)
    [received] = select(lines, "webhook")
    assert account.enabled
    assert received["event_id"] == processed["event_id"]
    assert (received["status"], processed["events"], processed["items"]) == (200, 1, 1)
    assert received["received_bytes"] > 100
    assert received["duration_ms"] > 0
    assert processed["duration_ms"] > 0


async def test_socket_has_lines(app: Any, agent: GraphQLClient, read_lines: ReadLines) -> None:
    configure_logging("INFO", log_format="json")

    async with serve(app) as port, open_socket(port, token=agent.token) as socket:
        await socket.subscribe(VIEWER)
        await socket.take(1)
        await socket.connection.close(4999)

    lines = read_lines()
    [opened], [closed] = select(lines, "socket opened"), select(lines, "socket closed")
    assert opened["request_id"] == closed["request_id"]
    assert (closed["code"], closed["operations"]) == (4999, 1)
    assert closed["duration_ms"] > 0
    assert closed["credential_id"]


@pytest.mark.parametrize(
    ("path", "event", "code"),
    [("graphql", "socket closed", 1000), ("canary", "socket refused", 403)],
)
async def test_socket_lines_hide_address_and_parameters(
    app: Any, read_lines: ReadLines, path: str, event: str, code: int
) -> None:
    configure_logging("INFO", log_format="json")

    async with serve(app) as port:
        url = f"ws://127.0.0.1:{port}/{path}?access_token=canary"
        with contextlib.suppress(websockets.InvalidStatus):
            async with websockets.connect(url, subprotocols=[PROTOCOL], proxy=None):
                pass

    lines = read_lines()
    assert [line["code"] for line in select(lines, event)] == [code]
    assert "canary" not in str(lines)
    assert "127.0.0.1" not in str(lines)


REFUSED = {
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "no HTTP": (b"canary\r\n\r\n", 400),
    "upgrade": (b"GET /graphql HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", 400),
    "large head": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"canary: %d\r\n" % 1 * 200 + b"\r\n", 431),
}


async def test_refused_request_has_line(
    app: Any, read_lines: ReadLines, subtests: pytest.Subtests
) -> None:
    configure_logging("INFO", log_format="json")

    async with serve(app) as port:
        for name, (request, status) in REFUSED.items():
            with subtests.test(name):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request)
                answer = await reader.read()
                writer.close()

                lines = read_lines()
                [line] = select(lines, "http")
                assert answer.startswith(b"HTTP/1.1 %d " % status)
                assert (line["status"], line["route"]) == (status, "-")
                assert line["refused"]
                assert "canary" not in str(lines)


async def test_handshake_has_request_id(
    app: Any, agent: GraphQLClient, read_lines: ReadLines
) -> None:
    configure_logging("INFO", log_format="json")

    async with serve(app) as port, open_socket(port, token=agent.token) as socket:
        response = socket.connection.response
        assert response is not None
        request_id = response.headers["X-Request-Id"]

    assert select(read_lines(), "socket opened")[0]["request_id"] == request_id


async def test_lines_keep_order(read_lines: ReadLines) -> None:
    configure_logging("INFO", log_format="json")
    logger = logging.getLogger("order")
    for number in range(3):
        write_access(logging.INFO, "http", {"number": 2 * number})
        logger.info("%d", 2 * number + 1)
    write_access(logging.INFO, "http", {"number": 6})

    await asyncio.sleep(0)

    assert [
        int(line.get("number", line["event"].replace("http", "0"))) for line in read_lines()
    ] == [*range(7)]


async def test_failure_names_request(
    agent: GraphQLClient, read_lines: ReadLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_logging("INFO", log_format="json")

    def fail(*_: object, **__: object) -> None:
        raise ValueError("canary")

    monkeypatch.setattr("graph.transport.endpoint.is_upload", fail)
    answer = await ask(agent)

    failed, line = read_lines()
    assert failed["exception"][0]["class"] == "ValueError"
    assert failed["request_id"] == line["request_id"] == answer.headers["X-Request-Id"]
    assert line["status"] == 500
    assert "canary" not in str(failed)


async def test_line_of_undisturbed_work_names_request(
    admin: GraphQLClient, account: Account, read_lines: ReadLines
) -> None:
    configure_logging("INFO", log_format="json")

    await admin(CHECK, id=encode_id("Account", account.id))

    [checked] = [line for line in read_lines() if " was checked; " in line["event"]]
    assert re.fullmatch("[0-9a-f]{16}", checked["request_id"])
    assert "credential_id" in checked


async def test_probes_are_logged_at_debug_only(
    client: httpx.AsyncClient, read_lines: ReadLines
) -> None:
    configure_logging("INFO", log_format="json")
    await client.get("/healthz")
    await client.get("/readyz")
    quiet = read_lines()
    logging.getLogger("access").setLevel(logging.DEBUG)
    await client.get("/healthz")

    assert quiet == []
    assert [line["route"] for line in read_lines()] == ["/healthz"]


async def test_access_log_can_be_turned_off(agent: GraphQLClient, read_lines: ReadLines) -> None:
    configure_logging("INFO", log_format="json", access_log=False)

    answer = await ask(agent)

    assert read_lines() == []
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-Id": "proxy-1.2:3"}, "proxy-1.2:3"),
        ({"X-Request-Id": "proxy-1", "traceparent": f"00-{TRACE_ID}-{'1' * 16}-01"}, "proxy-1"),
        ({"traceparent": f"00-{TRACE_ID}-{'1' * 16}-01"}, TRACE_ID),
        ({"traceparent": f"00-{'0' * 32}-{'1' * 16}-01"}, None),
        ({"X-Request-Id": "x" * 65}, None),
        ({"X-Request-Id": 'a" level="ERROR'}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("is_trusted", [True, False])
async def test_request_id_of_proxy(
    app: Any,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    expected: str | None,
    is_trusted: bool,
) -> None:
    if not is_trusted:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", "192.0.2.1")
    async with serve(app) as port, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://127.0.0.1:{port}/healthz", headers=headers)

    request_id = answer.headers["X-Request-Id"]
    if is_trusted and expected:
        assert request_id == expected
    else:
        assert re.fullmatch("[0-9a-f]{16}", request_id)


async def test_fields_table_is_complete(
    app: Any,
    account: Account,
    agent: GraphQLClient,
    webhook: WebhookClient,
    read_lines: ReadLines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure_logging("INFO", log_format="json")
    section = OPERATE.read_text().split("## Logs")[1].split("## ")[0]
    table = re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr("graph.queries.split_id", lambda _: 1 / 0)
    await webhook.post_messages(make_message())

    async def is_processed() -> list[dict[str, Any]]:
        lines.extend(read_lines())
        return select(lines, "webhooks processed")

    await eventually(is_processed)
    async with serve(app) as port, open_socket(port, token=agent.token) as socket:
        await socket.subscribe('{ node(id: "x") { id } }')
        await socket.receive()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REFUSED["no host"][0])
        await reader.read()
        writer.close()
    lines.extend(read_lines())

    seen = {name for line in lines for name in line}
    assert account.enabled
    assert seen >= {"exception", "socket_id", "operations", "items"}
    assert set(table) == seen | ID_TYPES.keys() | {
        *("media_id", "document_id", "client", "trace_id")
    }
    assert len(table) == len(set(table))
