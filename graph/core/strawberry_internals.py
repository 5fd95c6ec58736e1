"""Adapters of Strawberry's private API, which no other module uses.

`tests/graph/core/test_strawberry_internals.py` fails if a new version changes it.
"""

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema
from strawberry import Schema, relay
from strawberry.types import ExecutionContext
from strawberry.types import Info as StrawberryInfo
from strawberry.types.field import StrawberryField


def get_graphql_schema(schema: Schema) -> GraphQLSchema:
    """Returns graphql-core's schema."""
    graphql_schema: GraphQLSchema = schema._schema
    return graphql_schema


def get_resolve_info(info: StrawberryInfo[Any, Any]) -> GraphQLResolveInfo[Any]:
    """Returns graphql-core's info, which has the field's nodes and the fragments."""
    return info._raw_info


def make_info(schema: Schema, resolve_info: GraphQLResolveInfo[Any], field: Any) -> Any:
    """Creates the info of a resolver from graphql-core's."""
    return schema.config.info_class(_raw_info=resolve_info, _field=field)


def get_given_operation_name(execution: ExecutionContext) -> str | None:
    """Returns the request's operation name; Strawberry's `operation_name` has a default."""
    return execution._provided_operation_name


def is_global_id(field: StrawberryField) -> bool:
    """Checks whether the field is the id of a Relay node with Strawberry's resolver."""
    resolver = field.base_resolver
    resolve = getattr(resolver.wrapped_func if resolver else None, "__func__", None)
    return resolve is relay.Node._id.__func__


class InterceptedSchema(Schema, ABC):
    """A schema that intercepts the execution of its queries and mutations."""

    @abstractmethod
    async def run_operation(
        self, execution: ExecutionContext, work: Coroutine[Any, Any, Any]
    ) -> Any:
        """Awaits `work`, the execution of a query or mutation, and returns its result."""

    async def _execute_operation(
        self, execution_context: ExecutionContext, *args: Any, **kwargs: Any
    ) -> Any:
        work = super()._execute_operation(execution_context, *args, **kwargs)
        return await self.run_operation(execution_context, work)
