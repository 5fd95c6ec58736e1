"""The plan of an operation, what runs it, and where plans are kept."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values
from pymongo.errors import PyMongoError

from graph.core.errors import RequestError
from graph.core.loaders import Shown
from graph.execution.bailouts import Bailouts
from graph.execution.compiler import Compiler
from graph.execution.conditions import list_condition_variables
from graph.execution.memo import Memory
from graph.execution.plan_cache import KeptPlans
from graph.execution.resolving import Denied, Unplannable
from graph.execution.value_completion import Shape, Surprise
from graph.limits.response_size import UNBOUNDED, ResponseMeter, create_meter

if TYPE_CHECKING:
    from graph.core.context import Context

# Every condition doubles the forms that an operation can have.
MAX_CONDITION_VARIABLES = 4
MAX_VARIABLE_ERRORS = 1


class Dropped(Surprise):
    """The plan made room for others a moment ago."""


# What a caller did wrong, or MongoDB: it says nothing about the plan.
_NO_SURPRISES = (RequestError, Denied, Dropped, PyMongoError)


@dataclass
class Run:
    """One execution of a plan."""

    strawberry_schema: Any
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: VariableValues
    context: "Context"
    root_value: Any = None
    memory: Memory | None = None
    """What executions at the same moment share; None where there is only this one."""
    meter: ResponseMeter = field(default_factory=lambda: ResponseMeter(UNBOUNDED))
    """Bounds the answer."""

    def show(self, root_value: Any, *, memory: Memory) -> "Run":
        """The same operation for another root value, such as the next event."""
        return Run(
            self.strawberry_schema,
            self.operation,
            self.fragments,
            self.variables,
            self.context,
            root_value,
            memory,
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


class Plan:
    """How one operation is answered, with one choice of what its variables skip and include."""

    def __init__(self, shape: Shape, shown: Shown, *, steps: int) -> None:
        self.shown = shown
        """The fields that it reads of documents, for the loaders that it runs with."""
        self.steps = steps
        """How large it is."""
        self.is_kept = True
        """False once it was dropped: nobody may begin with it."""
        self._shape = shape

    def drop(self) -> None:
        """Frees its memory; who just executes it has all that they need."""
        self.is_kept = False
        self._shape = _NO_SHAPE

    async def execute(self, run: Run) -> dict[str, Any]:
        """`data` of the answer.

        Raises:
            Exception: whatever a resolver raises; graphql-core tells which field it is about.
        """
        if not self.is_kept:
            raise Dropped
        if not self.is_async:
            return self.execute_now(run)
        rows: list[dict[str, Any]] = await self._shape.complete(run, [run.root_value])
        return rows[0]

    @property
    def is_async(self) -> bool:
        """Whether something has to be waited for, such as a look-up."""
        return self._shape.is_async

    def execute_now(self, run: Run) -> dict[str, Any]:
        """The same at once, of a plan that is not `is_async`."""
        rows: list[dict[str, Any]] = self._shape.complete(run, [run.root_value])
        return rows[0]


_NO_SHAPE = Shape()


class OperationPlans:
    """The plans of one operation of a checked document, as far as `kept` has room for them."""

    def __init__(
        self,
        strawberry_schema: Any,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        kept: KeptPlans,
    ) -> None:
        self.operation = operation
        self._strawberry_schema = strawberry_schema
        self._schema: GraphQLSchema = strawberry_schema._schema
        self._fragments = dict(fragments)
        self._conditions = list_condition_variables(operation, fragments)
        self._kept = kept
        self._plans: dict[tuple[Any, ...], Plan | None] = {}
        self._bailouts = Bailouts()

    def begin(
        self, variables: Mapping[str, Any] | None, *, context: "Context", caller: Hashable
    ) -> tuple[Plan, Run] | None:
        """A plan and what it runs with; None where graphql-core has to execute the operation."""
        if self._bailouts.is_paused(caller) or len(self._conditions) > MAX_CONDITION_VARIABLES:
            return None
        values = self._read_variables(variables)
        if values is None:
            return None
        plan = self._find_plan(values, caller)
        if plan is None:
            return None
        run = Run(
            self._strawberry_schema,
            self.operation,
            self._fragments,
            values,
            context,
            meter=create_meter(context),
        )
        return plan, run

    def is_paused(self, caller: Hashable) -> bool:
        """Whether the plan gave up so often for this caller that it is not tried for a while."""
        return self._bailouts.is_paused(caller)

    def note_success(self, caller: Hashable) -> None:
        self._bailouts.reset(caller)

    def note_surprise(self, error: Exception, caller: Hashable) -> None:
        """Counts what the plan was surprised by, if it was."""
        if not isinstance(error, _NO_SURPRISES):
            self._bailouts.record(caller)

    def _read_variables(self, variables: Mapping[str, Any] | None) -> VariableValues | None:
        definitions = self.operation.variable_definitions or ()
        values = get_variable_values(
            self._schema, definitions, dict(variables or {}), max_errors=MAX_VARIABLE_ERRORS
        )
        return values if isinstance(values, VariableValues) else None

    def _find_plan(self, values: VariableValues, caller: Hashable) -> Plan | None:
        key = tuple(values.coerced.get(name) for name in self._conditions)
        plan = self._plans.get(key)
        if key not in self._plans or (plan is not None and not plan.is_kept):
            plan = self._plans[key] = self._compile(values)
        if plan is not None:
            self._kept.use(plan, caller)
        return plan

    def _compile(self, values: VariableValues) -> Plan | None:
        root = self._schema.get_root_type(self.operation.operation)
        if root is None:
            return None
        details = {name: FragmentDetails(one) for name, one in self._fragments.items()}
        compiler = Compiler(self._schema, self.operation, details, values)
        try:
            if self.operation.operation is OperationType.SUBSCRIPTION:
                return Plan(compiler.compile_event(root), {}, steps=compiler.steps)
            return Plan(compiler.compile(root), compiler.shown, steps=compiler.steps)
        except (Unplannable, GraphQLError):
            # An error of its conditions is told by graphql-core, at the field that it is about.
            return None


__all__ = ["KeptPlans", "OperationPlans", "Plan", "Run", "Surprise"]
