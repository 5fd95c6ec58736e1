"""Trusted documents: executed by id on every transport, and alone if the mode is `only`."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import create_app
from graph.fanout.groups import Groups
from models import Account, User
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.graph.live_kit import create_contact, wait_for_listeners
from tests.graph.socket_kit import SocketClient
from tests.graph.stream_kit import open_stream
from whatsapp.settings import Settings, SettingsError

ME = "query Me { viewer { role } }"
NAMES = "query Names { contacts(first: 2) { nodes: edges { node { name } } } }"
ADDED = "subscription Added { messageAdded { message { text } } }"
CREATE = 'mutation Create { createUser(input: {name: "Ada"}) { user { name } } }'
ROLE = {"viewer": {"role": "ADMIN"}}


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that GraphQL Code Generator or Relay, Apollo and people write."""
    generated = {hash_of(ME): ME, "0f1e2d3c4b5a69788796a5b4c3d2e1f0": ADDED}
    operations = [{"id": "names-1", "name": "Names", "type": "query", "body": NAMES}]
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    (tmp_path / "persisted-documents.json").write_text(json.dumps(generated))
    (tmp_path / "apollo").mkdir()
    (tmp_path / "apollo" / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "create-user.graphql").write_text(CREATE)
    (tmp_path / "readme.md").write_text("Written by the build.")
    return tmp_path


@pytest.fixture
def mode() -> str:
    return "only"


@pytest.fixture
def settings(settings: Settings, folder: Path, mode: str) -> Settings:
    return settings.model_copy(
        update={"trusted_documents": str(folder), "trusted_documents_mode": mode}
    )


async def post(client: GraphQLClient, **body: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {client.token}"}
    answer: dict[str, Any] = (await client.http.post("/graphql", json=body, headers=headers)).json()
    return answer


async def get(client: GraphQLClient, tag: str = "", **parameters: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {client.token}", "Accept": "application/json"}
    if tag:
        headers["If-None-Match"] = tag
    return await client.http.get("/graphql", params=parameters, headers=headers)


def code_of(answer: dict[str, Any]) -> str:
    assert "data" not in answer
    (error,) = answer["errors"]
    code: str = error["extensions"]["code"]
    return code


async def test_documents_are_executed_by_each_of_their_ids(
    admin: GraphQLClient, account: Account
) -> None:
    await create_contact(account.id, name="Ada")

    by_hash = await post(admin, documentId=f"sha256:{hash_of(ME)}")
    by_key = await post(admin, documentId=hash_of(ME))
    by_name = await post(admin, documentId="names-1")
    by_hash_of_name = await post(admin, documentId=f"sha256:{hash_of(NAMES)}")
    by_apollo = await post(
        admin, extensions={"persistedQuery": {"version": 1, "sha256Hash": hash_of(ME)}}
    )
    by_text = await post(admin, query=ME)

    assert [answer["data"] for answer in (by_hash, by_key, by_apollo, by_text)] == [ROLE] * 4
    assert by_name["data"] == by_hash_of_name["data"]
    assert by_name["data"]["contacts"]["nodes"] == [{"node": {"name": "Ada"}}]


async def test_only_trusted_documents_are_executed(
    admin: GraphQLClient, client: httpx.AsyncClient, account: Account
) -> None:
    other = 'mutation { createUser(input: {name: "Eve"}) { user { name } } }'
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(other)}}

    codes = [
        code_of(await post(admin, query=other)),
        code_of(await post(admin, query="{ __schema { queryType { name } } }")),
        code_of(await post(admin, documentId=f"sha256:{hash_of(other)}")),
        code_of(await post(admin, extensions=persisted)),
        code_of(await post(admin, query=other, extensions=persisted)),
        code_of(await post(admin, query=other, documentId=f"sha256:{hash_of(other)}")),
        code_of(await post(admin, query=other, documentId=hash_of(ME))),
    ]
    page = await client.get("/graphql", headers={"Accept": "text/html"})

    assert codes == [
        "FORBIDDEN",
        "FORBIDDEN",
        "PERSISTED_QUERY_NOT_FOUND",
        "PERSISTED_QUERY_NOT_FOUND",
        "PERSISTED_QUERY_NOT_SUPPORTED",
        "PERSISTED_QUERY_NOT_SUPPORTED",
        "BAD_USER_INPUT",
    ]
    assert await User.find_all().count() == 0
    assert page.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("mode", ["preferred"])
