"""Multipart requests: form, limits and permissions."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from models import Account, Role
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.files import PNG
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.multipart import BOUNDARY, MAP, Part, make_form, make_operations, post
from tests.fixtures.said import id_of
from tests.fixtures.uploads import NOTHING, UPLOAD, count_stored, list_uploads
from tests.graph.socket_kit import open_socket, serve
from whatsapp.settings import Settings

MALFORMED: list[tuple[list[Part], int, str]] = [
    ([], 400, "form"),
    ([("map", MAP), ("operations", "%"), ("0", PNG)], 400, "`operations`, then `map`"),
    ([("operations", "%"), ("0", PNG)], 400, "`operations`, then `map`"),
    ([("operations", "%")], 400, "`operations`, then `map`"),
    ([("operations", "%"), ("map", MAP)], 400, "is missing"),
    ([("operations", "{"), ("map", MAP), ("0", PNG)], 400, "Invalid JSON"),
    ([("operations", "[%]"), ("map", MAP), ("0", PNG)], 400, "one operation"),
    ([("operations", "null"), ("map", MAP), ("0", PNG)], 400, "object"),
    ([("operations", "%"), ("map", "{"), ("0", PNG)], 400, "Invalid JSON"),
    ([("operations", "%"), ("map", "[]"), ("0", PNG)], 400, "lists of paths"),
    ([("operations", "%"), ("map", '{"0": []}'), ("0", PNG)], 400, "lists of paths"),
    ([("operations", "%"), ("map", '{"0": "variables.file"}'), ("0", PNG)], 400, "lists of"),
    ([("operations", "%"), ("map", '{"0": [1]}'), ("0", PNG)], 400, "lists of paths"),
    ([("operations", "%"), ("map", '{"0": ["query"]}'), ("0", PNG)], 400, "is not a variable"),
    ([("operations", "%"), ("map", '{"0": ["variables.x"]}'), ("0", PNG)], 400, "does not exist"),
    (
        [("operations", "%"), ("map", '{"0": ["variables.file.x"]}'), ("0", PNG)],
        400,
        "does not exist",
    ),
    ([("operations", "%"), ("map", '{"0": ["variables.account"]}'), ("0", PNG)], 400, "null"),
    ([("operations", "%"), ("map", MAP), ("1", PNG)], 400, "is not in `map`"),
    ([("operations", "%"), ("map", MAP), ("0", PNG), ("0", PNG)], 400, "is repeated"),
    ([("operations", "%"), ("map", MAP), ("0", PNG), ("map", MAP)], 400, "is not in `map`"),
    (
        [("operations", "%"), ("map", '{"0": ["variables.file"], "1": ["variables.file"]}')],
        400,
        "repeats a path",
    ),
    (
        [("operations", "%"), ("map", json.dumps({str(n): [f"{n}"] for n in range(11)}))],
        400,
        "10 files",
    ),
    ([("operations", "%"), ("map", "x" * 1024 * 1024), ("0", PNG)], 413, "at most 1048576 bytes"),
]


async def test_malformed_request_gets_specific_error(
    agent: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for parts, status, words in MALFORMED:
        with subtests.test(status=status, words=words):
            filled = [
                (
                    name,
                    text.replace("%", make_operations(account)) if isinstance(text, str) else text,
                )
                for name, text in parts
            ]

            answer = await post(agent, make_form(*filled))

            (error,) = answer.json()["errors"]
            assert (answer.status_code, error["extensions"]["code"]) == (status, "BAD_USER_INPUT")
            assert words in error["message"], (parts, error["message"])
    assert list_uploads(meta) == []
    assert await count_stored() == NOTHING


BROKEN = [
    b"",
    b"no form at all",
    make_form(("operations", "{}"), end=""),
    f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
    f"--{BOUNDARY}\r\n{'X: y' * 5000}\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
    f"--{BOUNDARY}\r\n\xff\xfe: y\r\n\r\nx\r\n--{BOUNDARY}--".encode("latin-1"),
]


async def test_broken_form_is_refused(agent: GraphQLClient, subtests: pytest.Subtests) -> None:
    for body in BROKEN:
        with subtests.test(body=body[:50]):
            answer = await post(agent, body)

            assert answer.status_code == 400
            assert "form" in answer.json()["errors"][0]["message"]
    for content_type in ("multipart/form-data", f"multipart/form-data; boundary={'x' * 999}"):
        answer = await post(agent, make_form(), **{"Content-Type": content_type})
        assert answer.status_code == 400


async def test_form_upload_needs_preflight_header(agent: GraphQLClient, account: Account) -> None:
    body = make_form(("operations", make_operations(account)), ("map", MAP), ("0", PNG))

    refused = await post(agent, body, **{"GraphQL-Require-Preflight": ""})
    allowed = [
        await post(agent, body, **{"GraphQL-Require-Preflight": "", name: "x"})
        for name in ("Apollo-Require-Preflight", "X-Requested-With")
    ]

    assert refused.status_code == 400
    assert "GraphQL-Require-Preflight" in refused.json()["errors"][0]["message"]
    assert [answer.json()["data"]["uploadMedia"]["userErrors"] for answer in allowed] == [[], []]


class TestFromABrowser:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"allowed_origins": ("https://app.example.com",)})

    async def test_allowed_origin_may_send_header(
        self, client: httpx.AsyncClient, subtests: pytest.Subtests
    ) -> None:
        for name in ("GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Requested-With"):
            with subtests.test(header=name):
                answer = await client.options(
                    "/graphql",
                    headers={
                        "Origin": "https://app.example.com",
                        "Access-Control-Request-Method": "POST",
                        "Access-Control-Request-Headers": f"authorization, {name}",
                    },
                )
                assert answer.status_code == 200


async def test_forbidden_upload_is_refused_before_reading(
    make_client: Callable[..., Awaitable[GraphQLClient]],
    agent: GraphQLClient,
    account: Account,
    meta: FakeMeta,
    subtests: pytest.Subtests,
) -> None:
    viewer, anonymous = await make_client(Role.VIEWER), GraphQLClient(agent.http, None)
    unknown = GraphQLClient(agent.http, "wag_unknown")
    cases = [(viewer, 403, "FORBIDDEN")]
    cases += [(who, 401, "UNAUTHENTICATED") for who in (anonymous, unknown)]
    for client, status, code in cases:
        with subtests.test(code=code):
            read: list[bytes] = []

            answer = await post(client, watch(account, read))

            assert answer.status_code == status
            assert answer.json()["errors"][0]["extensions"]["code"] == code
            assert read == []
    assert list_uploads(meta) == []
    assert await count_stored() == NOTHING


async def watch(account: Account, read: list[bytes]) -> AsyncIterator[bytes]:
    """A form that records the read parts."""
    body = make_form(("operations", make_operations(account)), ("map", MAP), ("0", PNG))
    read.append(body)
    yield body


async def test_request_has_two_files_in_lists(agent: GraphQLClient, account: Account) -> None:
    query = """mutation ($files: [Upload!]!, $same: Upload!, $account: ID!) {
      a: uploadMedia(input: {accountId: $account, file: $same}) { upload { filename sizeBytes } }
    }"""
    variables = {"files": [None, None], "same": None, "account": id_of(account)}
    places = {"a": ["variables.files.0", "variables.same"], "b": ["variables.files.1"]}
    operations = json.dumps({"query": query, "variables": variables})
    parts: list[Part] = [("operations", operations), ("map", json.dumps(places))]

    answer = await post(agent, make_form(*parts, ("a", PNG), ("b", PNG + b"2")))

    # An unused variable is an error in the document, and nothing is stored.
    assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    query = query.replace("$files: [Upload!]!, ", "")
    operations = json.dumps({"query": query, "variables": variables})
    parts[0] = ("operations", operations)
    answer = await post(agent, make_form(*parts, ("b", PNG + b"2"), ("a", PNG)))
    found = answer.json()["data"]["a"]["upload"]
    assert found == {"filename": "photo.png", "sizeBytes": len(PNG)}


async def test_file_comes_by_multipart_alone(
    agent: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    values: list[Any] = ["x", 1, {}, [], None, True]
    for value in values:
        with subtests.test(value=value):
            answer = await agent.post(UPLOAD, file=value, account=id_of(account))
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    literal = UPLOAD.replace("file: $file,", 'file: "x",').replace("$file: Upload!, ", "")
    answer = await agent.post(literal, account=id_of(account))
    assert answer["errors"][0]["extensions"]["code"] in {
        "BAD_USER_INPUT",
        "GRAPHQL_VALIDATION_FAILED",
    }
    assert list_uploads(meta) == []


async def test_file_in_place_of_text_is_refused(agent: GraphQLClient, account: Account) -> None:
    operations = make_operations(account, variables={"file": None, "account": None})
    parts: list[Part] = [("operations", operations), ("map", '{"0": ["variables.account"]}')]

    answer = await post(agent, make_form(*parts, ("0", PNG)))

    (first, *_) = answer.json()["errors"]
    assert first["extensions"]["code"] == "BAD_USER_INPUT"
    assert "object at" not in first["message"]


async def test_no_file_comes_over_websocket(
    app: Any, agent: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    async with serve(app) as port, open_socket(port, token=str(agent.token)) as socket:
        values: list[Any] = [None, "x", {}, ["x"]]
        for number, value in enumerate(values):
            with subtests.test(value=value):
                variables = {"file": value, "account": id_of(account)}
                payload = {"query": UPLOAD, "variables": variables}
                await socket.send({"id": str(number), "type": "subscribe", "payload": payload})

                answer = await socket.receive()

                assert (answer["type"], answer["id"]) == ("error", str(number))
                assert answer["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert list_uploads(meta) == []
