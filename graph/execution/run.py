"""State of an execution of a plan, and the memo that concurrent executions share."""

from dataclasses import dataclass, field
from typing import Any

from graphql import FragmentDefinitionNode, GraphQLResolveInfo, OperationDefinitionNode
from graphql.execution.values import VariableValues

from graph.core.context import Context
from graph.core.responses import UNBOUNDED, ResponseMeter, create_meter
from graph.core.strawberry_internals import get_graphql_schema

Values = list[Any]


class PlanBailout(Exception):
    """A plan met an unexpected value; graphql-core executes the operation instead."""


Record = dict[str, Any]


class Memo:
    """Values that plans of equal rights share for an event.

    Subscriptions to an event select different fields, but the values of a field are the same.
    """

    def __init__(self) -> None:
        # The reference to the object keeps its id valid.
        self._records: dict[int, tuple[Any, Record]] = {}

    def get_record(self, source: object) -> Record:
        """Returns the values of this object by the names of `name_value`."""
        entry = self._records.get(id(source))
        if entry is None:
            entry = self._records[id(source)] = (source, {})
        return entry[1]


@dataclass
class Run:
    """An execution of a plan."""

    strawberry_schema: Any
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: VariableValues
    context: Context
    root_value: Any = None
    memo: Memo | None = None
    """Shared with concurrent executions; None for a query."""
    meter: ResponseMeter = field(default_factory=lambda: ResponseMeter(UNBOUNDED))
    """Limits the size of the response."""

    def for_event(self, root_value: Any, *, memo: Memo) -> "Run":
        """Returns a run of the same operation for an event."""
        return Run(
            self.strawberry_schema,
            self.operation,
            self.fragments,
            self.variables,
            self.context,
            root_value,
            memo,
            create_meter(self.context, is_event=True),
        )

    def make_resolve_info(self, *field_info: Any) -> GraphQLResolveInfo[Any]:
        """Creates the info from field name, nodes, return type, parent type and path."""
        values = (
            *field_info,
            get_graphql_schema(self.strawberry_schema),
            self.fragments,
            self.root_value,
            self.operation,
            self.variables,
            self.context,
            *_NO_HELPERS,
        )
        return GraphQLResolveInfo(*values)


_NO_HELPERS: tuple[Any, ...] = (None,) * (
    len(GraphQLResolveInfo._fields) - GraphQLResolveInfo._fields.index("context") - 1
)
