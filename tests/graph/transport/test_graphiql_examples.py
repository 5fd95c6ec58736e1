"""The example tabs of GraphiQL are operations of this very schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_variable_values,
    parse,
    validate,
)

from graph.transport.graphiql import Example, list_examples

EXAMPLES = list_examples()
SCHEMA_FILE = Path(__file__).parents[3] / "schema.graphql"


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA_FILE.read_text("utf-8"))


def get_operation(example: Example) -> OperationDefinitionNode:
    (operation,) = parse(example["query"]).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def get_title(example: Example) -> str:
    """GraphiQL names a tab after its operation."""
    name = get_operation(example).name
    return name.value if name else "untitled"


every_example = pytest.mark.parametrize("example", EXAMPLES, ids=get_title)


def test_each_main_job_has_tab() -> None:
    assert [get_title(example) for example in EXAMPLES] == [
        "WhoAmI",
        "Accounts",
        "Inbox",
        "History",
        "SendText",
        "LiveMessages",
        "LiveStatuses",
        "MarkRead",
        "LiveEverything",
        "ResumeLive",
        "SearchMessages",
        "SendMedia",
        "SendButtons",
        "React",
        "Templates",
        "PreviewTemplate",
        "SendTemplate",
    ]


@every_example
def test_operation_is_valid(example: Example, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(example["query"])) == []


@every_example
def test_variables_fit_operation(example: Example, schema: GraphQLSchema) -> None:
    definitions = get_operation(example).variable_definitions or ()
    variables = json.loads(example["variables"] or "{}")

    assert set(variables) == {definition.variable.name.value for definition in definitions}
    assert not isinstance(get_variable_values(schema, definitions, variables), list)


@every_example
def test_comments_fit_editor(example: Example) -> None:
    # At 1440 pixels the toolbar covers columns beyond 58.
    lines = [line for line in example["query"].splitlines() if line.lstrip().startswith("#")]

    assert lines[0].startswith("# ")
    assert [line for line in lines if len(line) > 58] == []
