"""Operations as event streams: graphql-sse's distinct connections mode on the wire."""

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import AutoReconnect

from models import ApiKey, Role
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from telemetry.global_ids import encode_id
from tests.fixtures.servers import ServerProcess
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.graph.fanout.test_slow_peers import wait_for_connections
from tests.graph.live_kit import create_message
from tests.graph.socket_kit import serve_with
from tests.graph.stream_kit import EVENT_STREAM, StreamReader, open_stream
from whatsapp.auth import api_keys
from whatsapp.auth.api_keys import create_api_key, revoke_api_key

ADDED = """subscription ($after: String) {
    messageAdded(after: $after) { cursor message { text } } }"""


@pytest.fixture
async def served(app: Any) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    async with serve_with(app) as served:
        yield served


@pytest.fixture
def url(served: tuple[int, uvicorn.Server]) -> str:
    return f"http://127.0.0.1:{served[0]}"


@pytest.fixture
async def cursor(url: str, token: str) -> str:
    """Returns the present cursor, so that later events are received for certain."""
    async with open_stream(url, token, "{ eventCursor }") as stream:
        [data] = await stream.take(1)
    position: str = data["eventCursor"]
    return position


def find_texts(results: list[Any]) -> list[str]:
    return [result["messageAdded"]["message"]["text"] for result in results]


async def test_query_streams_result_and_complete(url: str, token: str) -> None:
    async with open_stream(url, token, "{ viewer { name } }") as stream:
        events = await stream.read_to_the_end()

    assert stream.response.status_code == 200
    assert stream.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert stream.response.headers["Cache-Control"] == "no-store"
    assert len(stream.response.headers["X-Request-Id"]) == 16
    assert [name for name, _ in events] == ["next", "complete"]
    assert events[0][1]["data"] == {"viewer": {"name": "live"}}


CREATE = """mutation { createUser(input: { name: "Ada" }) {
    user { name } userErrors { code } } }"""


async def test_mutation_streams_result_and_complete(url: str, token: str) -> None:
    async with open_stream(url, token, CREATE) as stream:
        events = await stream.read_to_the_end()

    made = {"createUser": {"user": {"name": "Ada"}, "userErrors": []}}
    assert [name for name, _ in events] == ["next", "complete"]
    assert events[0][1]["data"] == made


async def test_events_come_as_they_happen(url: str, token: str, cursor: str) -> None:
    async with open_stream(url, token, ADDED, after=cursor) as stream:
        for text in ("one", "two\nlines", "drei ü \u2028"):
            await create_message(text=text)
            assert find_texts(await stream.take(1)) == [text]


async def test_stream_resumes_after_its_last_cursor(url: str, token: str, cursor: str) -> None:
    async with open_stream(url, token, ADDED, after=cursor) as stream:
        await create_message(text="seen")
        [seen] = await stream.take(1)
    for number in range(5):
        await create_message(text=str(number))

    async with open_stream(url, token, ADDED, after=seen["messageAdded"]["cursor"]) as stream:
        missed = await stream.take(5)
        await create_message(text="new")
        new = await stream.take(1)

    assert find_texts(missed + new) == ["0", "1", "2", "3", "4", "new"]


BAD_OPERATIONS: list[tuple[str, str]] = [
    ("{", "GRAPHQL_PARSE_FAILED"),
    ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ("query ($id: ID!) { account(id: $id) { id } }", "BAD_USER_INPUT"),
    ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
    ('subscription { messageAdded(after: "?") { cursor } }', "BAD_USER_INPUT"),
]


async def test_bad_operation_is_reported_in_stream(
    url: str, token: str, subtests: pytest.Subtests
) -> None:
    for query, code in BAD_OPERATIONS:
        with subtests.test(query=query):
            async with open_stream(url, token, query) as stream:
                events = await stream.read_to_the_end()

            assert stream.response.status_code == 200
            assert [name for name, _ in events] == ["next", "complete"]
            result = events[0][1]
            assert "data" not in result
            assert result["errors"][0]["extensions"]["code"] == code


