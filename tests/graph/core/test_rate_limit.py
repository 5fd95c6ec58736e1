"""Rate limits delay only the caller that exceeds them."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from graph.core.rates.buckets import MAX_BUCKETS, TokenBuckets
from models import Account, Contact, Role
from models.database.base import collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from tests.fixtures.waiting import eventually
from tests.graph.socket_kit import open_socket
from tests.graph.stream_kit import open_stream
from whatsapp.settings import Settings

PAGE = "{ contacts(first: 99) { edges { cursor } } }"
WHO = "{ viewer { role } }"
DEEP = "{ a { a { a { a { a { a { a { a { a { a { a { a { a } } } } } } } } } } } } }"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A hundred pages an hour, ten at once, so that a used budget stays used during a test."""
    return settings.model_copy(
        update={
            "rate_limit_per_minute": 3,
            "rate_limit_burst": 250,
            "anonymous_rate_limit_per_minute": 26,
            "failed_sign_ins_per_minute": 3,
            "sockets_per_credential": 2,
        }
    )


async def post(client: GraphQLClient, query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {client.token}"} if client.token else {}
    return await client.http.post("/graphql", json={"query": query}, headers=headers)


async def test_exhausted_budget_gives_retry_after(
    admin: GraphQLClient, make_client: Callable[..., Awaitable[GraphQLClient]]
) -> None:
    other = await make_client(Role.VIEWER)

    answers = [await post(admin, PAGE) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    (error,) = answers[-1].json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    # 47 are left, 53 are missing, and 3 come back per minute; the text cost 3.
    assert 900 < error["extensions"]["retryAfter"] <= 1060
    assert answers[-1].headers["Retry-After"] == str(error["extensions"]["retryAfter"])
    # Cheap operations still run, and other callers are not affected.
    assert (await post(admin, WHO)).status_code == 200
    assert (await post(other, PAGE)).status_code == 200


async def test_answers_report_budget(admin: GraphQLClient) -> None:
    first = (await post(admin, WHO)).json()["extensions"]["cost"]
    second = (await post(admin, WHO)).json()["extensions"]["cost"]
    too_complex = (await post(admin, DEEP)).json()
    await post(admin, PAGE)
    await post(admin, PAGE)
    refused = (await post(admin, PAGE)).json()

    # The text of a new document costs 1; three come back per minute.
    assert (first["requested"], first["used"], first["remaining"]) == (1, 2, 248)
    assert (second["requested"], second["used"], second["limit"]) == (1, 3, 5000)
    assert second["resetAt"] > first["resetAt"]
    assert too_complex["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert too_complex["extensions"]["cost"]["requested"] is None
    assert too_complex["extensions"]["cost"]["used"] > second["used"]
    assert refused["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    cost = refused["extensions"]["cost"]
    assert cost["requested"] == 100
    assert 0 <= cost["remaining"] < 100
    assert cost["used"] + cost["remaining"] == 250


async def test_mutation_over_budget_does_nothing(admin: GraphQLClient) -> None:
    create = 'mutation { createUser(input: {name: "Ada"}) { user { id } } }'
    users = "{ users(first: 1) { edges { cursor } } }"
    for _ in range(2):
        await post(admin, PAGE)
    for _ in range(4):
        await post(admin, create)

    refused = await post(admin, create)

    assert refused.status_code == 429
    found = (await post(admin, users)).json()
    assert len(found["data"]["users"]["edges"]) == 1


async def test_refused_documents_use_up_budget_too(admin: GraphQLClient) -> None:
    answers = [await post(admin, "{ nothing }") for _ in range(14)]

    assert {answer.status_code for answer in answers[:12]} == {200}
    assert answers[-1].status_code == 429


async def test_who_has_no_credential_is_limited_by_address(client: httpx.AsyncClient) -> None:
    nobody = GraphQLClient(client, None)

    answers = [await post(nobody, "{ __typename }") for _ in range(3)]

    # The operation costs 10 at least, and its text 3: a full bucket.
    assert [answer.status_code for answer in answers] == [200, 429, 429]


async def test_long_answers_are_charged(admin: GraphQLClient, account: Account) -> None:
    await write_message(account, "15550001111", "Hello")
    attributes = {"note": "x" * 100 * 1024}
    await collection(Contact).update_many({}, {"$set": {"attributes": attributes}})
    query = "{ contacts(first: 1) { edges { node { attributes } } } }"

    answers = [await post(admin, query) for _ in range(4)]

    # 100 kB cost 100, and 250 may be used at once.
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


async def test_wrong_credentials_are_looked_up_few_times_only(
    admin: GraphQLClient, make_client: Callable[..., Awaitable[GraphQLClient]]
) -> None:
    assert (await post(admin, WHO)).status_code == 200
    strangers = [GraphQLClient(admin.http, f"wag_{number:012x}_{'x' * 43}") for number in range(4)]

    codes = [
        (await post(stranger, WHO)).json()["errors"][0]["extensions"]["code"]
        for stranger in strangers
    ]

    assert codes == ["UNAUTHENTICATED"] * 3 + ["RATE_LIMITED"]
    # A known credential goes on at the same address.
    assert (await post(admin, WHO)).status_code == 200


async def test_every_route_counts_wrong_credentials(
    port: int, admin: GraphQLClient, app: Any, account: Account
) -> None:
    path = f"http://127.0.0.1:{port}/media/{account.id}"
    strangers = [f"wag_{number:012x}_{'x' * 43}" for number in range(5)]
    async with httpx.AsyncClient(trust_env=False) as http:

        async def ask(token: str | None) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return await http.get(path, headers=headers)

        known = await ask(admin.token)
        answers = [await ask(token) for token in strangers]
        again = await ask(admin.token)
        async with open_socket(port) as ws:
            payload = {"Authorization": "Bearer wag_no_key"}
            await ws.send({"type": "connection_init", "payload": payload})
            with pytest.raises(ConnectionClosed) as closed:
                await ws.receive()

    assert [one.status_code for one in answers] == [404, 404, 404, 429, 429]
    assert answers[3].headers["retry-after"] == "20"
    assert known.status_code == again.status_code == 404
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


async def test_subscribing_counts_and_event_does_not(port: int, admin: GraphQLClient) -> None:
    async with open_socket(port, token=admin.token) as ws:
        codes = set()
        for _ in range(3):
            await ws.send({"id": "1", "type": "subscribe", "payload": {"query": PAGE}})
            frame = await ws.receive()
            if frame["type"] == "error":
                codes.add(frame["payload"][0]["extensions"]["code"])
            else:
                await ws.receive()

        assert codes == {"RATE_LIMITED"}
        # The socket still answers cheap operations.
        await ws.send({"id": "2", "type": "subscribe", "payload": {"query": WHO}})
        assert (await ws.receive())["type"] == "next"


async def test_credential_without_any_budget_hears_so_on_socket(
    port: int, admin: GraphQLClient
) -> None:
    async with open_socket(port, token=admin.token) as ws:
        for _ in range(13):
            await ws.send({"id": "1", "type": "subscribe", "payload": {"query": "{ nothing }"}})
            assert (await ws.receive())["type"] == "error"

        code = await ws.find_error("subscription { events { cursor } }")

        assert code == "RATE_LIMITED"


async def test_subscription_start_costs_little(port: int, admin: GraphQLClient) -> None:
    live = """subscription { conversationUpdated {
      conversation { messages(first: 20) { edges { cursor } } } } }"""
    async with open_socket(port, token=admin.token) as ws:
        before = await read_cost(admin)
        for _ in range(10):
            await ws.subscribe(live)
        # The socket answers in order.
        await ws.send({"id": "last", "type": "subscribe", "payload": {"query": WHO}})
        assert (await ws.receive())["id"] == "last"
        after = await read_cost(admin)

    # Ten starts at 5, the text once, and two queries; each event costs 43.
    assert 52 <= after["used"] - before["used"] < 70
    assert after["restoreRate"] == pytest.approx(3 / 60)


async def read_cost(client: GraphQLClient) -> Any:
    return (await post(client, WHO)).json()["extensions"]["cost"]


async def test_credential_has_few_sockets_at_time(port: int, admin: GraphQLClient) -> None:
    async with open_socket(port, token=admin.token), open_socket(port, token=admin.token):
        async with open_socket(port) as third:
            await third.send({"type": "connection_init", "payload": {"Authorization": admin.token}})
            code, reason = await third.find_close()

        assert (code, reason) == (1013, "Too many sockets or wrong keys: try again later")


async def test_stream_counts_as_socket(port: int, admin: GraphQLClient) -> None:
    live = "subscription { messageAdded { cursor } }"
    url = f"http://127.0.0.1:{port}"
    async with open_socket(port, token=admin.token):
        async with open_stream(url, admin.token, live) as one:
            await one.wait_for_comments(1)
            async with open_stream(url, admin.token, live) as other:
                refusal = await other.response.aread()

        async def has_room() -> bool:
            async with open_stream(url, admin.token, WHO) as again:
                return again.response.status_code == 200

        await eventually(has_room)

    assert other.response.status_code == 429
    assert other.response.headers["Retry-After"] == "1"
    assert b"RATE_LIMITED" in refusal


async def test_closed_socket_makes_room(port: int, admin: GraphQLClient) -> None:
    for _ in range(5):
        async with open_socket(port, token=admin.token) as ws:
            await ws.send({"id": "1", "type": "subscribe", "payload": {"query": WHO}})
            assert (await ws.receive())["type"] == "next"


async def test_wrong_keys_close_sockets_with_1013_in_end(port: int) -> None:
    codes = []
    for _ in range(4):
        async with open_socket(port) as ws:
            await ws.send({"type": "connection_init", "payload": {"Authorization": "wag_x"}})
            codes.append((await ws.find_close())[0])

    assert codes == [4403, 4403, 4403, 1013]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_bucket_refills_evenly_and_never_beyond_its_brim() -> None:
    clock = Clock()
    buckets = TokenBuckets(per_minute=60, burst=100, now=clock)

    buckets.take("a", 100)
    assert buckets.find_wait("a", 10) == 10
    clock.now = 10
    assert buckets.find_wait("a", 10) == 0
    clock.now = 10_000
    assert buckets.read_level("a") == 100


def test_cost_above_burst_needs_full_bucket() -> None:
    clock = Clock()
    buckets = TokenBuckets(per_minute=60, burst=100, now=clock)

    assert buckets.find_wait("a", 300) == 0
    buckets.take("a", 300)

    assert buckets.find_wait("a", 1) == 201


def test_callers_without_number_take_no_memory_without_end() -> None:
    buckets = TokenBuckets(per_minute=60, burst=100, now=Clock())

    for number in range(MAX_BUCKETS + 100):
        buckets.take(number, 1)

    assert len(buckets._buckets) == MAX_BUCKETS


def test_without_limit_nothing_is_remembered() -> None:
    buckets = TokenBuckets(per_minute=0, burst=100)

    buckets.take("a", 10**9)

    assert buckets.find_wait("a", 10**9) == 0
    assert not buckets._buckets
