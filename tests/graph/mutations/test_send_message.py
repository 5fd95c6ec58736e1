"""sendMessage: the payload. Delivery has separate tests."""

from datetime import timedelta
from typing import Any

import pytest

from models import Account, Conversation, Message
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message

SEND = """mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  message { id status direction text replyTo { text } conversation { id } }
  userErrors { code field } } }"""
TEXT = {"text": {"body": "Hello"}}


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "Question")


async def send(client: GraphQLClient, **values: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client(SEND, input=values))["sendMessage"]
    return payload


async def test_text_is_queued(agent: GraphQLClient, said: Message) -> None:
    done = await send(
        agent,
        to={"conversationId": conversation_id(said)},
        content=TEXT,
        replyToMessageId=id_of(said),
    )

    assert done["userErrors"] == []
    message = done["message"]
    assert (message["status"], message["direction"]) == ("QUEUED", "OUTBOUND")
    assert message["text"] == "Hello"
    assert message["replyTo"] == {"text": "Question"}
    assert message["conversation"] == {"id": conversation_id(said)}


async def test_preview_may_be_null(agent: GraphQLClient, said: Message) -> None:
    content = {"text": {"body": "Hello", "previewUrl": None}}

    done = await send(agent, to={"contactId": contact_id(said)}, content=content)

    assert done["userErrors"] == []


async def test_idempotency_key_sends_once(agent: GraphQLClient, said: Message) -> None:
    once = {"to": {"contactId": contact_id(said)}, "content": TEXT, "idempotencyKey": "k1"}

    first, second = await send(agent, **once), await send(agent, **once)
    other = await send(agent, **(once | {"content": {"text": {"body": "Other"}}}))

    assert first["message"]["id"] == second["message"]["id"]
    read = "query ($id: ID!) { message(id: $id) { idempotencyKey } }"
    stored = await agent(read, id=first["message"]["id"])
    assert stored["message"] == {"idempotencyKey": "k1"}
    assert other["userErrors"] == [{"code": "IDEMPOTENCY_KEY_REUSED", "field": ["idempotencyKey"]}]


async def test_outside_window_nothing_is_sent(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    old = await write_message(account, "15550001111", "x", at=utc_now() - timedelta(hours=25))

    done = await send(agent, to={"conversationId": conversation_id(old)}, content=TEXT)

    assert done == {"message": None, "userErrors": [{"code": "WINDOW_CLOSED", "field": None}]}
    assert await Message.count() == 1


REFUSED: list[tuple[dict[str, str], Any, str, Any]] = [
    ({"phoneNumber": "15550001111"}, TEXT, "INVALID_INPUT", ["accountId"]),
    ({"contactId": "x"}, TEXT, "NOT_FOUND", ["to", "contactId"]),
    ({"conversationId": "x"}, TEXT, "NOT_FOUND", ["to", "conversationId"]),
    ({"contactId": "%"}, {"text": {"body": " "}}, "INVALID_INPUT", ["content", "text", "body"]),
]


async def test_refusals_name_field(
    agent: GraphQLClient, said: Message, subtests: pytest.Subtests
) -> None:
    for recipient, content, code, field in REFUSED:
        with subtests.test(recipient=recipient, content=content):
            to = {key: value.replace("%", contact_id(said)) for key, value in recipient.items()}

            done = await send(agent, to=to, content=content)

            assert done["userErrors"] == [{"code": code, "field": field}]


NOT_ONE = [
    {"to": {}, "content": TEXT},
    {"to": {"phoneNumber": "1", "contactId": "2"}, "content": TEXT},
    {"to": {"phoneNumber": None}, "content": TEXT},
    {"to": {"contactId": "x"}, "content": {}},
    {"to": {"contactId": "x"}, "content": {"text": None}},
    {"content": TEXT},
]


async def test_exactly_one_recipient_and_content_is_required(
    agent: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for values in NOT_ONE:
        with subtests.test(values=values):
            answer = await agent.post(SEND, input=values)

            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
            assert "object at" not in answer["errors"][0]["message"]


async def test_message_opens_window_before_conversation_is_updated(
    agent: GraphQLClient, said: Message
) -> None:
    stale = {"$set": {"last_inbound_at": None}}
    await collection(Conversation).update_one({"_id": said.conversation_id}, stale)

    sent = await send(agent, to={"contactId": contact_id(said)}, content=TEXT)

    assert sent["userErrors"] == []