async def test_bug_is_masked(
    url: str, token: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: Any, **_options: Any) -> Any:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("graph.subscriptions.EventFilter", fail)
    async with open_stream(url, token, ADDED) as stream:
        events = await stream.read_to_the_end()

    assert [name for name, _ in events] == ["next", "complete"]
    [error] = events[0][1]["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in str(events)
    assert error["extensions"]["requestId"] in caplog.text


async def test_anonymous_stream_returns_401(
    url: str, token: str, subtests: pytest.Subtests
) -> None:
    for credential in (None, "wag_wrong", token[:-1] + "?"):
        with subtests.test(credential=credential):
            async with open_stream(url, credential, ADDED) as stream:
                body = await stream.response.aread()

            assert stream.response.status_code == 401
            assert stream.response.headers["Content-Type"].startswith("application/json")
            assert stream.response.headers["WWW-Authenticate"] == "Bearer"
            [error] = orjson.loads(body)["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_stream_without_database_returns_503(
    url: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_token: str) -> Any:
        raise AutoReconnect("away")

    monkeypatch.setattr(api_keys, "authenticate_api_key", fail)
    async with open_stream(url, token, ADDED) as stream:
        body = await stream.response.aread()

    assert stream.response.status_code == 503
    assert stream.response.headers["Retry-After"] == "5"
    assert orjson.loads(body)["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"


ACCEPTS: list[tuple[str, str]] = [
    ("text/event-stream", "text/event-stream"),
    ("text/event-stream, multipart/mixed", "text/event-stream"),
    ("text/event-stream, application/json", "text/event-stream"),
    ("application/json;q=0.5, text/event-stream", "text/event-stream"),
    ("application/json, text/event-stream", "application/json"),
    ("*/*", "application/json"),
    ("text/event-stream;q=0.1, */*", "application/json"),
]


async def test_stream_requires_highest_accept_quality(
    app: Any, url: str, token: str, subtests: pytest.Subtests
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, trust_env=False, timeout=60
    ) as client:
        for accept, media_type in ACCEPTS:
            with subtests.test(accept=accept):
                answer = await client.post(
                    "/graphql", json={"query": "{ __typename }"}, headers={"Accept": accept}
                )
                assert answer.headers["Content-Type"].startswith(media_type)

        by_get = await client.get("/graphql?query={__typename}", headers=EVENT_STREAM)
    assert by_get.status_code == 406


async def test_what_is_no_operation_is_refused_in_json(url: str, token: str) -> None:
    headers = EVENT_STREAM | {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, trust_env=False, timeout=60
    ) as client:
        broken = await client.post("/graphql", content=b"{", headers={"Content-Type": "text/plain"})
        no_json = await client.post(
            "/graphql", content=b"{", headers={"Content-Type": "application/json"}
        )

    assert (broken.status_code, no_json.status_code) == (415, 400)
    assert no_json.headers["Content-Type"].startswith("application/json")


@with_timeouts(keep_alive_seconds=0.02)
async def test_silence_is_broken_by_comments(url: str, token: str, cursor: str) -> None:
    async with open_stream(url, token, ADDED, after=cursor) as stream:
        await stream.wait_for_comments(5)
        await create_message(text="after the silence")

        assert find_texts(await stream.take(1)) == ["after the silence"]


async def test_changed_key_ends_only_its_streams(
    url: str, token: str, subtests: pytest.Subtests
) -> None:
    changes: dict[str, Callable[[ApiKey], Awaitable[Any]]] = {
        "revoked": revoke_api_key,
        "expired": lambda key: key.set({ApiKey.expires_at: utc_now()}),
        "lower role": lambda key: key.set({ApiKey.role: Role.VIEWER}),
        "deleted": lambda key: key.delete(),
    }
    async with open_stream(url, token, ADDED) as lasting:
        await lasting.wait_for_comments(1)
        for name, change in changes.items():
            with subtests.test(change=name):
                key, changed = await create_api_key(DEFAULT_WORKSPACE_ID, name="x", role=Role.AGENT)
                async with open_stream(url, changed, ADDED) as stream:
                    await change(key)
                    events = await stream.read_to_the_end()

                assert [event for event, _ in events] == ["next", "complete"]
                assert events[0][1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        await wait_until_it_flows(lasting)


async def wait_until_it_flows(stream: StreamReader) -> None:
    """A stream without a cursor gets only events after its start."""
    numbers = itertools.count()

    async def write() -> None:
        while True:
            await create_message(text=str(next(numbers)))
            await asyncio.sleep(0.1)

    writing = asyncio.create_task(write())
    try:
        assert len(await stream.take(1)) == 1
    finally:
        writing.cancel()


async def test_peer_that_leaves_leaves_nothing_behind(
    served: tuple[int, uvicorn.Server], url: str, token: str
) -> None:
    async with open_stream(url, token, ADDED) as stream:
        await stream.wait_for_comments(1)
        assert count_stream_tasks() > 0

    await wait_for_connections(served[1], 0)

    async def have_ended() -> bool:
        return count_stream_tasks() == 0

    await eventually(have_ended)


def count_stream_tasks() -> int:
    return sum(task.get_name() == "event-stream" for task in asyncio.all_tasks())


async def open_deaf_stream(port: int, token: str, query: str) -> socket.socket:
    """Opens a stream and never reads."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, ("127.0.0.1", port))
    body = orjson.dumps({"query": query})
    head = (
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Accept: text/event-stream\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    await loop.sock_sendall(connection, head.encode() + body)
    return connection


async def test_unread_stream_is_aborted_alone(
    served: tuple[int, uvicorn.Server],
    url: str,
    token: str,
    cursor: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    port, server = served
    long = "x" * 4000
    many = " ".join(f"m{number}: message {{ text }}" for number in range(20))
    flood = f"subscription {{ messageAdded {{ {many} }} }}"
    async with open_stream(url, token, ADDED, after=cursor) as normal:
        with await open_deaf_stream(port, token, flood):
            await wait_for_connections(server, 2)
            sent = 0
            # Our buffers and the kernel's hold several megabytes before writes block.
            while "does not read (TOO_SLOW)" not in caplog.text:
                await create_message(text=f"{sent} {long}")
                sent += 1
                if sent > 1000:  # enough: it has its time for the write that stands still
                    await asyncio.sleep(0.1)
                assert sent < 2000
            await wait_for_connections(server, 1)

        received = find_texts(await normal.take(sent))
    assert [text.split()[0] for text in received] == [str(number) for number in range(sent)]


@with_timeouts(close_answer_seconds=0.2, final_event_seconds=0.2)
async def test_peer_that_never_takes_end_is_cut_off(
    served: tuple[int, uvicorn.Server],
    token: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    port, server = served
    message = await create_message(text="x" * 2_000_000)
    fields = " ".join(f"f{number}: text" for number in range(3))
    query = f'{{ message(id: "{encode_id("Message", message.id)}") {{ {fields} }} }}'
    with await open_deaf_stream(port, token, query):
        await wait_for_connections(server, 1)
        await wait_for_connections(server, 0)
    assert "does not read (" in caplog.text


async def test_server_that_stops_ends_its_streams_itself(
    database: AsyncDatabase[dict[str, Any]], make_server: Callable[..., ServerProcess]
) -> None:
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="live", role=Role.ADMIN)
    server = make_server(ALLOWED_ORIGINS="https://app.example")
    server.start()
    origin = {"Origin": "https://app.example"}
    async with open_stream(server.url, token, ADDED, headers=origin) as stream:
        await stream.wait_for_comments(1)
        started = time.monotonic()
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        events = await stream.read_to_the_end()
        await stopping

    assert stream.response.headers["Access-Control-Allow-Origin"] == "https://app.example"
    # Without `complete`: the client comes back and resumes.
    assert events == []
    assert "Cancel" not in server.log
    assert time.monotonic() - started < 30
