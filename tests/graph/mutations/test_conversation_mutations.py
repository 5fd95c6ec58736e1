"""Mutations of conversations."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models import Account, Conversation, Identity, IdentityKind, Message
from models.database.base import utc_now
from telemetry.global_ids import encode_id
from tests.fixtures.agents import create_agents
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from whatsapp.contacts.contacts import get_or_create_contact

CREATE = """mutation ($contact: ID!) { createConversation(input: {contactId: $contact}) {
  conversation { id status lastMessage { id } unreadCount contact { id } }
  userErrors { code field } } }"""
READ = """mutation ($id: ID!, $upTo: ID) {
  markConversationRead(input: {conversationId: $id, upToMessageId: $upTo}) {
    conversation { unreadCount } userErrors { code field } } }"""


@pytest.fixture
async def said(account: Account) -> list[Message]:
    return [await write_message(account, "15550001111", text) for text in ("one", "two", "three")]


async def change(client: GraphQLClient, mutation: str, said: list[Message]) -> dict[str, Any]:
    """The payload of a mutation; `$id` in its text is the conversation's id."""
    data = await client(
        "mutation ($id: ID!) { done: " + mutation + " { conversation { id status tags }"
        " userErrors { code field message } } }",
        id=conversation_id(said[0]),
    )
    payload: dict[str, Any] = data["done"]
    return payload


async def test_reading_clears_messages_up_to_given(
    agent: GraphQLClient, said: list[Message]
) -> None:
    conversation = conversation_id(said[0])

    some = await agent(READ, id=conversation, upTo=id_of(said[1]))
    older = await agent(READ, id=conversation, upTo=id_of(said[0]))
    everything = await agent(READ, id=conversation)

    counts = [
        data["markConversationRead"]["conversation"]["unreadCount"]
        for data in (some, older, everything)
    ]
    assert counts == [1, 1, 0]


async def test_read_mark_only_moves_forward(agent: GraphQLClient, said: list[Message]) -> None:
    await agent(READ, id=conversation_id(said[0]))
    await agent(READ, id=conversation_id(said[0]), upTo=id_of(said[0]))

    stored = await Conversation.get(said[0].conversation_id)
    assert stored is not None
    assert stored.read_up_to is not None
    assert stored.read_up_to.message_id == said[2].id


async def test_message_of_another_conversation_is_not_found(
    agent: GraphQLClient, said: list[Message], account: Account, subtests: pytest.Subtests
) -> None:
    stranger = await write_message(account, "15550002222", "else")

    for up_to in (id_of(stranger), ""):
        with subtests.test(up_to=up_to):
            data = await agent(READ, id=conversation_id(said[0]), upTo=up_to)

            errors = data["markConversationRead"]["userErrors"]
            assert errors == [{"code": "NOT_FOUND", "field": ["upToMessageId"]}]


async def test_closed_conversation_opens_when_customer_writes(
    agent: GraphQLClient, said: list[Message], account: Account
) -> None:
    closed = await change(agent, "closeConversation(input: {conversationId: $id})", said)
    again = await change(agent, "closeConversation(input: {conversationId: $id})", said)
    await write_message(account, "15550001111", "more", at=utc_now() + timedelta(seconds=1))
    stored = await Conversation.get(said[0].conversation_id)

    assert closed["conversation"]["status"] == again["conversation"]["status"] == "CLOSED"
    assert stored is not None
    assert stored.status == "OPEN"


async def test_closing_twice_changes_conversation_once(
    agent: GraphQLClient, said: list[Message]
) -> None:
    await change(agent, "closeConversation(input: {conversationId: $id})", said)
    first = await Conversation.get(said[0].conversation_id)
    await change(agent, "closeConversation(input: {conversationId: $id})", said)
    second = await Conversation.get(said[0].conversation_id)

    assert first == second


