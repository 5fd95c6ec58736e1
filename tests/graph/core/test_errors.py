"""Errors have codes and expose no internals."""

import logging

import pytest
from graphql import GraphQLError
from strawberry.types.execution import PreExecutionError

from graph.core.errors import format_errors
from graph.schema import create_schema
from models import Account
from models.database.base import collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, write_message

ONE = "query A { viewer { name } }"


MISTAKES = [
    ("{ viewer { name }", "GRAPHQL_PARSE_FAILED"),
    ("\N{COLLISION SYMBOL}", "GRAPHQL_PARSE_FAILED"),
    ("{ viewer { nam } }", "GRAPHQL_VALIDATION_FAILED"),
    ("{ nodes(ids: 1.5) { id } }", "GRAPHQL_VALIDATION_FAILED"),
    ("fragment F on Query { viewer { name } }", "BAD_USER_INPUT"),
    (ONE + " query B { eventCursor }", "BAD_USER_INPUT"),
    ("{ accounts(first: 101) { edges { cursor } } }", "BAD_USER_INPUT"),
    ("{ accounts(first: -1) { edges { cursor } } }", "BAD_USER_INPUT"),
]


async def test_client_error_has_code(
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    # Twice: the second time the caches of parsed and checked documents answer.
    for query, code in MISTAKES:
        with subtests.test(query=query):
            assert await admin.find_error_code(query) == code
            assert await admin.find_error_code(query) == code


WRONG_VALUES = [None, 1.5, {"a": 1}, ["x", 1.5]]


async def test_variable_of_wrong_type_is_bad_input(
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for value in WRONG_VALUES:
        with subtests.test(value=value):
            query = "query ($id: ID!) { node(id: $id) { id } }"

            assert await admin.find_error_code(query, id=value) == "BAD_USER_INPUT"


async def test_unknown_operation_name_is_bad_input(admin: GraphQLClient) -> None:
    headers = {"Authorization": f"Bearer {admin.token}"}
    body = {"query": ONE, "operationName": "Other"}

    answer = (await admin.http.post("/graphql", json=body, headers=headers)).json()

    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "Other" in answer["errors"][0]["message"]


async def test_internal_error_is_masked_and_logged(
    admin: GraphQLClient, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    message = await write_message(account, "15550001111", "canary text")
    await collection(type(message)).update_one({"_id": message.id}, {"$set": {"text": ["canary"]}})

    with caplog.at_level(logging.INFO):
        answer = await admin.post(
            "query ($id: ID!) { conversation(id: $id) { messages { edges { node { text } } } } }",
            id=conversation_id(message),
        )

    error = answer["errors"][0]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"]["requestId"] in caplog.text
    assert "pydantic" not in str(answer)
    assert "canary" not in str(answer) + caplog.text


async def test_mistake_of_caller_is_not_in_log(
    admin: GraphQLClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await admin.post("{ viewer { nam } }")
        await admin.post("{")

    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_same_rules_hold_for_stream(subtests: pytest.Subtests) -> None:
    schema = create_schema()
    for query in ("{", "subscription { nonsense }", "{ a " * 400):
        with subtests.test(query=query):
            (result,) = [result async for result in await schema.stream(query)]
            assert isinstance(result, PreExecutionError)
            assert result.errors
            assert (
                result.errors[0].formatted["extensions"]["code"].startswith(("GRAPHQL_", "QUERY_"))
            )


def test_formatting_twice_changes_nothing() -> None:
    once = format_errors([GraphQLError("secret", original_error=ValueError())], request_id="r")

    assert format_errors(once, request_id="other") == once


async def test_failed_root_leaves_others(admin: GraphQLClient, agent: GraphQLClient) -> None:
    bad_argument = await admin.post(
        "{ viewer { role } conversations(first: 500) { nodes { id } } accounts { nodes { id } } }"
    )
    bad_role = await agent.post(
        """mutation { createUser(input: {name: "Ada"}) { user { name } }
        createApiKey(input: {name: "x", role: VIEWER}) { token } }"""
    )

    assert bad_argument["data"] == {
        "viewer": {"role": "ADMIN"},
        "conversations": None,
        "accounts": {"nodes": []},
    }
    assert bad_argument["errors"][0]["path"] == ["conversations"]
    assert bad_role["data"] == {"createUser": {"user": {"name": "Ada"}}, "createApiKey": None}
    assert bad_role["errors"][0]["extensions"]["code"] == "FORBIDDEN"
