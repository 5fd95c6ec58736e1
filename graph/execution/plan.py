"""Plans of operations: execution, cache, and fallback to graphql-core after bailouts."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values
from pymongo.errors import PyMongoError

from graph.core.context import Context
from graph.core.errors import RequestError
from graph.core.loaders import Projections
from graph.core.responses import create_meter
from graph.core.strawberry_internals import get_graphql_schema
from graph.execution.compiler import Compiler
from graph.execution.resolving import Denied, Unplannable
from graph.execution.run import PlanBailout, Run
from graph.execution.value_completion import Selection
from graph.limits.fair_cache import FairCache

# Each condition variable doubles the number of plans of an operation.
MAX_CONDITION_VARIABLES = 4
MAX_VARIABLE_ERRORS = 1


class Evicted(PlanBailout):
    """The plan was evicted from the cache."""


# Errors of the caller or of MongoDB, which do not count against the plan.
_EXPECTED_ERRORS = (RequestError, Denied, Evicted, PyMongoError)


class Plan:
    """A compiled operation for a choice of the variables in `@skip` and `@include`."""

    def __init__(self, selection: Selection, projections: Projections, *, steps: int) -> None:
        self.projections = projections
        """Fields to read of each document class, for the loaders."""
        self.steps = steps
        """Size of the plan."""
        self.is_cached = True
        """False after eviction; the plan must not start then."""
        self._selection = selection

    def evict(self) -> None:
        """Frees the memory of the plan; running executions continue."""
        self.is_cached = False
        self._selection = _EMPTY_SELECTION

    async def execute(self, run: Run) -> dict[str, Any]:
        """Returns `data` of the response.

        Raises:
            Exception: an error of a resolver; graphql-core reports it with its field.
        """
        if not self.is_cached:
            raise Evicted
        if not self.is_async:
            return self.execute_now(run)
        rows: list[dict[str, Any]] = await self._selection.complete(run, [run.root_value])
        return rows[0]

    @property
    def is_async(self) -> bool:
        """Checks whether the plan awaits anything, such as a lookup."""
        return self._selection.is_async

    def execute_now(self, run: Run) -> dict[str, Any]:
        """Executes a plan that is not `is_async`."""
        rows: list[dict[str, Any]] = self._selection.complete(run, [run.root_value])
        return rows[0]


_EMPTY_SELECTION = Selection()


class PlanCache:
    """The plans of queries and subscriptions of a schema."""

    def __init__(self, *, max_steps: int) -> None:
        self._plans: FairCache[Plan, Plan] = FairCache(max_steps, on_evict=Plan.evict)

    @property
    def steps(self) -> int:
        """Total size of the plans."""
        return self._plans.size

    def use(self, plan: Plan, caller: Hashable) -> None:
        """Adds a plan or marks it as used; evicts plans of the caller with the largest share."""
        if self._plans.get(plan, caller) is None:
            self._plans.add(plan, plan, caller, size=plan.steps)


# Consecutive bailouts of a caller before a pause, during which graphql-core executes the operation.
MAX_BAILOUTS = 5
PAUSE_SECONDS = 30.0
MAX_CALLERS = 256


class Bailouts:
    """Bailouts of an operation by caller, so that callers can't disable plans for each other."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        # Number of consecutive bailouts, and the end of the pause.
        self._callers: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def is_paused(self, caller: Hashable) -> bool:
        if not self._callers:
            return False
        number, until = self._callers.get(caller, (0, 0.0))
        return number > MAX_BAILOUTS and self._now() < until

    def record(self, caller: Hashable) -> None:
        number, _ = self._callers.get(caller, (0, 0.0))
        self._callers[caller] = (number + 1, self._now() + PAUSE_SECONDS)
        self._callers.move_to_end(caller)
        if len(self._callers) > MAX_CALLERS:
            self._callers.popitem(last=False)

    def reset(self, caller: Hashable) -> None:
        if self._callers:
            self._callers.pop(caller, None)


_CONDITIONS = frozenset({"skip", "include"})


class _ConditionFinder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}

    def enter_directive(self, node: DirectiveNode, *_args: Any) -> None:
        if node.name.value not in _CONDITIONS:
            return
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names[argument.value.name.value] = None


def list_condition_variables(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> tuple[str, ...]:
    """Lists the variables in `@skip` and `@include`, which decide what an operation selects."""
    finder = _ConditionFinder()
    for node in (operation, *fragments.values()):
        visit(node, finder)
    return tuple(finder.names)


class OperationPlans:
    """The plans of an operation of a checked document."""

    def __init__(
        self,
        strawberry_schema: Any,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        plan_cache: PlanCache,
    ) -> None:
        self.operation = operation
        self._strawberry_schema = strawberry_schema
        self._schema = get_graphql_schema(strawberry_schema)
        self._fragments = dict(fragments)
        self._conditions = list_condition_variables(operation, fragments)
        self._plan_cache = plan_cache
        self._plans: dict[tuple[Any, ...], Plan | None] = {}
        self._bailouts = Bailouts()

    def create_run(
        self, variables: Mapping[str, Any] | None, *, context: Context, caller: Hashable
    ) -> tuple[Plan, Run] | None:
        """Returns a plan and its run, or None if graphql-core must execute the operation."""
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
        """Checks whether plans are paused for this caller after too many bailouts."""
        return self._bailouts.is_paused(caller)

    def record_success(self, caller: Hashable) -> None:
        self._bailouts.reset(caller)

    def record_bailout(self, error: Exception, caller: Hashable) -> None:
        """Counts a failed execution unless the error is expected."""
        if not isinstance(error, _EXPECTED_ERRORS):
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
        if key not in self._plans or (plan is not None and not plan.is_cached):
            plan = self._plans[key] = self._compile(values)
        if plan is not None:
            self._plan_cache.use(plan, caller)
        return plan

    def _compile(self, values: VariableValues) -> Plan | None:
        root = self._schema.get_root_type(self.operation.operation)
        if root is None:
            return None
        details = {name: FragmentDetails(node) for name, node in self._fragments.items()}
        compiler = Compiler(self._schema, self.operation, details, values)
        try:
            if self.operation.operation is OperationType.SUBSCRIPTION:
                return Plan(compiler.compile_event(root), {}, steps=compiler.steps)
            return Plan(compiler.compile(root), compiler.projections, steps=compiler.steps)
        except (Unplannable, GraphQLError):
            # graphql-core reports an invalid `@skip` or `@include` with its field.
            return None