async def test_preferred_mode_executes_other_documents(
    admin: GraphQLClient, client: httpx.AsyncClient
) -> None:
    trusted = await post(admin, documentId=hash_of(ME))
    other = await post(admin, query="{ viewer { role } }")
    page = await client.get("/graphql", headers={"Accept": "text/html"})

    assert trusted["data"] == other["data"] == ROLE
    assert page.headers["Content-Type"].startswith("text/html")


async def test_get_by_id_is_revalidated(admin: GraphQLClient, account: Account) -> None:
    await create_contact(account.id, name="Ada")
    first = await get(admin, documentId="names-1")
    tag = first.headers["ETag"]
    unchanged = await get(admin, f'"other", {tag}', documentId="names-1")
    await create_contact(account.id, name="Bob")
    changed = await get(admin, tag, documentId="names-1")

    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"Accept", "Authorization"} <= set(first.headers["Vary"].split(", "))
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == tag
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    assert len(changed.json()["data"]["contacts"]["nodes"]) == 2


async def test_get_by_id_neither_writes_nor_caches_refusals(
    admin: GraphQLClient, client: httpx.AsyncClient
) -> None:
    mutation = await get(admin, documentId="create-user")
    by_text = await get(admin, query=ME)
    unknown = await get(admin, documentId="x")
    anonymous = await client.get("/graphql", params={"documentId": hash_of(ME)})

    assert (mutation.status_code, mutation.headers["Allow"]) == (405, "POST")
    assert await User.find_all().count() == 0
    assert by_text.json()["data"] == ROLE
    assert code_of(unknown.json()) == "PERSISTED_QUERY_NOT_FOUND"
    assert anonymous.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    for answer in (mutation, by_text, unknown, anonymous):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers


async def test_subscriptions_run_by_id(
    ws: SocketClient,
    port: int,
    admin: GraphQLClient,
    account: Account,
    webhook: WebhookClient,
    live_groups: Groups,
) -> None:
    document_id = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    await ws.send({"id": "a", "type": "subscribe", "payload": {"query": ADDED}})
    await ws.send({"id": "b", "type": "subscribe", "payload": {"documentId": "unknown"}})
    failed = await ws.receive()
    await ws.send({"id": "c", "type": "subscribe", "payload": {"documentId": hash_of(ME)}})
    answers = [await ws.receive(), await ws.receive()]
    url = f"http://127.0.0.1:{port}"
    async with open_stream(url, admin.token, None, document_id=document_id) as stream:
        await wait_for_listeners(live_groups, 2)
        await webhook.post_messages(make_message(content={"body": "Hello"}))

        assert await stream.take(1) == [{"messageAdded": {"message": {"text": "Hello"}}}]

    assert (failed["id"], failed["type"]) == ("b", "error")
    assert failed["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert answers[0]["payload"]["data"] == ROLE
    assert answers[1] == {"id": "c", "type": "complete"}
    assert (await ws.receive())["payload"]["data"]["messageAdded"]["message"]["text"] == "Hello"


MALFORMED = [
    ("a.json", "{", "it is not JSON"),
    ("a.json", "[]", "it must be an object"),
    ("a.json", '{"a": 1}', "must be texts"),
    ("a.json", '{"operations": [1]}', "must be texts"),
    ("a.json", json.dumps({"sha256:" + "0" * 64: ME}), "is not the hash"),
    ("names-1.graphql", ME, "another document has the id names-1"),
    ("b.graphql", "\udcff", "is not UTF-8"),
]


def test_malformed_files_are_refused_at_start(folder: Path, subtests: pytest.Subtests) -> None:
    for name, text, problem in MALFORMED:
        with subtests.test(problem=problem):
            file = folder / name
            file.write_bytes(text.encode(errors="surrogateescape"))
            with pytest.raises(SettingsError, match=problem):
                create_app(make_settings(trusted_documents=str(folder)))
            file.unlink()
    for path in (folder / "missing.json", folder / "apollo" / "none"):
        with pytest.raises(SettingsError, match="No such file"):
            create_app(make_settings(trusted_documents=str(path)))
