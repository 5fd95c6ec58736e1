"""The graphql-transport-ws protocol on the wire: acknowledgements, errors and close codes."""

from typing import Any

import pytest

from graph.fanout.groups import Groups
from graph.transport.endpoint import GraphQLEndpoint
from models import User
from tests.graph.live_kit import create_message, wait_for_listeners
from tests.graph.socket_kit import SocketClient, open_socket, serve

ADDED = "subscription { messageAdded { message { text } } }"
INIT = {"type": "connection_init"}


def subscribe(operation_id: object = "1", **payload: Any) -> dict[str, Any]:
    return {
        "id": operation_id,
        "type": "subscribe",
        "payload": {"query": "{ viewer { name } }"} | payload,
    }


MALFORMED: list[object] = [
    b"\x00\x01",
    "not json",
    "null",
    "1",
    '"text"',
    "[]",
    "NaN",
    '{"type": "ping", "type": "ping"}',
    '{"type": "ping", "payload": {"a": {"b": 1, "b": 2}}}',
    "[" * 5000,
    '{"type": "ping", "payload": ' + '{"a":' * 2000 + "1" + "}" * 2001,
    '{"type": "ping", "payload": {"a": "\\ud800"}}',
    "{}",
    {"type": 1},
    {"type": ["ping"]},
    {"type": "start"},
    {"type": "x" * 300},
    {"type": "ping", "payload": 1},
    {"type": "pong", "payload": []},
    {"type": None},
    {"type": "connection_ack"},
    {"type": "next", "id": "1", "payload": {}},
    {"type": "error", "id": "1", "payload": []},
    {"type": "stop", "id": "1"},
    {"type": "complete"},
    {"type": "complete", "id": {}},
    {"type": "subscribe", "id": "1"},
    {"type": "subscribe", "id": "1", "payload": None},
    {"type": "subscribe", "id": "1", "payload": []},
    subscribe(None),
    subscribe(""),
    subscribe(1),
    subscribe({"a": 1}),
    subscribe(["a"]),
    subscribe(query=None),
    subscribe(query=5),
    subscribe(variables=[]),
    subscribe(operationName=7),
    subscribe(extensions="x"),
]


async def test_malformed_messages_close_with_4400(
    port: int, token: str, subtests: pytest.Subtests
) -> None:
    for message in MALFORMED:
        with subtests.test(message=message):
            async with open_socket(port, token=token) as client:
                await client.send(message)
                assert (await client.find_close())[0] == 4400


async def test_malformed_init_closes_with_4400(port: int, subtests: pytest.Subtests) -> None:
    payloads: list[object] = [1, "x", [], True]
    for payload in payloads:
        with subtests.test(payload=payload):
            async with open_socket(port) as client:
                await client.send(INIT | {"payload": payload})
                assert (await client.find_close())[0] == 4400


async def test_subscribing_before_ack_closes_with_4401(ws_raw: SocketClient) -> None:
    await ws_raw.send(subscribe())

    assert await ws_raw.find_close() == (4401, "Unauthorized")


async def test_second_init_closes_with_4429(ws: SocketClient, token: str) -> None:
    await ws.send(INIT | {"payload": {"Authorization": token}})

    assert await ws.find_close() == (4429, "Too many initialisation requests")


async def test_id_in_use_closes_with_4409(ws: SocketClient) -> None:
    long_id = "é" * 200
    await ws.send(subscribe(long_id, query=ADDED))
    await ws.send(subscribe(long_id, query=ADDED))

    code, reason = await ws.find_close()
    assert (code, reason[:16]) == (4409, "Subscriber for é")


async def test_silence_closes_with_4408(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    original = GraphQLEndpoint.run
    waits = []

    async def run(self: GraphQLEndpoint, *args: Any, **options: Any) -> Any:
        waits.append(self.connection_init_wait_timeout)
        self.connection_init_wait_timeout = timedelta(seconds=0.1)
        return await original(self, *args, **options)

    monkeypatch.setattr(GraphQLEndpoint, "run", run)
    async with serve(app) as port, open_socket(port) as client:
        assert (await client.find_close())[0] == 4408
    assert waits == [timedelta(seconds=10)]


BAD_OPERATIONS: list[tuple[dict[str, Any], str]] = [
    ({"query": ""}, "BAD_USER_INPUT"),
    ({"query": "query A { __typename } query B { __typename }"}, "BAD_USER_INPUT"),
    ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "query A { viewer { name } }", "operationName": "B"}, "BAD_USER_INPUT"),
    ({"query": "query($id: ID!) { account(id: $id) { name } }"}, "BAD_USER_INPUT"),
    ({"query": 'subscription { messageAdded(after: "?") { cursor } }'}, "BAD_USER_INPUT"),
]


async def test_bad_operation_is_answered_and_socket_lives(
    ws: SocketClient, subtests: pytest.Subtests
) -> None:
    for payload, code in BAD_OPERATIONS:
        with subtests.test(payload=payload):
            await ws.send(subscribe("bad", **payload))
            error = await ws.receive()

            assert (error["id"], error["type"]) == ("bad", "error")
            assert error["payload"][0]["extensions"]["code"] == code

    await ws.send(subscribe("bad"))
    assert (await ws.receive())["payload"]["data"] == {"viewer": {"name": "live"}}
    assert await ws.receive() == {"id": "bad", "type": "complete"}


