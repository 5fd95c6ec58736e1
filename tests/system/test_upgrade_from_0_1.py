"""An upgrade of a database that version 0.1 has written, seen through the front door.

`database_0_1.json` was made by the code of version 0.1: webhooks, sends and template syncs of two
accounts, with its indexes. Access tokens in it are the tests' own, under the tests' key.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from bson import json_util
from bson.json_util import JSONOptions
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from app import create_app
from models import Role
from models.connection import create_client, describe_pending
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from models.migrations import MIGRATIONS
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.numbers import NumberDirectory
from tests.fixtures.documents import bind_documents
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.timeouts import make_timeouts, run_lifespan
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.world import NUMBER, OTHER_NUMBER, SERVER_URL, LateTransport, wait_until_ready
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

Database = AsyncDatabase[dict[str, Any]]
DUMP = Path(__file__).parents[1] / "fixtures" / "database_0_1.json"
LIST = """{
  accounts(first: 5) { edges { node { id name enabled health { state } } } }
  contacts(first: 5) { edges { node { waId phoneNumber profileName user { phone } } } }
  conversations(first: 5) { edges { node { id lastMessage { text } contact { waId } } } }
  parkedItems(first: 5) { edges { node { id reason state phoneNumberId } } }
  users(first: 5) { edges { node { id phone } } }
}"""
MESSAGES = """query ($id: ID!) { conversation(id: $id) { messages(first: 30) { edges { node {
  id text type status direction statusHistory { status at } errors { code title }
  reactions { emoji } content {
    __typename ... on TextContent { body } ... on LocationContent { latitude name }
    ... on OrderContent { items { productRetailerId quantity } } ... on MediaContent { url } }
} } } } }"""
TEMPLATES = """query ($id: ID!) {
  templates(accountId: $id, first: 100) { edges { node { name language status } } } }"""
SEARCH = "query ($text: String!) { searchMessages(text: $text) { edges { node { text } } } }"
SEND = """mutation ($id: ID!, $body: String!) {
  sendMessage(input: {to: {conversationId: $id}, content: {text: {body: $body}}}) {
    message { id } userErrors { code } } }"""
CONNECT = """mutation ($input: CreateAccountInput!) {
  createAccount(input: $input) { account { id } userErrors { code field } } }"""


@pytest.fixture
async def old_database(settings: Settings, database: Database) -> AsyncIterator[Database]:
    """The database as version 0.1 left it just now."""
    async with create_client(settings.mongodb_uri.get_secret_value()) as client:
        name = f"{settings.mongodb_database}_0_1"
        await client.drop_database(name)
        await load_dump(client[name])
        yield client[name]
        await client.drop_database(name)
    await bind_documents(database)


async def load_dump(database: Database) -> None:
    """Times are moved, so that nothing in it has expired since."""
    dump = json_util.loads(DUMP.read_text(), json_options=JSONOptions(tz_aware=True))
    age = utc_now() - dump["dumped_at"]

    def move(value: Any) -> Any:
        if isinstance(value, datetime):
            return value + age
        if isinstance(value, dict):
            return {key: move(part) for key, part in value.items()}
        return [move(part) for part in value] if isinstance(value, list) else value

    for name, content in dump["collections"].items():
        indexes = [index for index in content["indexes"] if index["name"] != "_id_"]
        if indexes:
            await database.command("createIndexes", name, indexes=indexes)
        if content["documents"]:
            await database[name].insert_many([move(one) for one in content["documents"]])


@pytest.fixture
async def graphql(
    old_database: Database,
    settings: Settings,
    meta: FakeMeta,
    meta_app: Starlette,
    to_server: LateTransport,
) -> AsyncIterator[GraphQLClient]:
    """The present server on that database, with an ADMIN key."""
    changed = settings.model_copy(update={"mongodb_database": old_database.name})
    application = create_app(
        changed, timeouts=make_timeouts(), transport=httpx.ASGITransport(meta_app)
    )
    async with run_lifespan(application) as manager:
        to_server.app = manager.app
        await wait_until_ready(manager.app)
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url=SERVER_URL) as http:
            _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="Tests", role=Role.ADMIN)
            yield GraphQLClient(http, token)
        await meta.close()


def list_nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


async def list_messages(graphql: GraphQLClient, wa_id: str = "16505551234") -> dict[str, Any]:
    """Returns the messages of a customer by their texts."""
    found = await graphql(MESSAGES, id=await find_conversation_id(graphql, wa_id))
    return {one["text"]: one for one in list_nodes(found["conversation"]["messages"])}


async def find_conversation_id(graphql: GraphQLClient, wa_id: str = "16505551234") -> str:
    conversations = list_nodes((await graphql(LIST))["conversations"])
    [found] = [one for one in conversations if one["contact"]["waId"] == wa_id]
    conversation_id: str = found["id"]
    return conversation_id


async def test_database_of_0_1_is_read_completely(
    graphql: GraphQLClient, old_database: Database
) -> None:
    shown = await graphql(LIST)

    assert {one["name"] for one in list_nodes(shown["accounts"])} == {"Test shop", "Other shop"}
    contacts = {one["waId"]: one for one in list_nodes(shown["contacts"])}
    assert set(contacts) == {"16505551234", "491701234567", "5511931234567"}
    assert contacts["16505551234"]["profileName"] == "Sheena Nelson"
    assert contacts["16505551234"]["user"]["phone"] == "+16505551234"
    assert len(list_nodes(shown["users"])) == 3
    reasons = {one["reason"] for one in list_nodes(shown["parkedItems"])}
    assert reasons == {"UNKNOWN_ACCOUNT", "WRONG_SECRET"}
    [account] = [one for one in list_nodes(shown["accounts"]) if one["name"] == "Test shop"]
    templates = list_nodes((await graphql(TEMPLATES, id=account["id"]))["templates"])
    assert "hello_world" in {one["name"] for one in templates}
    await check_messages(graphql)
    # It is upgraded now, and needs no more.
    stored = await old_database["schema"].find_one({"_id": "version"})
    assert stored is not None

    async def is_upgraded() -> bool:
        return await describe_pending(old_database) == []

    await eventually(is_upgraded)
    stored = await old_database["schema"].find_one({"_id": "version"})
    assert stored is not None
    assert stored["version"] == len(MIGRATIONS)


async def check_messages(graphql: GraphQLClient) -> None:
    messages = await list_messages(graphql)
    statuses = {text: one["status"] for text, one in messages.items()}
    ended = ("ACCEPTED", "HELD", "SENT", "FAILED", "DELIVERED", "READ", "PLAYED", "CANCELLED")
    for status in (*ended, "UNKNOWN"):
        assert statuses[f"Shows {status}"] == status
    assert messages["Shows FAILED"]["errors"] == [
        {"code": 131026, "title": "Message undeliverable"}
    ]
    assert messages["Hello from 0.1"]["reactions"] == [{"emoji": "👍"}]
    contents = {one["type"]: one["content"] for one in messages.values()}
    assert contents["LOCATION"]["name"] == "Here"
    assert contents["ORDER"]["items"] == [{"productRetailerId": "SKU", "quantity": 2}]
    url = urlsplit(contents["IMAGE"]["url"])
    file = await graphql.http.get(f"{url.path}?{url.query}")
    assert file.content.startswith(b"\x89PNG")


async def test_queue_of_0_1_is_sent_in_order(graphql: GraphQLClient, meta: FakeMeta) -> None:
    async def are_sent() -> bool:
        messages = await list_messages(graphql)
        waiting = [messages[f"Waits {number}"] for number in range(3)]
        return all(one["status"] in {"ACCEPTED", "SENT", "DELIVERED", "READ"} for one in waiting)

    await eventually(are_sent)
    texts = [sent.body["text"]["body"] for sent in meta.requests.list_sends()]
    assert [text for text in texts if text.startswith("Waits")] == [
        "Waits 0",
        "Waits 1",
        "Waits 2",
    ]
    # The killed process may have sent it, so it is not sent again.
    assert "Was being sent" not in texts
    interrupted = (await list_messages(graphql, "491701234567"))["Was being sent"]
    assert interrupted["status"] == "UNKNOWN"


async def test_upgraded_database_receives_and_sends(graphql: GraphQLClient) -> None:
    webhook = WebhookClient(graphql.http, NUMBER)
    await webhook.post_messages(make_message(content={"body": "Hello after the upgrade"}))

    async def has_come() -> bool:
        return "Hello after the upgrade" in await list_messages(graphql)

    await eventually(has_come)
    conversation_id = await find_conversation_id(graphql)
    sent = (await graphql(SEND, id=conversation_id, body="Welcome"))["sendMessage"]
    assert sent["userErrors"] == []

    async def is_sent() -> bool:
        message = (await list_messages(graphql))["Welcome"]
        return message["status"] in {"ACCEPTED", "SENT", "DELIVERED", "READ"}

    await eventually(is_sent)

    async def is_found() -> bool:
        texts = [
            one["text"]
            for word in ("upgrade", "0.1")
            for one in list_nodes((await graphql(SEARCH, text=word))["searchMessages"])
        ]
        return {"Hello after the upgrade", "Hello from 0.1"} <= set(texts)

    await eventually(is_found)


async def test_items_that_0_1_parked_are_replayed(
    graphql: GraphQLClient, numbers: NumberDirectory
) -> None:
    later = replace(NUMBER, phone_number_id="106540352242929", business_account_id="479")
    numbers.add(later)
    values = {
        "name": "Later shop",
        "phoneNumberId": later.phone_number_id,
        "businessAccountId": later.business_account_id,
        "accessToken": later.access_token,
        "appSecret": later.app_secret,
    }
    assert (await graphql(CONNECT, input=values))["createAccount"]["userErrors"] == []

    async def is_applied() -> bool:
        conversations = list_nodes((await graphql(LIST))["conversations"])
        texts = [(one["lastMessage"] or {}).get("text") for one in conversations]
        return "to an unknown number" in texts

    await eventually(is_applied)


async def test_landline_merged_by_0_1_is_split(
    graphql: GraphQLClient, old_database: Database
) -> None:
    async def is_upgraded() -> bool:
        return await describe_pending(old_database) == []

    await eventually(is_upgraded)
    webhook = WebhookClient(graphql.http, OTHER_NUMBER)
    await webhook.post_messages(make_message(sender="551131234567", content={"body": "Landline"}))

    async def list_wa_ids() -> set[str] | None:
        found = {one["waId"] for one in list_nodes((await graphql(LIST))["contacts"])}
        return found if len(found) == 4 else None

    found = await eventually(list_wa_ids)
    assert found is not None
    assert {"5511931234567", "551131234567"} <= found


async def test_status_of_later_version_can_be_read(
    graphql: GraphQLClient, old_database: Database
) -> None:
    await old_database["messages"].update_one(
        {"text": "Shows DELIVERED"}, {"$set": {"status_rank": 85, "status_times.seen": utc_now()}}
    )

    assert (await list_messages(graphql))["Shows DELIVERED"]["status"] == "DELIVERED"
