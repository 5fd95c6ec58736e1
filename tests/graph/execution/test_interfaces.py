"""Interfaces: which types have them, and their plans."""

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType

from graph.core.strawberry_internals import get_graphql_schema
from graph.execution.known_queries import KnownQueries
from graph.schema import create_schema
from models import Account, Message
from models.database.base import collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of, write_message

SCHEMA = get_graphql_schema(create_schema())
# Errors name the account that caused them; an event may have none.
EXCEPT_FOR = {"UserError", "Event"}
LOOK = """{ conversations(first: 5) { nodes {
  ... on HasAccount { account { id } }
  contact { ... on HasAccount { account { id } } ... on Timestamped { createdAt updatedAt } }
  messages(first: 5) { nodes {
    ... on HasAccount { account { id } }
    content { typeName ... on TextContent { body } } } } } } }"""


def list_objects() -> list[GraphQLObjectType]:
    types = [kind for kind in SCHEMA.type_map.values() if isinstance(kind, GraphQLObjectType)]
    return [kind for kind in types if not EXCEPT_FOR & {one.name for one in kind.interfaces}]


@pytest.mark.parametrize("name", ["HasAccount", "Timestamped"])
def test_each_type_with_fields_has_interface(name: str) -> None:
    interface = SCHEMA.type_map[name]
    assert isinstance(interface, GraphQLInterfaceType)
    fields = {key: str(field.type) for key, field in interface.fields.items()}

    for kind in list_objects():
        own = {key: str(kind.fields[key].type) for key in fields if key in kind.fields}
        assert (own == fields) == (interface in kind.interfaces), kind.name


def test_each_content_has_interface() -> None:
    contents = {kind.name for kind in list_objects() if kind.name.endswith("Content")}
    interface = SCHEMA.type_map["Content"]
    assert isinstance(interface, GraphQLInterfaceType)

    assert {kind.name for kind in SCHEMA.get_possible_types(interface)} == contents


async def test_interfaces_are_planned(
    agent: GraphQLClient, account: Account, known_queries: KnownQueries
) -> None:
    await write_message(account, "15550001111", "Hello")
    message = await write_message(account, "15550001111", "Where?")
    place = {"type": "location", "content": {"latitude": 1.5, "longitude": 2.5}}
    await collection(Message).update_one({"_id": message.id}, {"$set": place})

    first = await agent(LOOK)
    again = await agent(LOOK)

    assert first == again
    assert (known_queries.planned, known_queries.bailed_out) == (1, 0)
    [conversation] = again["conversations"]["nodes"]
    owner = {"id": id_of(account)}
    assert conversation["account"] == conversation["contact"]["account"] == owner
    assert conversation["contact"]["createdAt"] <= conversation["contact"]["updatedAt"]
    assert conversation["messages"]["nodes"] == [
        {"account": owner, "content": {"typeName": "location"}},
        {"account": owner, "content": {"typeName": "text", "body": "Hello"}},
    ]
