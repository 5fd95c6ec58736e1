"""Arguments are values, never operators, patterns or field names.

Operations are generated from the schema, so new arguments are covered.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)

from graph.core.strawberry_internals import get_graphql_schema
from graph.schema import create_schema
from models import Account
from models.database.base import collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, write_message
from whatsapp.settings import Settings

SCHEMA = get_graphql_schema(create_schema())
HOSTILE: list[Any] = [
    {"$ne": None},
    {"$gt": ""},
    {"$where": "sleep(5000)"},
    [{"$ne": None}],
    ".*",
    "^",
    "(a+)+$",
    "(" * 150,
    "$where",
    "$set",
    "a.b",
    "$$ROOT",
    "\0",
    "a\0b",
    "\ud800",
    "'; return true; //",
    "\\",
    '"',
    "-",
    "x" * 20_000,
    2**70,
    1e308,
    True,
]
FORBIDDEN = {"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", None}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rate_limit_per_minute": 0})


def make_value(kind: Any, value: Any, *, only: str | None = None, levels: int = 3) -> Any:
    """A value of this input type that has `value` wherever a text or an id may stand."""
    if isinstance(kind, GraphQLNonNull):
        return make_value(kind.of_type, value, only=only, levels=levels)
    if isinstance(kind, GraphQLList):
        return [make_value(kind.of_type, value, levels=levels)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: make_value(field.type, value, levels=levels - 1)
            for name, field in kind.fields.items()
            if name == only
            or (only is None and _is_given(kind, name, levels))
            or is_required_input_field(field)
        }
    plain = {
        "Int": 1,
        "Float": 1.5,
        "Boolean": True,
        "DateTime": "2030-01-01T00:00:00Z",
        "Decimal": "1.5",
        "PhoneNumber": "+16505551234",
        "URL": "https://example.com/a.png",
    }
    return plain.get(kind.name, {"key": value} if kind.name == "JSON" else value)


def _is_given(kind: GraphQLInputObjectType, name: str, levels: int) -> bool:
    # The first of mutually exclusive fields.
    return levels > 0 and (not kind.is_one_of or name == next(iter(kind.fields)))


def list_operations() -> Iterator[tuple[str, str, Callable[[Any], dict[str, Any]]]]:
    """Each root field with each of its arguments, or each field of its input."""
    for keyword, root in (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type)):
        assert root is not None
        for name, field in root.fields.items():
            shown = "{ __typename }" if is_composite_type(get_named_type(field.type)) else ""
            for argument in field.args:
                kind = get_named_type(field.args[argument].type)
                parts = list(getattr(kind, "fields", ())) or [None]
                needed = {one for one, it in field.args.items() if is_required_argument(it)}
                given = {one: field.args[one].type for one in {argument, *needed}}
                query = _write(keyword, name, given, shown)
                for part in parts:
                    label = ".".join(filter(None, (name, argument, part)))
                    yield label, query, partial(make_variables, given, argument, part)


def make_variables(
    given: dict[str, Any], argument: str, part: str | None, value: Any
) -> dict[str, Any]:
    return {
        name: make_value(kind, value, only=part if name == argument else None)
        for name, kind in given.items()
    }


def _write(keyword: str, name: str, kinds: dict[str, Any], shown: str) -> str:
    declared = ", ".join(f"${one}: {kind}" for one, kind in kinds.items())
    passed = ", ".join(f"{one}: ${one}" for one in kinds)
    return f"{keyword} ({declared}) {{ {name}({passed}) {shown} }}"


async def post(client: GraphQLClient, query: str, variables: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    body = json.dumps({"query": query, "variables": variables})
    return await client.http.post("/graphql", content=body, headers=headers)


async def test_argument_values_are_never_operators(
    admin: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    message = await write_message(account, "15550001111", "hello", name="Ada")
    before = await collection(type(message)).find().to_list()

    for number, (name, query, make) in enumerate(list_operations()):
        with subtests.test(name=name):
            # Each argument gets a sample; together they cover all many times.
            for value in [HOSTILE[(number + step) % len(HOSTILE)] for step in range(0, 12, 2)]:
                answer = await post(admin, query, make(value))

                assert answer.status_code < 500, (name, value)
                codes = {
                    error["extensions"].get("code") for error in answer.json().get("errors") or ()
                }
                assert not codes & FORBIDDEN, (name, value, answer.text[:500])

    assert await collection(type(message)).find().to_list() == before


TEXTS = [value for value in HOSTILE if isinstance(value, str)]
SEARCHES = [
    "query ($s: String) { contacts(search: $s) { edges { cursor } } }",
    "query ($s: String) { users(search: $s) { edges { cursor } } }",
    "query ($s: String!) { searchMessages(text: $s) { edges { cursor } } }",
    "query ($s: [String!]) { contacts(filter: {tags: {all: $s}}) { edges { cursor } } }",
    "query ($s: ID) { conversations(filter: {assignee: {is: $s}}) { edges { cursor } } }",
    "query ($s: ID) { contacts(accountId: $s) { edges { cursor } } }",
]


@pytest.mark.parametrize("query", SEARCHES)
async def test_pattern_finds_nothing(
    admin: GraphQLClient, account: Account, query: str, subtests: pytest.Subtests
) -> None:
    await write_message(account, "15550001111", "hello", name="Zed")

    for value in TEXTS:
        with subtests.test(value=value):
            data = (await post(admin, query, {"s": value})).json().get("data")
            found = data and next(iter(data.values()))
            assert not found or found["edges"] == []


async def test_object_where_text_belongs_is_bad_input(
    admin: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    message = await write_message(account, "15550001111", "hello")
    query = "query ($id: ID!) { conversation(id: $id) { id } }"

    for value in ({"$ne": None}, {"$in": [conversation_id(message)]}, [conversation_id(message)]):
        with subtests.test(value=value):
            answer = (await post(admin, query, {"id": value})).json()
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
