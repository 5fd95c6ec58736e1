"""One execution of a plan: what its steps get, and what executions at the same moment share."""

from dataclasses import dataclass, field
from typing import Any

from graphql import FragmentDefinitionNode, GraphQLResolveInfo, OperationDefinitionNode
from graphql.execution.values import VariableValues

from graph.core.context import Context
from graph.core.responses import UNBOUNDED, ResponseMeter, create_meter

Values = list[Any]


class PlanBailout(Exception):
    """Something is not as the plan expects it; graphql-core is to execute the operation."""


Record = dict[str, Any]


class Memo:
    """What was got of each object, for viewers of equal rights at one moment."""

    def __init__(self) -> None:
        # An object's id is its own only while it is there.
        self._records: dict[int, tuple[Any, Record]] = {}

    def find_record(self, shown: object) -> Record:
        """Values of this object, by what `name_value` calls them."""
        known = self._records.get(id(shown))
        if known is None:
            known = self._records[id(shown)] = (shown, {})
        return known[1]


@dataclass
class Run:
    """One execution of a plan."""

    strawberry_schema: Any
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: VariableValues
    context: Context
    root_value: Any = None
    memo: Memo | None = None
    """What executions at the same moment share; None where there is only this one."""
    meter: ResponseMeter = field(default_factory=lambda: ResponseMeter(UNBOUNDED))
    """Bounds the answer."""

    def for_event(self, root_value: Any, *, memo: Memo) -> "Run":
        """The same operation for another root value, such as the next event."""
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

    def make_resolve_info(self, *place: Any) -> GraphQLResolveInfo[Any]:
        """`place`: field name, nodes, return type, parent type and path."""
        values = (
            *place,
            self.strawberry_schema._schema,
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
