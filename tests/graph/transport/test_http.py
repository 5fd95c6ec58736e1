"""The HTTP door of /graphql, as GraphQL over HTTP has it: media types, statuses, GET and POST."""

import gzip
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from graph.transport.endpoint import GraphQLEndpoint
from models import Account
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from whatsapp.settings import Settings

JSON = {"Content-Type": "application/json"}
GRAPHQL_RESPONSE = "application/graphql-response+json"
ME = "{ viewer { name } }"


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
    b"[" * 30_000,
    b'{"query": 1}',
    b'{"query": null}',
    b'{"query": "{ viewer { name } }", "variables": []}',
    b'{"query": "{ viewer { name } }", "variables": "x"}',
    b'{"query": "{ viewer { name } }", "operationName": 1}',
    b'{"query": "{ viewer { name } }", "extensions": 1}',
    b'{"query": "{ viewer { name } }", "query": "{ __typename }"}',
    b'{"query": "{ __typename }", "variables": {"a": [{"b": 1, "b": 2}]}}',
    b'{"query": "{ __typename }", "variables": {"a": 1e999}}',
    b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}',
    b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 990 + b"]" * 990 + b"}}",
    '{"query": "{ __typename }"}'.encode("utf-16"),
    b'\xef\xbb\xbf{"query": "{ __typename }"}',
    gzip.compress(b'{"query": "{ __typename }"}'),
]


async def test_invalid_operation_body_returns_400(
    client: httpx.AsyncClient,
    subtests: pytest.Subtests,
) -> None:
    for body in NO_OPERATIONS:
        with subtests.test(body=body):
            answer = await client.post("/graphql", content=body, headers=JSON)

            assert answer.status_code == 400
            assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


OTHER_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "text/plain; application/json",
    "application/json; charset=utf-16",
    "",
]


