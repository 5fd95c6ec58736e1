"""The HTTP door of /graphql: what is no GraphQL request is refused in JSON, never with a 500."""

import json
from typing import Any

import httpx

from tests.fixtures.graphql import GraphQLClient

JSON = {"Content-Type": "application/json"}


NO_OPERATIONS = [
    b"",
    b"null",
    b"1",
    b'"x"',
    b"[]",
    b'[{"query": "{ viewer { name } }"}]',
    b"{",
    b"\xff\xfe",
    b'{"query": "\xff"}',
    b'{"query": NaN}',
    b"[" * 100_000,
    b'{"query": 1}',
    b'{"query": null}',
    b'{"query": "{ viewer { name } }", "variables": []}',
    b'{"query": "{ viewer { name } }", "variables": "x"}',
    b'{"query": "{ viewer { name } }", "operationName": 1}',
    b'{"query": "{ viewer { name } }", "extensions": 1}',
]


async def test_a_body_that_is_no_operation_is_a_400_in_json(
    client: httpx.AsyncClient,
) -> None:
    for body in NO_OPERATIONS:
        answer = await client.post("/graphql", content=body, headers=JSON)

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


OTHER_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain; application/json",
    "application/json; charset=utf-16",
    "",
]


async def test_what_a_form_could_send_is_refused(
    admin: GraphQLClient,
) -> None:
    for content_type in OTHER_TYPES:
        body = json.dumps({"query": "{ viewer { name } }"})
        headers = {"Content-Type": content_type, "Authorization": f"Bearer {admin.token}"}

        answer = await admin.http.post("/graphql", content=body, headers=headers)

        assert answer.status_code == 415
        assert answer.json()["errors"]


async def test_a_body_over_the_limit_is_refused_announced_or_not(
    client: httpx.AsyncClient,
) -> None:
    async def drip() -> Any:
        for _ in range(200):
            yield b" " * 10_000

    announced = await client.post("/graphql", content=b" " * 1_100_000, headers=JSON)
    unannounced = await client.post("/graphql", content=drip(), headers=JSON)

    assert (announced.status_code, unannounced.status_code) == (413, 413)


async def test_operations_are_not_taken_from_the_url(admin: GraphQLClient) -> None:
    headers = {"Authorization": f"Bearer {admin.token}", "Accept": "application/json"}

    answer = await admin.http.get("/graphql?query={viewer{name}}", headers=headers)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.json()["errors"]


async def test_a_browser_gets_graphiql(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", headers={"Accept": "text/html"})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_every_answer_names_its_request(client: httpx.AsyncClient) -> None:
    answers = [
        await client.post("/graphql", json={"query": "{ __typename }"}),
        await client.post("/graphql", content=b"{", headers=JSON),
    ]

    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(ids) == 2
    assert all(len(request_id) == 16 for request_id in ids)


async def test_a_subscription_is_sent_to_the_websocket(admin: GraphQLClient) -> None:
    answer = await admin.post("subscription { messageAdded { cursor } }")

    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "graphql-transport-ws" in answer["errors"][0]["message"]
