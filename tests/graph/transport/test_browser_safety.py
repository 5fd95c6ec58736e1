"""Responses to browsers: private schema, safe headers, no cookies."""

import httpx
import pytest

from models import Account, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from tests.graph.socket_kit import open_socket
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

PUBLIC_URL = "https://wagraph.example.com"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return make_settings(
        mongodb_uri=settings.mongodb_uri,
        mongodb_database=settings.mongodb_database,
        introspection=False,
        public_url=PUBLIC_URL,
        allowed_origins="https://app.example.com",
    )


INTROSPECTIONS = [
    "{ __schema { types { name } } }",
    '{ __type(name: "Account") { name } }',
    '{ viewer { name } x: __type(name: "Account") { fields { name } } }',
    "query { ...F } fragment F on Query { __schema { queryType { name } } }",
    "{ ... on Query { ... { __schema { queryType { name } } } } }",
    "{ __schema { __typename } }",
    "mutation { __schema { queryType { name } } }",
    "{ viewer { name } } # not used\nfragment F on Query { __schema { queryType { name } } }",
]
MISTAKES = [
    "{ viewr { name } }",
    "{ viewer { nam } }",
    "{ conversations(frst: 1) { edges { cursor } } }",
    "{ conversations(filter: {statu: OPEN}) { edges { cursor } } }",
    "{ conversations(filter: {statuses: OPN}) { edges { cursor } } }",
    "{ node(id: 1) { ... on Acount { id } } }",
    "{ contacts { edges { node { edges } nam } } }",
    "{ viewer @skp(if: true) { name } }",
]
WITH_VARIABLE = "query ($f: ConversationFilter) { conversations(filter: $f) { edges { cursor } } }"


async def test_disabled_introspection_is_forbidden(admin: GraphQLClient, port: int) -> None:
    codes = [await admin.find_error_code(query) for query in INTROSPECTIONS]
    async with open_socket(port, token=admin.token) as ws:
        told = [await ws.find_error(query) for query in INTROSPECTIONS]

    assert codes == told == ["FORBIDDEN"] * len(INTROSPECTIONS)
    anonymous = await GraphQLClient(admin.http, None).post(INTROSPECTIONS[0])
    assert not anonymous.get("data")


async def test_what_only_looks_like_introspection_is_answered(admin: GraphQLClient) -> None:
    search = 'searchMessages(text: "__schema") { __typename }'
    shown = await admin(f"{{ __typename viewer {{ __typename }} {search} }}")

    assert shown["viewer"] == {"__typename": "Viewer"}


async def test_errors_suggest_no_names(admin: GraphQLClient, port: int) -> None:
    texts = [str(await admin.post(query)) for query in MISTAKES]
    texts += [
        str(await admin.post(WITH_VARIABLE, f=value)) for value in ({"statu": 1}, {"status": "OPN"})
    ]
    async with open_socket(port, token=admin.token) as ws:
        for query in MISTAKES:
            await ws.subscribe(query)
            texts.append(str(await ws.receive()))

    assert all("'errors'" in text or "'error'" in text for text in texts)
    assert [text for text in texts if "Did you mean" in text] == []


class TestAsItComes:
    """Without the setting, clients may learn the schema, for their tools."""

    @pytest.fixture
    def settings(self, mongodb_uri: str, database_name: str) -> Settings:
        return make_settings(mongodb_uri=mongodb_uri, mongodb_database=database_name)

    async def test_schema_and_suggestions_are_shown(self, admin: GraphQLClient) -> None:
        assert (await admin(INTROSPECTIONS[0]))["__schema"]["types"]
        assert "Did you mean 'name'" in str(await admin.post("{ viewer { nam } }"))

    async def test_plain_http_promises_no_https(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/healthz")

        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in answer.headers


async def visit(client: httpx.AsyncClient, account: Account) -> list[httpx.Response]:
    """Requests every route with valid and invalid input and a meaningless cookie."""
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="x", role=Role.ADMIN)
    message = await write_message(account, "15550001111", "x")
    client.cookies.set("Authorization", f"Bearer {token}")
    bearer = {"Authorization": f"Bearer {token}"}
    query = {"query": "{ viewer { name } }"}
    origin = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    return [
        await client.post("/graphql", json=query, headers=bearer),
        await client.post("/graphql", json=query),
        await client.post("/graphql", content=b"{"),
        await client.get("/graphql", headers={"Accept": "text/html"}),
        await client.get("/graphql/assets/page.js"),
        await client.options("/graphql", headers=origin),
        await client.get(f"/media/{message.id}", headers=bearer),
        await client.get("/webhooks/whatsapp"),
        await client.post("/webhooks/whatsapp", content=b"{}"),
        await client.get("/healthz"),
        await client.get("/readyz"),
        await client.get("/nowhere"),
    ]


async def test_every_answer_has_safe_headers_and_no_cookie(
    client: httpx.AsyncClient, account: Account, subtests: pytest.Subtests
) -> None:
    answers = await visit(client, account)

    for answer in answers:
        with subtests.test(url=str(answer.url)):
            assert answer.headers["x-content-type-options"] == "nosniff", answer.url
            assert answer.headers["referrer-policy"] == "no-referrer", answer.url
            assert answer.headers["strict-transport-security"] == "max-age=31536000", answer.url
            assert "set-cookie" not in answer.headers, answer.url
            assert len(answer.headers.get_list("x-content-type-options")) == 1, answer.url
    page = answers[3]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["content-security-policy"].count("frame-ancestors 'none'") == 1


async def test_cookie_is_no_credential(client: httpx.AsyncClient, account: Account) -> None:
    _, anonymous, *_ = await visit(client, account)

    assert anonymous.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
