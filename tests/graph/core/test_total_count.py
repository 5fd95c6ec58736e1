"""`totalCount`: the length of a list, with a maximum and a cost."""

import pytest

from models import Account, Role
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, write_message
from whatsapp.auth.api_keys import create_api_key

NESTED = """{ conversations(first: 5) { totalCount edges { node {
  messages(first: 1) { totalCount edges { cursor } } contact { user { contacts { totalCount } } }
} } } }"""


@pytest.fixture
async def said(account: Account) -> str:
    for number in range(3):
        for _ in range(number + 1):
            message = await write_message(account, f"1555000000{number}", "hello")
    return conversation_id(message)


async def test_total_count_is_independent_of_page(admin: GraphQLClient, said: str) -> None:
    query = """query ($id: ID!, $after: String) {
      conversation(id: $id) { messages(first: 1, after: $after) {
        totalCount pageInfo { endCursor } } } }"""

    first = (await admin(query, id=said))["conversation"]["messages"]
    cursor = first["pageInfo"]["endCursor"]
    second = (await admin(query, id=said, after=cursor))["conversation"]["messages"]

    assert (first["totalCount"], second["totalCount"]) == (3, 3)


async def test_total_count_follows_filter_and_access(
    admin: GraphQLClient, said: str, other_account: Account
) -> None:
    _, token = await create_api_key(name="x", role=Role.VIEWER, account_ids=[other_account.id])
    stranger = GraphQLClient(admin.http, token)
    closed = "{ conversations(filter: {status: CLOSED}) { totalCount } }"

    assert (await admin(closed))["conversations"]["totalCount"] == 0
    assert (await admin("{ contacts { totalCount } }"))["contacts"]["totalCount"] == 3
    assert (await stranger("{ contacts { totalCount } }"))["contacts"]["totalCount"] == 0


async def test_lists_within_list_are_counted_together(
    counter: CommandCounter, admin: GraphQLClient, said: str
) -> None:
    with counter.counting():
        data = await admin(NESTED)

    nodes = [edge["node"] for edge in data["conversations"]["edges"]]
    assert data["conversations"]["totalCount"] == 3
    assert [node["messages"]["totalCount"] for node in nodes] == [3, 2, 1]
    assert {node["contact"]["user"]["contacts"]["totalCount"] for node in nodes} == {1}
    assert len([target for _, target in counter.reads if target == "messages"]) == 2


async def test_total_count_is_read_only_if_selected(
    counter: CommandCounter, admin: GraphQLClient, said: str
) -> None:
    with counter.counting():
        await admin("{ conversations { edges { cursor } } }")

    assert ("aggregate", "conversations") not in counter.reads


async def test_total_count_has_maximum(
    admin: GraphQLClient, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.core.loaders.MAX_COUNT", 2)

    assert (await admin("{ contacts { totalCount } }"))["contacts"]["totalCount"] == 2


async def test_total_count_has_cost(admin: GraphQLClient) -> None:
    answer = await admin.post("{ contacts(first: 1) { totalCount } }")

    assert answer["extensions"]["cost"]["requested"] == 1 + 1 + 10