async def test_form_content_types_are_refused(
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for content_type in OTHER_TYPES:
        with subtests.test(content_type=content_type):
            body = json.dumps({"query": "{ viewer { name } }"})
            headers = {"Content-Type": content_type, "Authorization": f"Bearer {admin.token}"}

            answer = await admin.http.post("/graphql", content=body, headers=headers)

            assert answer.status_code == 415
            assert answer.json()["errors"]


async def test_body_over_limit_is_refused_announced_or_not(
    client: httpx.AsyncClient,
) -> None:
    async def drip() -> Any:
        for _ in range(200):
            yield b" " * 10_000

    announced = await client.post("/graphql", content=b" " * 1_100_000, headers=JSON)
    unannounced = await client.post("/graphql", content=drip(), headers=JSON)

    assert (announced.status_code, unannounced.status_code) == (413, 413)


async def test_json_of_many_names_is_refused(admin: GraphQLClient) -> None:
    headers = {"Authorization": f"Bearer {admin.token}"}
    names = dict.fromkeys(map(str, range(20_001)), 0)
    colons = {"query": "{ __typename }", "extensions": {"text": ":" * 20_001}}

    refused = await admin.http.post("/graphql", json={"variables": names}, headers=headers)
    answered = await admin.http.post("/graphql", json=colons, headers=headers)

    assert refused.status_code == 413
    assert answered.json()["data"] == {"__typename": "Query"}


async def test_browser_gets_graphiql(client: httpx.AsyncClient) -> None:
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


async def test_compressed_body_is_refused(client: httpx.AsyncClient) -> None:
    body = gzip.compress(b'{"query": "{ __typename }"}')

    answer = await client.post(
        "/graphql", content=body, headers=JSON | {"Content-Encoding": "gzip"}
    )

    assert answer.status_code == 415
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


ACCEPTED = [
    (None, "application/json"),
    ("*/*", "application/json"),
    ("application/*", "application/json"),
    ("application/json", "application/json"),
    (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
    (f"{GRAPHQL_RESPONSE},application/json;q=0.9", GRAPHQL_RESPONSE),
    (f"application/json;q=0.5, {GRAPHQL_RESPONSE}", GRAPHQL_RESPONSE),
    (f"application/json, {GRAPHQL_RESPONSE}", "application/json"),
    (f"{GRAPHQL_RESPONSE};q=0, */*", "application/json"),
    ("application/json;q=0, */*;q=0.1", GRAPHQL_RESPONSE),
    ("TEXT/HTML, Application/JSON; charset=UTF-8", "application/json"),
    # urql's Accept header.
    (
        f"{GRAPHQL_RESPONSE}, application/graphql+json, application/json, text/event-stream,"
        " multipart/mixed",
        GRAPHQL_RESPONSE,
    ),
    ("application/json, text/event-stream", "application/json"),
]


async def test_response_has_preferred_media_type(
    admin: GraphQLClient, subtests: pytest.Subtests
) -> None:
    for accept, media_type in ACCEPTED:
        with subtests.test(accept=accept):
            answer = await send(admin, {"query": ME}, accept=accept)

            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.json()["data"] == {"viewer": {"name": "test admin"}}


async def test_unacceptable_type_returns_406_with_types(
    admin: GraphQLClient, subtests: pytest.Subtests
) -> None:
    for accept in ("text/html", "image/*", "application/json;q=0", "application/xml, text/plain"):
        with subtests.test(accept=accept):
            answer = await send(admin, {"query": ME}, accept=accept)

            assert answer.status_code == 406
            [error] = answer.json()["errors"]
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert GRAPHQL_RESPONSE in error["message"]


async def send(
    client: GraphQLClient, body: object, *, accept: str | None = None, token: str | None = None
) -> httpx.Response:
    """A POST with exactly this `Accept` header, or with none."""
    headers = JSON | {"Authorization": f"Bearer {token or client.token}"}
    request = client.http.build_request("POST", "/graphql", json=body, headers=headers)
    del request.headers["Accept"]
    if accept is not None:
        request.headers["Accept"] = accept
    return await client.http.send(request)


REQUEST_ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "query ($id: ID!) { account(id: $id) { id } }"}, "BAD_USER_INPUT"),
    ({"query": "query A { __typename } query B { __typename }"}, "BAD_USER_INPUT"),
    ({"query": "query A { __typename }", "operationName": "B"}, "BAD_USER_INPUT"),
    ({"query": "fragment F on Query { __typename }"}, "BAD_USER_INPUT"),
    ({"query": "subscription { messageAdded { cursor } }"}, "BAD_USER_INPUT"),
]


async def test_request_error_has_status_without_data(
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for body, code in REQUEST_ERRORS:
        with subtests.test(body=body):
            for accept, status in (("application/json", 200), (GRAPHQL_RESPONSE, 400)):
                answer = await send(admin, body, accept=accept)

                assert answer.status_code == status, (body, accept)
                assert answer.json()["errors"][0]["extensions"]["code"] == code
                assert "data" not in answer.json()


async def test_wrong_key_is_401_where_type_allows_it(
    admin: GraphQLClient, subtests: pytest.Subtests
) -> None:
    for accept, status in (("application/json", 200), (GRAPHQL_RESPONSE, 401)):
        with subtests.test(accept=accept):
            answer = await send(admin, {"query": ME}, accept=accept, token="wag_wrong")

            assert answer.status_code == status
            assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)


