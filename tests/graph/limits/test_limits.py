"""Limits: excessive documents are refused at once, in any form."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from graphql import get_introspection_query

from graph.limits.bounds import Limits
from tests.fixtures.graphql import GraphQLClient


def nest(levels: int) -> str:
    """Fields nested this deep."""
    pairs, rest = divmod(levels - 2, 2)
    inner = "id" if not rest else "contact { id }"
    for _ in range(pairs):
        inner = "contact { conversation { " + inner + " } }"
    return '{ conversation(id: "x") { ' + inner + " } }"


def repeat(count: int, text: str) -> str:
    return '{ account(id: "x") { ' + " ".join(text % number for number in range(count)) + " } }"


def spread(count: int) -> str:
    """Fragments that hold this many fields, below the two of the operation."""
    fields = " ".join(["name", "enabled", "createdAt", "updatedAt", "phoneNumberId"] * 10)
    spreads = " ".join(f"...F{number % 2}" for number in range((count - 1) // 50))
    fragments = [f" fragment F{number} on Account {{ {fields} }}" for number in range(2)]
    # A fragment with a field fills the rest.
    missing = " ".join(["id"] * ((count - 1) % 50))
    return f'{{ account(id: "x") {{ {spreads} {missing} }} }}' + "".join(fragments)


def begin(count: int) -> str:
    return "{ " + " ".join(f"a{number}: eventCursor" for number in range(count)) + " }"


def mutate(count: int) -> str:
    field = 'revokeApiKey(input: {apiKeyId: "x"}) { userErrors { code } }'
    return "mutation { " + " ".join(f"a{number}: {field}" for number in range(count)) + " }"


def direct(count: int) -> str:
    return repeat(count, "name @skip(if: false) #%d\n")


def introspect(levels: int) -> str:
    return "{ __schema { types " + "{ fields { type" * levels + "{ name }" + "} }" * levels + "} }"


def chain(levels: int) -> str:
    """Introspection nested this deep, without any list."""
    inner = "{ ofType " * (levels - 3) + "{ name }" + " }" * (levels - 3)
    return "{ __schema { queryType " + inner + " } }"


# Name of a limit in the error, its value, and a document at the limit.
EXACT: list[tuple[str, int, Callable[[int], str]]] = [
    ("levels of depth", 12, nest),
    ("fields", 2000, spread),
    ("aliases", 30, lambda count: repeat(count, "a%d: name")),
    ("directives", 50, direct),
    ("root fields", 10, begin),
    ("mutations", 4, mutate),
    ("levels of introspection", 15, chain),
]


@pytest.mark.parametrize(("name", "limit", "make"), EXACT, ids=[one[0] for one in EXACT])
async def test_limit_is_exact_and_named(
    admin: GraphQLClient, name: str, limit: int, make: Callable[[int], str]
) -> None:
    allowed = await admin.post(make(limit))
    refused = await admin.post(make(limit + 1))

    assert "errors" not in allowed, allowed["errors"]
    (error,) = refused["errors"]
    assert error["message"] == f"The operation has {limit + 1} {name}; {limit} is the limit."
    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX"}


@pytest.fixture
def limits(request: pytest.FixtureRequest) -> Limits:
    return replace(Limits.from_settings(), **getattr(request, "param", {}))


SMALLER: list[tuple[dict[str, int], str]] = [
    ({"depth": 3}, nest(4)),
    ({"tokens": 100}, repeat(96, "name #%d\n")),
    ({"tokens": 100}, "#\n" * 101 + begin(1)),
    ({"cost": 50}, "{ contacts { pageInfo { endCursor } } }"),
    ({}, "#" + "x" * 16_384 + "\n" + begin(1)),
]


@pytest.mark.parametrize(("limits", "query"), SMALLER, indirect=["limits"])
async def test_document_over_limit_is_refused(admin: GraphQLClient, query: str) -> None:
    assert await admin.find_error_code(query) == "QUERY_TOO_COMPLEX"


async def test_fragment_bomb_with_variables_is_measured_at_once(admin: GraphQLClient) -> None:
    fragments = "".join(
        f" fragment F{number} on Account {{ ...F{number + 1} ...F{number + 1} }}"
        for number in range(60)
    )
    query = (
        'query ($n: Int) { account(id: "x") { ...F0 } }'
        + fragments
        + " fragment F60 on Account { events(first: $n) { edges { cursor } } }"
    )

    (error,) = (await admin.post(query, n=1))["errors"]

    assert "more than 1000000 fields" in error["message"]


async def test_fragments_that_spread_each_other_are_reported(admin: GraphQLClient) -> None:
    query = "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }"

    assert await admin.find_error_code(query) == "GRAPHQL_VALIDATION_FAILED"


async def test_introspection_of_every_client_passes(admin: GraphQLClient) -> None:
    query = get_introspection_query(
        descriptions=True,
        input_value_deprecation=True,
        directive_is_repeatable=True,
        schema_description=True,
        specified_by_url=True,
    )

    assert (await admin(query))["__schema"]["types"]


@pytest.mark.parametrize("levels", [3, 4, 30])
async def test_introspection_of_introspection_is_refused(admin: GraphQLClient, levels: int) -> None:
    assert await admin.find_error_code(introspect(levels)) in {
        "QUERY_TOO_COMPLEX",
        "GRAPHQL_VALIDATION_FAILED",
    }


async def test_introspection_is_limited_per_operation(
    admin: GraphQLClient,
) -> None:
    query = " ".join(f"s{number}: __schema {{ types {{ name }} }}" for number in range(5))

    answer = await admin.post("{ " + query + " }")

    assert "5 introspection aliases; 4 is the limit" in answer["errors"][0]["message"]


async def test_errors_are_few_and_short(admin: GraphQLClient) -> None:
    answer = await admin.post(repeat(200, "%d".replace("%d", "nothing%d") + "x" * 200))

    errors: list[dict[str, Any]] = answer["errors"]
    assert len(errors) <= 6
    assert all(len(error["message"]) <= 201 for error in errors)


async def test_many_wrong_variable_values_give_short_error(
    admin: GraphQLClient,
) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    answer = await admin.post(query, ids=[{"$ne": number} for number in range(100)])

    errors: list[dict[str, Any]] = answer["errors"]
    assert len(errors) <= 6
    assert {error["extensions"]["code"] for error in errors} == {"BAD_USER_INPUT"}