async def test_conversations_are_reopened_and_labelled(
    agent: GraphQLClient, said: list[Message]
) -> None:
    await change(agent, "closeConversation(input: {conversationId: $id})", said)
    await change(agent, "reopenConversation(input: {conversationId: $id})", said)
    done = await change(
        agent, 'updateConversation(input: {conversationId: $id, tags: [" vip ", "vip"]})', said
    )

    assert done["userErrors"] == []
    conversation = done["conversation"]
    assert (conversation["status"], conversation["tags"]) == ("OPEN", ["vip"])


MALFORMED_VALUES = [
    ('updateConversation(input: {conversationId: $id, tags: [""]})', "tags"),
    ("updateConversation(input: {conversationId: $id, tags: null})", "tags"),
]


async def test_malformed_values_are_refused_by_name(
    agent: GraphQLClient,
    said: list[Message],
    subtests: pytest.Subtests,
) -> None:
    for mutation, field in MALFORMED_VALUES:
        with subtests.test(field=field):
            done = await change(agent, mutation, said)

            assert [(error["code"], error["field"]) for error in done["userErrors"]] == [
                ("INVALID_INPUT", [field])
            ]


async def test_inbox_is_filtered(
    agent: GraphQLClient, said: list[Message], subtests: pytest.Subtests
) -> None:
    kim, lee = map(id_of, await create_agents("Kim", "Lee"))
    await change(
        agent, f'assignConversation(input: {{conversationId: $id, assigneeId: "{kim}"}})', said
    )
    query = "query ($f: ConversationFilter) { conversations(filter: $f) { edges { cursor } } }"

    for conditions, expected in (
        ({"statuses": ["OPEN"]}, 1),
        ({"statuses": "CLOSED"}, 0),
        ({"statuses": ["CLOSED", "OPEN"]}, 1),
        ({"statuses": []}, 1),
        ({"assignee": {"is": kim}}, 1),
        ({"assignee": {"is": lee}}, 0),
        ({"assignee": {"none": True}}, 0),
        ({"assignee": {"none": False}}, 1),
        ({"tags": {"all": ["x"]}}, 0),
        ({"tags": {"any": ["x"]}}, 0),
        ({"tags": {"all": [], "any": []}}, 1),
    ):
        with subtests.test(conditions=conditions):
            data = await agent(query, f=conditions)
            assert len(data["conversations"]["edges"]) == expected


async def test_mutations_in_request_see_earlier_changes(
    agent: GraphQLClient, said: list[Message]
) -> None:
    data = await agent(
        """mutation ($id: ID!, $upTo: ID!) {
          some: markConversationRead(input: {conversationId: $id, upToMessageId: $upTo}) {
            conversation { unreadCount } }
          all: markConversationRead(input: {conversationId: $id}) { conversation { unreadCount } }
        }""",
        id=conversation_id(said[0]),
        upTo=id_of(said[0]),
    )

    assert data["some"]["conversation"]["unreadCount"] == 2
    assert data["all"]["conversation"]["unreadCount"] == 0


async def test_conversation_is_created_once_before_first_message(
    agent: GraphQLClient, account: Account
) -> None:
    identity = Identity(kind=IdentityKind.WA_ID, value="15550001111")
    contact = await get_or_create_contact(account.id, [identity])

    answers = await asyncio.gather(*(agent(CREATE, contact=id_of(contact)) for _ in range(6)))

    created = answers[0]["createConversation"]
    assert all(answer["createConversation"] == created for answer in answers)
    assert created["userErrors"] == []
    assert created["conversation"]["lastMessage"] is None
    assert created["conversation"]["contact"]["id"] == id_of(contact)
    message = await write_message(account, "15550001111", "hello")
    assert conversation_id(message) == created["conversation"]["id"]
    assert await Conversation.find_all().count() == 1


async def test_conversation_of_missing_contact_is_not_created(
    agent: GraphQLClient, said: list[Message]
) -> None:
    for missing in (encode_id("Contact", said[0].id), id_of(said[0])):
        refused = (await agent(CREATE, contact=missing))["createConversation"]
        assert refused["userErrors"] == [{"code": "NOT_FOUND", "field": ["contactId"]}]
    assert await Conversation.find_all().count() == 1
