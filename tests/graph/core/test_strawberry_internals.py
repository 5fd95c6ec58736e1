"""The private parts of Strawberry that `graph.core.strawberry_internals` relies on."""

from collections.abc import Coroutine
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema
from strawberry import relay
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionContext
from strawberry.types.base import StrawberryObjectDefinition

from graph.core.strawberry_internals import (
    InterceptedSchema,
    get_given_operation_name,
    get_graphql_schema,
    get_resolve_info,
    is_global_id,
    make_info,
)

NAMED = "query Named { field: fieldName(length: 3) ...Rest } fragment Rest on Query { other }"


@strawberry.type
class Item(relay.Node):
    id: relay.NodeID[str]
    name: str

    @strawberry.field
    @staticmethod
    def describe(id: str) -> str:
        return id


@strawberry.type
class Query:
    item: Item | None = None
    other: str = "other"

    @strawberry.field
    def field_name(self, info: strawberry.Info, length: int) -> str:
        resolve_info = get_resolve_info(info)
        (node,) = resolve_info.field_nodes
        (argument,) = node.arguments or ()
        assert argument.name.value == "length"
        assert list(resolve_info.fragments) == ["Rest"]
        copied = make_info(info.schema, resolve_info, info._field)
        return f"{copied.field_name} {copied.python_name}"[: 20 + length]


class GivenNames(SchemaExtension):
    names: list[str | None] = []

    def on_operation(self) -> Any:
        self.names.append(get_given_operation_name(self.execution_context))
        yield


class RecordingSchema(InterceptedSchema):
    executions: list[str | None]

    async def run_operation(
        self, execution: ExecutionContext, work: Coroutine[Any, Any, Any]
    ) -> Any:
        self.executions.append(execution.operation_name)
        return await work


@pytest.fixture
def schema() -> RecordingSchema:
    schema = RecordingSchema(query=Query, extensions=[GivenNames])
    schema.executions = []
    GivenNames.names.clear()
    return schema


async def test_operations_pass_interception_once(schema: RecordingSchema) -> None:
    results: list[Any] = [
        await schema.execute(NAMED, root_value=Query()),
        await schema.execute(NAMED, root_value=Query(), operation_name="Named"),
    ]
    results += [result async for result in await schema.stream(NAMED, root_value=Query())]

    expected = {"field": "fieldName field_name", "other": "other"}
    assert [result.data for result in results] == [expected] * 3
    assert schema.executions == ["Named"] * 3
    assert GivenNames.names == [None, "Named", None]


def test_schema_is_graphql_cores(schema: RecordingSchema) -> None:
    graphql_schema = get_graphql_schema(schema)

    assert isinstance(graphql_schema, GraphQLSchema)
    assert graphql_schema.query_type is not None
    assert set(graphql_schema.query_type.fields) == {"item", "other", "fieldName"}


def test_only_id_of_node_is_global_id(schema: RecordingSchema) -> None:
    definition = schema.get_type_by_name("Item")
    assert isinstance(definition, StrawberryObjectDefinition)

    fields = {field.python_name: is_global_id(field) for field in definition.fields}
    assert fields == {"_id": True, "name": False, "describe": False}