async def test_bug_is_masked_and_socket_lives(
    ws: SocketClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: Any, **_options: Any) -> Any:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("graph.subscriptions.EventFilter", fail)
    operation_id = await ws.subscribe(ADDED)
    error = await ws.receive()

    assert (error["id"], error["type"]) == (operation_id, "error")
    [shown] = error["payload"]
    assert shown["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in str(error)
    assert shown["extensions"]["requestId"] in caplog.text
    await ws.send({"type": "ping"})
    assert await ws.receive() == {"type": "pong"}


async def test_operations_share_socket_independently(ws: SocketClient, live_groups: Groups) -> None:
    for operation_id in ("a", "b"):
        await ws.send(subscribe(operation_id, query=ADDED))
    await wait_for_listeners(live_groups, 2)

    await create_message(text="to both")
    both = [await ws.receive() for _ in range(2)]
    await ws.send({"id": "a", "type": "complete"})
    await ws.send({"type": "ping"})
    assert await ws.receive() == {"type": "pong"}
    await create_message(text="to one")

    assert {frame["id"] for frame in both} == {"a", "b"}
    assert (await ws.receive())["id"] == "b"


async def test_fifty_first_operation_is_refused(ws: SocketClient) -> None:
    for number in range(51):
        await ws.send(subscribe(str(number), query=ADDED))

    error = await ws.receive()

    assert (error["id"], error["type"]) == ("50", "error")
    assert error["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
    await ws.send({"id": "0", "type": "complete"})
    await ws.send(subscribe("50"))
    assert (await ws.receive())["type"] == "next"


async def test_queries_run_on_socket_too(ws: SocketClient) -> None:
    await ws.send(subscribe("q", query="{ viewer { role } }"))
    frames = [await ws.receive() for _ in range(2)]

    assert frames[0]["payload"]["data"] == {"viewer": {"role": "ADMIN"}}
    assert frames[1] == {"id": "q", "type": "complete"}


async def test_pings_are_answered_before_ack_too(ws_raw: SocketClient) -> None:
    for message in ({"type": "ping"}, {"type": "ping", "payload": None}, {"type": "pong"}):
        await ws_raw.send(message)
    await ws_raw.send({"type": "ping", "payload": {"any": ["thing"]}})

    assert [await ws_raw.receive() for _ in range(3)] == [{"type": "pong"}] * 3


async def test_completing_unknown_operation_changes_nothing(ws: SocketClient) -> None:
    await ws.send({"id": "never", "type": "complete"})
    await ws.send(subscribe("q"))
    frames = [await ws.receive() for _ in range(2)]
    await ws.send({"id": "q", "type": "complete"})
    await ws.send({"type": "ping"})

    assert [frame["type"] for frame in frames] == ["next", "complete"]
    assert await ws.receive() == {"type": "pong"}


async def test_id_is_free_again_after_its_end(ws: SocketClient) -> None:
    for _ in range(20):
        await ws.send(subscribe("a", query=ADDED))
        await ws.send({"id": "a", "type": "complete"})
    await ws.send(subscribe("a"))
    frames = [await ws.receive() for _ in range(2)]

    assert [(frame["id"], frame["type"]) for frame in frames] == [("a", "next"), ("a", "complete")]


async def test_message_over_limit_closes_with_1009(ws: SocketClient) -> None:
    await ws.send({"type": "ping", "payload": {"a": "x" * 300_000}})

    assert (await ws.find_close())[0] == 1009


CREATE = """mutation { createUser(input: { name: "Ada" }) {
    user { name } userErrors { code } } }"""


async def test_mutation_runs_on_socket_too(ws: SocketClient) -> None:
    await ws.send(subscribe("m", query=CREATE))
    frames = [await ws.receive() for _ in range(2)]

    made = {"createUser": {"user": {"name": "Ada"}, "userErrors": []}}
    assert (frames[0]["type"], frames[0]["payload"]["data"]) == ("next", made)
    assert frames[1] == {"id": "m", "type": "complete"}
    assert [user.name for user in await User.find().to_list()] == ["Ada"]


async def test_flood_of_pings_is_answered(ws: SocketClient) -> None:
    for _ in range(2000):
        await ws.send({"type": "ping", "payload": {"n": 1}})

    for _ in range(2000):
        assert (await ws.receive())["type"] == "pong"


async def test_only_graphql_transport_ws_is_spoken(port: int, subtests: pytest.Subtests) -> None:
    from websockets.asyncio.client import connect
    from websockets.typing import Subprotocol

    unknown = [Subprotocol("graphql-ws"), Subprotocol("GRAPHQL-TRANSPORT-WS")]
    for offered in ([Subprotocol("graphql-ws")], unknown, None):
        with subtests.test(offered=offered):
            async with connect(
                f"ws://127.0.0.1:{port}/graphql", subprotocols=offered
            ) as connection:
                assert connection.subprotocol is None
                assert (await SocketClient(connection).find_close())[0] == 4406


async def test_shutdown_closes_with_1012(app: Any, token: str, live_groups: Groups) -> None:
    async with serve(app) as port:
        connection = open_socket(port, token=token)
        client = await connection.__aenter__()
        await client.subscribe(ADDED)
        await wait_for_listeners(live_groups, 1)

    assert (await client.find_close())[0] == 1012
    await connection.__aexit__(None, None, None)
