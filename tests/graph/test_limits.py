"""Limits: a document that asks for too much is refused at once, however it is written."""

import time

from graphql import get_introspection_query

from tests.fixtures.graphql import GraphQLClient


def nest(levels: int) -> str:
    """Contacts of a user of a contact, and so on."""
    inner = "{ id }"
    for _ in range(levels):
        inner = "{ account { id } conversation { contact " + inner + " } }"
    return "{ contact(id: 1) " + inner + " }"


def spread(levels: int) -> str:
    """Each fragment spreads the next one twice: 2 to the power of `levels` fields."""
    fragments = [
        f"fragment F{level} on Viewer {{ ...F{level + 1} ...F{level + 1} }}"
        for level in range(levels)
    ]
    last = f"fragment F{levels} on Viewer {{ name }}"
    return "{ viewer { ...F0 } } " + " ".join([*fragments, last])


def repeat_alias(count: int) -> str:
    return "{" + " ".join(f"a{number}: eventCursor" for number in range(count)) + "}"


def introspect(levels: int) -> str:
    return "{ __schema { types " + "{ fields { type" * levels + "{ name }" + "} }" * levels + "} }"


OVERSIZED = [
    nest(8),
    nest(40),
    spread(12),
    spread(60),
    repeat_alias(61),
    "{" * 3000,
    "{ viewer " * 400,
    "{ viewer { name } }" + " #" + "x" * 100 + "\n" + "{ a } " * 3000,
    introspect(4),
    introspect(30),
]


async def test_an_oversized_document_is_refused_at_once(
    admin: GraphQLClient,
) -> None:
    for query in OVERSIZED:
        started = time.process_time()
        answer = await admin.post(query)

        assert answer["errors"][0]["extensions"]["code"] in {
            "QUERY_TOO_COMPLEX",
            "GRAPHQL_PARSE_FAILED",
            "GRAPHQL_VALIDATION_FAILED",
        }
        assert time.process_time() - started < 0.5


async def test_fragments_that_spread_each_other_are_reported(admin: GraphQLClient) -> None:
    query = "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }"

    assert await admin.find_error_code(query) == "GRAPHQL_VALIDATION_FAILED"


async def test_the_introspection_of_every_client_passes(admin: GraphQLClient) -> None:
    query = get_introspection_query(descriptions=True, input_value_deprecation=True)

    assert (await admin(query))["__schema"]["types"]


async def test_a_usual_inbox_query_passes(admin: GraphQLClient) -> None:
    await admin(nest(2).replace("id: 1", 'id: "x"'))
