"""Automatic persisted queries: registered under their hash, in a bounded store."""

import hashlib
import json
from typing import Any

import httpx
import pytest

from graph.documents import documents
from models import Account, UploadedMedia
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.uploads import PICTURE
from tests.graph.socket_kit import SocketClient

UPLOAD = """mutation ($input: UploadMediaInput!) { uploadMedia(input: $input) {
  userErrors { code } } }"""
ROLE = {"viewer": {"role": "ADMIN"}}


def persist(text: str, **changes: Any) -> dict[str, Any]:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"persistedQuery": {"version": 1, "sha256Hash": digest} | changes}


async def post(client: GraphQLClient, **body: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {client.token}"} if client.token else {}
    answer: dict[str, Any] = (await client.http.post("/graphql", json=body, headers=headers)).json()
    return answer


def describe(answer: dict[str, Any]) -> tuple[str, str]:
    assert "data" not in answer
    (error,) = answer["errors"]
    return error["message"], error["extensions"]["code"]


NOT_FOUND = ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")


async def test_query_is_registered_once_and_then_named(
    admin: GraphQLClient, agent: GraphQLClient, ws: SocketClient
) -> None:
    query = "query Registered { viewer { role } }"

    missed = await post(admin, extensions=persist(query))
    registered = await post(admin, query=query, extensions=persist(query))
    named = await post(admin, extensions=persist(query))
    by_id = await post(agent, documentId=f"sha256:{hashlib.sha256(query.encode()).hexdigest()}")
    await ws.send({"id": "1", "type": "subscribe", "payload": {"extensions": persist(query)}})

    assert describe(missed) == NOT_FOUND
    assert registered["data"] == named["data"] == ROLE
    assert by_id["data"] == {"viewer": {"role": "AGENT"}}
    assert (await ws.receive())["payload"]["data"] == ROLE


async def test_wrong_hash_registers_nothing(
    admin: GraphQLClient, client: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    query, other = "query A { viewer { role } }", "query B { viewer { role } }"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"extensions": persist(query, version=2)}, "PERSISTED_QUERY_NOT_SUPPORTED"),
        ({"extensions": {"persistedQuery": 1}}, "PERSISTED_QUERY_NOT_SUPPORTED"),
        ({"extensions": persist(query, sha256Hash="A" * 64)}, "BAD_USER_INPUT"),
        ({"query": other, "extensions": persist(query)}, "BAD_USER_INPUT"),
        ({"query": query, "documentId": "mine"}, "BAD_USER_INPUT"),
        ({"documentId": "x", "extensions": persist(query)}, "BAD_USER_INPUT"),
    ]
    for body, code in refused:
        with subtests.test(body=body):
            assert describe(await post(admin, **body))[1] == code
    await post(GraphQLClient(client, None), query=query, extensions=persist(query))

    assert describe(await post(admin, extensions=persist(query))) == NOT_FOUND
    assert describe(await post(admin, documentId="mine"))[1] == "PERSISTED_QUERY_NOT_FOUND"


async def test_store_is_bounded_and_shared_fairly(
    admin: GraphQLClient, agent: GraphQLClient, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = "query Kept { viewer { role } }"
    await post(agent, query=kept, extensions=persist(kept))
    texts = [f"query Q{number} {{ viewer {{ role }} }}" + " " * 16_000 for number in range(140)]

    for text in texts:
        assert (await post(admin, query=text, extensions=persist(text)))["data"] == ROLE

    assert documents.MAX_REGISTERED_CHARACTERS < 140 * 16_000
    assert describe(await post(admin, extensions=persist(texts[0]))) == NOT_FOUND
    assert (await post(admin, extensions=persist(texts[-1])))["data"] == ROLE
    # The caller that registers much evicts its own documents.
    assert (await post(agent, extensions=persist(kept)))["data"] == {"viewer": {"role": "AGENT"}}


async def test_limits_hold_for_registered_documents(admin: GraphQLClient) -> None:
    deep = "{ a " * 14 + "}" * 14
    long = "query Long { viewer { role } }" + " " * 17_000

    answers = [
        await post(admin, query=deep, extensions=persist(deep)),
        await post(admin, extensions=persist(deep)),
        await post(admin, query=long, extensions=persist(long)),
    ]

    assert [describe(answer)[1] for answer in answers] == ["QUERY_TOO_COMPLEX"] * 3
    assert describe(await post(admin, extensions=persist(long))) == NOT_FOUND


async def test_upload_may_name_its_document(admin: GraphQLClient, account: Account) -> None:
    await post(admin, query=UPLOAD, extensions=persist(UPLOAD))
    variables = {"input": {"accountId": id_of(account), "file": None}}
    operations = {"extensions": persist(UPLOAD), "variables": variables}
    parts: list[tuple[str, Any]] = [
        ("operations", (None, json.dumps(operations))),
        ("map", (None, json.dumps({"0": ["variables.input.file"]}))),
        ("0", PICTURE),
    ]
    headers = {"Authorization": f"Bearer {admin.token}", "GraphQL-Require-Preflight": "1"}

    answer = (await admin.http.post("/graphql", files=parts, headers=headers)).json()

    assert answer["data"]["uploadMedia"]["userErrors"] == []
    assert await UploadedMedia.count() == 1
