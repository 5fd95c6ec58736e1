"""User errors: all of an input at once, each of a type with its facts."""

from datetime import timedelta
from typing import Any

import pytest

from models import Account, Contact, Message, User
from models.database.base import utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from whatsapp.conversations.conversations import SERVICE_WINDOW

SEND = """mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  message { id } userErrors { __typename code message field
    ... on WindowClosedError { expiresAt }
    ... on ContactBlockedError { contact { id } }
    ... on AccountDisabledError { account { name } }
    ... on IdempotencyKeyReusedError { existingMessage { id text } }
    ... on ConflictError { current { __typename id } } } } }"""
CREATE_USER = """mutation ($input: CreateUserInput!) { createUser(input: $input) {
  user { id } userErrors { code field ... on ConflictError { current { id } } } } }"""
CANCEL = """mutation ($id: ID!) { cancelMessage(input: {messageId: $id}) {
  message { id } userErrors { ... on ConflictError { current { ... on Message { id status } } } }
} }"""
TEXT = {"text": {"body": "Hello"}}


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "Question")


async def send(client: GraphQLClient, **values: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client(SEND, input=values))["sendMessage"]
    return payload


async def refuse(client: GraphQLClient, **values: Any) -> dict[str, Any]:
    """Returns the only error, without the fields that all errors have."""
    payload = await send(client, **values)
    assert payload["message"] is None
    [error] = payload["userErrors"]
    assert error.pop("message")
    return {key: value for key, value in error.items() if key not in ("code", "field")}


async def test_all_invalid_fields_are_reported(agent: GraphQLClient, meta: FakeMeta) -> None:
    sent = await send(
        agent,
        accountId="x",
        to={"businessScopedUserId": "1"},
        content={"location": {"latitude": 91, "longitude": 181, "name": " "}},
        replyToMessageId="x",
        idempotencyKey="",
    )
    created = await agent(CREATE_USER, input={"email": "x", "name": "x" * 201, "attributes": 1})

    place = ["content", "location"]
    assert [error["field"] for error in sent["userErrors"]] == [
        ["accountId"],
        ["replyToMessageId"],
        ["to", "businessScopedUserId"],
        [*place, "latitude"],
        [*place, "longitude"],
        [*place, "name"],
        ["idempotencyKey"],
    ]
    assert [error["field"] for error in created["createUser"]["userErrors"]] == [
        ["name"],
        ["email"],
        ["attributes"],
    ]
    assert await Message.count() == await Contact.count() == await User.count() == 0
    assert meta.requests.list_sends() == []


async def test_repeated_field_has_single_error(agent: GraphQLClient, said: Message) -> None:
    buttons = [{"id": " ", "title": "A"}, {"id": " ", "title": "A"}]
    content = {"interactive": {"buttons": {"body": "", "buttons": buttons}}}

    sent = await send(agent, to={"contactId": contact_id(said)}, content=content)

    place = ["content", "interactive", "buttons"]
    assert [error["field"] for error in sent["userErrors"]] == [
        [*place, "body"],
        [*place, "buttons", "0", "id"],
        [*place, "buttons", "1", "id"],
        [*place, "buttons", "1", "title"],
    ]


async def test_errors_have_facts(
    agent: GraphQLClient, admin: GraphQLClient, account: Account
) -> None:
    old = utc_now() - timedelta(hours=25)
    late = await write_message(account, "15550001111", "x", at=old)
    said = await write_message(account, "15550002222", "x")
    to = {"conversationId": conversation_id(said)}
    first = await send(agent, to=to, content=TEXT, idempotencyKey="k1")

    closed = await refuse(agent, to={"conversationId": conversation_id(late)}, content=TEXT)
    reused = await refuse(agent, to=to, content={"text": {"body": "B"}}, idempotencyKey="k1")
    await Contact.get_pymongo_collection().update_one(
        {"_id": said.contact_id}, {"$set": {"blocked": True}}
    )
    blocked = await refuse(agent, to=to, content=TEXT)
    await admin(
        "mutation ($id: ID!) { disableAccount(input: {accountId: $id}) { account { id } } }",
        id=id_of(account),
    )
    disabled = await refuse(agent, to=to, content=TEXT)

    ends = late.timestamp + SERVICE_WINDOW
    assert closed == {"__typename": "WindowClosedError", "expiresAt": ends.isoformat()}
    assert reused == {
        "__typename": "IdempotencyKeyReusedError",
        "existingMessage": {"id": first["message"]["id"], "text": "Hello"},
    }
    assert blocked == {
        "__typename": "ContactBlockedError",
        "contact": {"id": contact_id(said)},
    }
    assert disabled == {"__typename": "AccountDisabledError", "account": {"name": account.name}}


async def test_conflict_shows_current_object(
    agent: GraphQLClient, account: Account, said: Message
) -> None:
    first = (await agent(CREATE_USER, input={"externalId": "crm-1"}))["createUser"]["user"]

    second = (await agent(CREATE_USER, input={"externalId": "crm-1"}))["createUser"]
    inbound = (await agent(CANCEL, id=id_of(said)))["cancelMessage"]

    assert second == {
        "user": None,
        "userErrors": [{"code": "CONFLICT", "field": ["externalId"], "current": first}],
    }
    assert inbound["userErrors"] == [{"current": {"id": id_of(said), "status": "RECEIVED"}}]


ADD_TAGS = """mutation ($input: AddTagsInput!) { done: addTags(input: $input) {
  userErrors { ... on InvalidInputError { reason limit } } } }"""


async def test_invalid_values_have_reason_and_limit(agent: GraphQLClient, said: Message) -> None:
    faults = {
        "REQUIRED": {"text": {"body": " "}},
        "TOO_LONG": {"text": {"body": "x" * 4097}},
        "MALFORMED": {"text": {"body": "a\0b"}},
    }
    found = {}
    for reason, content in faults.items():
        query = SEND.replace("... on Win", "... on InvalidInputError { reason limit } ... on Win")
        to = {"conversationId": conversation_id(said)}
        payload = await agent(query, input={"to": to, "content": content})
        [error] = payload["sendMessage"]["userErrors"]
        found[reason] = (error["reason"], error["limit"])
    tags = [f"{number}" for number in range(51)]
    done = (await agent(ADD_TAGS, input={"taggableId": contact_id(said), "tags": tags}))["done"]

    limits = {"REQUIRED": None, "TOO_LONG": 4096, "MALFORMED": None}
    assert found == {reason: (reason, limit) for reason, limit in limits.items()}
    assert done["userErrors"] == [{"reason": "TOO_MANY", "limit": 50}]
    assert await Message.count() == 1
