"""Every input of the schema with a value of every other kind: none is an internal error."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)

from graph.core.strawberry_internals import get_graphql_schema
from graph.schema import create_schema
from models import Account
from models.database.base import new_id
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from whatsapp.settings import Settings

SCHEMA = get_graphql_schema(create_schema())
Seen = tuple[str, ...]
DEEP: list[Any] = []
for _ in range(60):
    DEEP = [DEEP]
ODD: list[Any] = [
    None,
    True,
    "",
    "1.5",
    1.0,
    -1,
    2**63,
    2**31,
    1e308,
    [],
    [None],
    {},
    {"$a": {"b.c": 1, "\0": 2}},
    DEEP,
    "x" * 100_000,
    "\0",
    "\ud800",
    "$a",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-23:59",
    "1e999999",
    "NaN",
]
# Excluded: these remove the documents that the test looks for.
LAST = ("delete", "disable", "revoke", "block", "discard")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rate_limit_per_minute": 0})


@pytest.fixture
async def ids(account: Account) -> dict[str, str]:
    message = await write_message(account, "15550001111", "Hello")
    return {
        "account": id_of(account),
        "contact": contact_id(message),
        "conversation": conversation_id(message),
        "message": id_of(message),
    }


def list_root_fields() -> list[tuple[str, str, GraphQLField]]:
    roots = {"query": SCHEMA.query_type, "mutation": SCHEMA.mutation_type}
    found = [
        (kind, name, field)
        for kind, root in roots.items()
        if root is not None
        for name, field in root.fields.items()
    ]
    return sorted(found, key=lambda one: one[1].startswith(LAST))


def make_value(name: str, kind: Any, ids: dict[str, str], *, levels: int = 4) -> Any:
    """A plausible value of an input type: objects with fields that find something."""
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        return [make_value(name, kind.of_type, ids, levels=levels)]
    if isinstance(kind, GraphQLInputObjectType):
        return _make_object(kind, ids, levels)
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    known = next((one for key, one in ids.items() if key in name.lower()), None)
    others = {
        "ID": known or encode_id("Message", new_id()),
        "Int": 1,
        "Float": 1.5,
        "Boolean": True,
        "DateTime": "2199-01-01T00:00:00Z",
        "Decimal": "1.5",
        "JSON": {"a": 1},
        "URL": "https://example.com/a.png",
        "Upload": None,
    }
    return others.get(kind.name, "15550001111")


def _make_object(kind: GraphQLInputObjectType, ids: dict[str, str], levels: int) -> Any:
    is_one_of = kind.is_one_of
    fields = {
        name: field
        for name, field in kind.fields.items()
        if is_required_input_field(field) or (levels > 0 and not is_one_of)
    }
    if is_one_of:
        fields = dict([next(iter(kind.fields.items()))])
    return {
        name: make_value(name, field.type, ids, levels=levels - 1) for name, field in fields.items()
    }


def list_odd(
    name: str, kind: Any, ids: dict[str, str], values: Callable[[Any], list[Any]], seen: Seen = ()
) -> Iterator[Any]:
    """Yields values of this type with a single odd part each."""
    named = get_named_type(kind)
    yield from values(named)
    if not isinstance(named, GraphQLInputObjectType) or named.name in seen:
        return
    whole = _make_object(named, ids, levels=2)
    is_list = isinstance(get_nullable_type(kind), GraphQLList)
    for key, field in named.fields.items():
        for odd in list_odd(key, field.type, ids, values, (*seen, named.name)):
            value = {key: odd} if named.is_one_of else {**whole, key: odd}
            yield [value] if is_list else value


def write_operation(kind: str, name: str, field: GraphQLField, given: list[str]) -> str:
    declared = ", ".join(f"${one}: {field.args[one].type}" for one in given)
    arguments = ", ".join(f"{one}: ${one}" for one in given)
    selection = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
    declared, arguments = (f"({text})" if text else "" for text in (declared, arguments))
    return f"{kind} Odd{declared} {{ {name}{arguments}{selection} }}"


async def find_failure(client: GraphQLClient, operation: str, variables: Any) -> str | None:
    """The answer to an operation, if it is an internal error."""
    # Not by httpx: it would not write a lone surrogate.
    body = json.dumps({"query": operation, "variables": variables})
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    answer = await client.http.post("/graphql", content=body.encode(), headers=headers)
    errors = answer.json().get("errors") or []
    codes = {error["extensions"]["code"] for error in errors}
    is_failure = answer.status_code >= 500 or "INTERNAL_SERVER_ERROR" in codes
    return f"{operation} {body[:1000]}: {answer.text[:500]}" if is_failure else None


async def find_failures(
    admin: GraphQLClient, ids: dict[str, str], values: Callable[[Any], list[Any]]
) -> list[str]:
    failures: list[str] = []
    for kind, name, field in list_root_fields():
        assert isinstance(field, GraphQLField)
        required = [key for key, one in field.args.items() if is_required_argument(one)]
        for key, argument in field.args.items():
            given = sorted({*required, key})
            operation = write_operation(kind, name, field, given)
            usual = {one: make_value(one, field.args[one].type, ids) for one in given}
            for odd in list_odd(key, argument.type, ids, values):
                failure = await find_failure(admin, operation, usual | {key: odd})
                failures += [failure] if failure else []
    return failures


async def test_any_input_gives_no_internal_error(
    admin: GraphQLClient, account: Account, ids: dict[str, str]
) -> None:
    turn = itertools.cycle(ODD)

    def choose(named: Any) -> list[Any]:
        """The next few values for the next place; all of them where a type parses texts."""
        return (
            ODD
            if named.name in {"DateTime", "Decimal", "PhoneNumber", "URL"}
            else list(itertools.islice(turn, 3))
        )

    assert await find_failures(admin, ids, choose) == []


@pytest.mark.soak
async def test_every_odd_input_gives_no_internal_error(
    admin: GraphQLClient, account: Account, ids: dict[str, str]
) -> None:
    assert await find_failures(admin, ids, lambda _named: ODD) == []


def test_every_root_type_is_walked() -> None:
    assert isinstance(SCHEMA.query_type, GraphQLObjectType)
    assert len(list_root_fields()) > 40
