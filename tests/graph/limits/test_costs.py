"""The cost of an operation: the maximum number of objects in its answer."""

from pathlib import Path
from typing import Any

import pytest
from graphql import parse

from graph.core.strawberry_internals import get_graphql_schema
from graph.limits.bounds import Limits
from graph.limits.document import DocumentCache
from graph.schema import create_schema
from tests.fixtures.graphql import GraphQLClient
from tests.test_docs import list_blocks

EXAMPLES = sorted(
    (Path(__file__).parents[3] / "graph/transport/graphiql/examples").glob("*.graphql")
)
CONTACTS = "query ($n: Int) { contacts(first: $n) { edges { node { id } } } }"
BY_TYPE = """{ node(id: "x") {
  ... on Conversation { contact { id } lastMessage { id } }
  ... on Contact { user { id } }
} }"""
FRAGMENTS = """query ($n: Int) { few: contacts(first: $n) { ...C } contacts(first: 11) { ...C } }
fragment C on ContactConnection { edges { ...E } }
fragment E on ContactEdge { node { user { id } } }"""

COSTS: list[tuple[int, str, dict[str, Any]]] = [
    # An object counts 1, its fields nothing; a root field without objects counts 1 as well.
    (1, "{ viewer { name role } }", {}),
    (2, "{ eventCursor viewer { name } }", {}),
    (3, '{ conversation(id: "x") { contact { user { name } } } }', {}),
    # A connection counts itself and its nodes, shown or not: 50 where no size is given.
    (51, "{ contacts { pageInfo { endCursor } } }", {}),
    (51, "{ contacts { edges { node { id } } } }", {}),
    (6, "{ contacts(first: 5) { edges { node { id } } } }", {}),
    (6, "{ contacts(last: 5) { edges { cursor } } }", {}),
    (1, "{ contacts(first: 0) { edges { node { id } } } }", {}),
    (11, "{ contacts(first: 5) { edges { node { user { name } } } } }", {}),
    # Connections within connections multiply.
    (
        1 + 3 * (1 + 1 + 4),
        "{ conversations(first: 3) { edges { node { messages(first: 4) { edges { cursor } } } }"
        " } }",
        {},
    ),
    # A variable counts with its value, else its default, else that of the argument.
    (8, CONTACTS, {"n": 7}),
    (8, CONTACTS, {"n": 7.0}),
    (51, CONTACTS, {}),
    (51, CONTACTS, {"n": None}),
    (10, CONTACTS.replace("Int", "Int = 9"), {}),
    (8, CONTACTS.replace("first: $n", "first: null, last: $n"), {"n": 7}),
    (1 + 2 * 2 + 1 + 11 * 2, FRAGMENTS, {"n": 2}),
    (1 + 3 * 2 + 1 + 11 * 2, FRAGMENTS, {"n": 3}),
    # An object per given id.
    (3, '{ nodes(ids: ["a", "b", "c"]) { id } }', {}),
    (2, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a", "b"]}),
    # Of an abstract type only the most expensive of its types.
    (3, BY_TYPE, {}),
    # Lists within a document are short, lists of documents may be long.
    (4, '{ message(id: "x") { statusHistory { status } } }', {}),
    (12, "{ auditLog(first: 1) { nodes { accounts { name } } } }", {}),
    # Mutations write.
    (11, 'mutation { revokeApiKey(input: {apiKeyId: "x"}) { apiKey { id } } }', {}),
]


async def test_response_reports_requested_cost(
    admin: GraphQLClient, subtests: pytest.Subtests
) -> None:
    for cost, query, variables in COSTS:
        with subtests.test(query=query):
            answer = await admin.post(query, **variables)

            assert "errors" not in answer, answer
            reported = answer["extensions"]["cost"]
            assert (reported["requested"], reported["limit"]) == (cost, 5000)


async def test_what_is_about_schema_only_has_no_cost(admin: GraphQLClient) -> None:
    answer = await admin.post("{ __typename __schema { queryType { name } } }")

    assert "extensions" not in answer


NESTED = """query ($n: Int) { conversations(first: $n) { edges { node {
  messages(first: 49) { edges { cursor } }
} } } }"""


async def test_same_document_is_refused_with_larger_variables(admin: GraphQLClient) -> None:
    allowed = await admin.post(NESTED, n=98)
    refused = await admin.post(NESTED, n=99)

    assert allowed["extensions"]["cost"]["requested"] == 1 + 98 * 51
    (error,) = refused["errors"]
    assert error["message"] == f"The operation has a cost of {1 + 99 * 51}; 5000 is the limit."
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert refused["extensions"]["cost"]["requested"] == 1 + 99 * 51


SHOWN = [(path.name, path.read_text()) for path in EXAMPLES] + list_blocks("graphql")


@pytest.mark.parametrize(("name", "text"), SHOWN)
def test_shown_operations_are_within_limits(
    name: str, text: str, subtests: pytest.Subtests
) -> None:
    limits = Limits.from_settings()
    schema = get_graphql_schema(create_schema(limits))
    document = DocumentCache(limits).add(text, parse(text, max_tokens=limits.tokens), schema, None)

    assert document.errors == []
    for operation_name in document.operations:
        with subtests.test(operation=operation_name):
            cost = document.find_cost(operation_name, {})
            assert cost.data <= limits.cost / 4, f"{operation_name} of {name}"
            assert cost.find_excess() is None