async def test_executed_operation_is_200_with_data(
    client: httpx.AsyncClient,
) -> None:
    headers = {"Accept": GRAPHQL_RESPONSE}

    answer = await client.post("/graphql", json={"query": ME}, headers=headers)

    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_refusal_has_accepted_media_type(
    client: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for accept in ("application/json", GRAPHQL_RESPONSE):
        with subtests.test(accept=accept):
            answer = await client.post("/graphql", content=b"{", headers=JSON | {"Accept": accept})

            assert answer.status_code == 400
            assert answer.headers["Content-Type"] == f"{accept}; charset=utf-8"


async def test_subscription_by_http_names_supported_transports(admin: GraphQLClient) -> None:
    answer = await admin.post("subscription { messageAdded { cursor } }")

    message = answer["errors"][0]["message"]
    assert "graphql-transport-ws" in message
    assert "text/event-stream" in message


NAMED = "query Find($id: ID!) { account(id: $id) { id } } query Me { viewer { name } }"


async def test_query_in_url_is_executed(admin: GraphQLClient, subtests: pytest.Subtests) -> None:
    variables = quote(json.dumps({"id": "x"}))
    for url, data in [
        (f"?query={quote(ME)}", {"viewer": {"name": "test admin"}}),
        (f"?query={quote(ME)}&variables=&extensions=%7B%7D", {"viewer": {"name": "test admin"}}),
        (f"?query={quote(NAMED)}&operationName=Me", {"viewer": {"name": "test admin"}}),
        (f"?query={quote(NAMED)}&operationName=Find&variables={variables}", {"account": None}),
    ]:
        with subtests.test(url=url):
            answer = await get(admin, url)

            assert answer.status_code == 200
            assert answer.json()["data"] == data
            assert answer.headers["Cache-Control"] == "no-store"


async def get(client: GraphQLClient, url: str, accept: str = "*/*") -> httpx.Response:
    headers = {"Authorization": f"Bearer {client.token}", "Accept": accept}
    return await client.http.get(f"/graphql{url}", headers=headers)


BAD_URLS = [
    "?query=",
    "?variables=%7B%7D&operationName=A&query",
    "?query=%7B__typename%7D&query=%7B__typename%7D",
    "?query=%ff",
    "?query=%7B__typename%7D&variables=%7B",
    "?query=%7B__typename%7D&variables=[]",
    "?query=%7B__typename%7D&extensions=1",
    "?query=%7B__typename%7D" + "".join(f"&a{number}=1" for number in range(30)),
]


async def test_url_that_holds_no_query_is_400(
    admin: GraphQLClient, subtests: pytest.Subtests
) -> None:
    for url in BAD_URLS:
        with subtests.test(url=url):
            answer = await get(admin, url)

            assert answer.status_code == 400
            assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await get(admin, "", accept="application/json")).status_code == 400


DISABLE = 'mutation { disableAccount(input: { accountId: "%s" }) { userErrors { code } } }'


async def test_mutation_in_url_is_refused(
    admin: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    disable = DISABLE % encode_id("Account", account.id)
    for operation in (disable, "subscription { messageAdded { cursor } }"):
        with subtests.test(operation=operation):
            for accept in ("application/json", GRAPHQL_RESPONSE):
                answer = await get(admin, f"?query={quote(operation)}", accept=accept)

                assert answer.status_code == 405
                assert answer.headers["Allow"] == "POST"
                assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    stored = await Account.get(account.id)
    assert stored is not None
    assert (stored.enabled, stored.updated_at) == (True, account.updated_at)


async def test_other_methods_are_refused_in_json(
    client: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        with subtests.test(method=method):
            answer = await client.request(method, "/graphql", json={"query": ME})

            assert answer.status_code == 405
            assert answer.headers["Allow"] == "GET, POST"
            assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_without_graphiql_browser_gets_json(settings: Settings) -> None:
    endpoint = GraphQLEndpoint(settings=settings.model_copy(update={"graphiql": False}))
    transport = httpx.ASGITransport(endpoint)
    async with httpx.AsyncClient(transport=transport, base_url="http://wagraph.test") as client:
        page = await client.get("/graphql", headers={"Accept": "text/html"})
        nothing = await client.get("/graphql", headers={"Accept": "text/html,*/*;q=0.8"})

    assert (page.status_code, nothing.status_code) == (406, 400)
    assert page.headers["Content-Type"].startswith("application/json")
