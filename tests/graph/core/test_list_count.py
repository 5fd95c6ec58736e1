"""`count`: the length of a list, with a maximum and a cost; `nodes` without edges."""

import pytest

from models import Account, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, write_message
from whatsapp.auth.api_keys import create_api_key

NESTED = """{ conversations(first: 5) { count { value } edges { node {
  messages(first: 1) { count { value } edges { cursor } }
  contact { user { contacts { count { value } } } } } } } }"""


@pytest.fixture
async def said(account: Account) -> str:
    for number in range(3):
        for _ in range(number + 1):
            message = await write_message(account, f"1555000000{number}", "hello")
    return conversation_id(message)


async def test_count_is_independent_of_page(admin: GraphQLClient, said: str) -> None:
    query = """query ($id: ID!, $after: String) {
      conversation(id: $id) { messages(first: 1, after: $after) {
        count { value } pageInfo { endCursor } } } }"""

    first = (await admin(query, id=said))["conversation"]["messages"]
    cursor = first["pageInfo"]["endCursor"]
    second = (await admin(query, id=said, after=cursor))["conversation"]["messages"]

    assert (first["count"]["value"], second["count"]["value"]) == (3, 3)


async def test_count_follows_filter_and_access(
    admin: GraphQLClient, said: str, other_account: Account
) -> None:
    _, token = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="x", role=Role.VIEWER, account_ids=[other_account.id]
    )
    stranger = GraphQLClient(admin.http, token)
    closed = "{ conversations(filter: {statuses: CLOSED}) { count { value } } }"

    assert (await admin(closed))["conversations"]["count"]["value"] == 0
    assert (await admin("{ contacts { count { value } } }"))["contacts"]["count"]["value"] == 3
    assert (await stranger("{ contacts { count { value } } }"))["contacts"]["count"]["value"] == 0


async def test_lists_within_list_are_counted_together(
    counter: CommandCounter, admin: GraphQLClient, said: str
) -> None:
    with counter.counting():
        data = await admin(NESTED)

    nodes = [edge["node"] for edge in data["conversations"]["edges"]]
    assert data["conversations"]["count"]["value"] == 3
    assert [node["messages"]["count"]["value"] for node in nodes] == [3, 2, 1]
    assert {node["contact"]["user"]["contacts"]["count"]["value"] for node in nodes} == {1}
    assert len([target for _, target in counter.reads if target == "messages"]) == 2


async def test_count_is_read_only_if_selected(
    counter: CommandCounter, admin: GraphQLClient, said: str
) -> None:
    with counter.counting():
        await admin("{ conversations { edges { cursor } } }")

    assert ("aggregate", "conversations") not in counter.reads


@pytest.mark.parametrize(("maximum", "is_capped"), [(2, True), (3, False)])
async def test_count_tells_if_it_is_capped(
    admin: GraphQLClient,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    maximum: int,
    is_capped: bool,
) -> None:
    monkeypatch.setattr("graph.core.loaders.MAX_COUNT", maximum)

    data = await admin("{ contacts { count { value isCapped } } }")

    assert data["contacts"]["count"] == {"value": maximum, "isCapped": is_capped}


async def test_count_has_cost(admin: GraphQLClient) -> None:
    answer = await admin.post("{ contacts(first: 1) { count { value } } }")

    assert answer["extensions"]["cost"]["requested"] == 1 + 1 + 10


async def test_nodes_are_those_of_edges(admin: GraphQLClient, said: str) -> None:
    query = """{ list: conversations(first: 2) {
      nodes { id contact { phoneNumber } } edges { node { id contact { phoneNumber } } } } }"""

    page = (await admin(query))["list"]

    assert page["nodes"] == [edge["node"] for edge in page["edges"]]
    assert len(page["nodes"]) == 2


async def test_nodes_cost_as_much_as_edges(admin: GraphQLClient) -> None:
    costs = [
        (await admin.post(f"{{ contacts(first: 7) {{ {selected} }} }}"))["extensions"]["cost"]
        for selected in ("nodes { user { id } }", "edges { node { user { id } } }")
    ]

    assert costs[0]["requested"] == costs[1]["requested"] == 1 + 7 + 7
