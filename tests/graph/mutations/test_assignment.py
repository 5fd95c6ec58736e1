"""Assignment of conversations to agents; of those who claim one at once, one gets it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from models import Account, Conversation, Message, Role
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from telemetry.global_ids import encode_id
from tests.fixtures.agents import create_agents
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from whatsapp.auth.api_keys import create_api_key

PAYLOAD = """{ conversation { assignee { name } } userErrors { code field message
  ... on ConflictError { current { ... on Conversation { assignee { id name } } } } } }"""
CLAIM = f"""mutation ($id: ID!) {{
  done: claimConversation(input: {{conversationId: $id}}) {PAYLOAD} }}"""
ASSIGN = f"""mutation ($input: AssignConversationInput!) {{
  done: assignConversation(input: $input) {PAYLOAD} }}"""
MakeClient = Callable[..., Awaitable[GraphQLClient]]


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "one")


async def assign(
    client: GraphQLClient, said: Message, assignee_id: str | None, **expected: str | None
) -> dict[str, Any]:
    given = {"conversationId": conversation_id(said), "assigneeId": assignee_id} | expected
    payload: dict[str, Any] = (await client(ASSIGN, input=given))["done"]
    return payload


def name_assignee(payload: dict[str, Any]) -> str | None:
    assert payload["userErrors"] == []
    assignee = payload["conversation"]["assignee"]
    return assignee and assignee["name"]  # type: ignore[no-any-return]  # JSON


async def test_one_of_six_claims_wins(client: Any, said: Message) -> None:
    names = [f"Agent {number}" for number in range(6)]
    clients = {}
    for name in names:
        _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name=name, role=Role.AGENT)
        clients[name] = GraphQLClient(client, token)

    async def claim(name: str) -> dict[str, Any]:
        payload: dict[str, Any] = (await clients[name](CLAIM, id=conversation_id(said)))["done"]
        return payload

    answers = dict(zip(names, await asyncio.gather(*map(claim, names)), strict=True))

    winners = [name for name, answer in answers.items() if answer["userErrors"] == []]
    assert len(winners) == 1
    assert name_assignee(answers[winners[0]]) == winners[0]
    assert name_assignee(await claim(winners[0])) == winners[0]
    for name in set(names) - set(winners):
        (error,) = answers[name]["userErrors"]
        assert error["code"] == "CONFLICT"
        assert error["current"]["assignee"]["name"] == winners[0]
        assert winners[0] in error["message"]


async def test_expected_assignee_is_compared(admin: GraphQLClient, said: Message) -> None:
    kim, lee, max_ = map(id_of, await create_agents("Kim", "Lee", "Max"))

    first = await assign(admin, said, kim, expectedAssigneeId=None)
    late = await assign(admin, said, lee, expectedAssigneeId=None)
    wrong = await assign(admin, said, lee, expectedAssigneeId=max_)
    moved = await assign(admin, said, lee, expectedAssigneeId=kim)
    repeated = await assign(admin, said, lee, expectedAssigneeId=kim)
    ended = await assign(admin, said, None, expectedAssigneeId=lee)
    forced = await assign(admin, said, max_)

    assert [name_assignee(answer) for answer in (first, moved, repeated, ended, forced)] == [
        "Kim",
        "Lee",
        "Lee",
        None,
        "Max",
    ]
    for answer in (late, wrong):
        (error,) = answer["userErrors"]
        assert (answer["conversation"], error["code"]) == (None, "CONFLICT")
        assert error["current"]["assignee"] == {"id": kim, "name": "Kim"}


async def test_repeated_assignment_changes_nothing(admin: GraphQLClient, said: Message) -> None:
    (kim,) = map(id_of, await create_agents("Kim"))
    await assign(admin, said, kim)
    before = await Conversation.get(said.conversation_id)

    await assign(admin, said, kim)

    assert await Conversation.get(said.conversation_id) == before


async def test_agents_without_access_are_refused(
    admin: GraphQLClient, make_client: MakeClient, account: Account, other_account: Account
) -> None:
    said = await write_message(account, "15550001111", "one")
    (elsewhere,) = map(id_of, await create_agents("Elsewhere", accounts=[other_account]))
    limited = await make_client(Role.AGENT, [account])
    before = await Conversation.get(said.conversation_id)

    seen = await assign(admin, said, elsewhere)
    unseen = await assign(limited, said, elsewhere)
    unknown = await assign(admin, said, encode_id("Agent", "0" * 24))
    malformed = await assign(admin, said, "a7", expectedAssigneeId="a8")

    assert [
        [(error["code"], error["field"]) for error in answer["userErrors"]]
        for answer in (seen, unseen, unknown, malformed)
    ] == [
        [("INVALID_INPUT", ["assigneeId"])],
        [("NOT_FOUND", ["assigneeId"])],
        [("NOT_FOUND", ["assigneeId"])],
        [("NOT_FOUND", ["assigneeId"]), ("NOT_FOUND", ["expectedAssigneeId"])],
    ]
    assert await Conversation.get(said.conversation_id) == before


async def test_server_key_claims_nothing(client: Any, said: Message) -> None:
    _, token = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="backend", role=Role.AGENT, for_server=True
    )
    server = GraphQLClient(client, token)
    (kim,) = map(id_of, await create_agents("Kim"))

    refused = (await server(CLAIM, id=conversation_id(said)))["done"]
    assigned = await assign(server, said, kim, expectedAssigneeId=None)

    assert refused["userErrors"][0]["code"] == "INVALID_INPUT"
    assert name_assignee(assigned) == "Kim"


async def test_assignee_is_seen_with_its_conversation(
    make_client: MakeClient, account: Account, other_account: Account, said: Message
) -> None:
    """An agent that lost its access, or never had any, is still named."""
    (kim,) = await create_agents("Kim", accounts=[other_account])
    await collection(Conversation).update_one(
        {"_id": said.conversation_id}, {"$set": {"assignee_id": kim.id}}
    )
    limited = await make_client(Role.VIEWER, [account])

    shown = await limited("{ conversations { nodes { assignee { name role isActive } } } }")

    assert shown["conversations"]["nodes"] == [
        {"assignee": {"name": "Kim", "role": None, "isActive": False}}
    ]
