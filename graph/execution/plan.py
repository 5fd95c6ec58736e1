"""The plan of an operation, what runs it, and where plans are kept."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
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
from graph.execution.compiler import Compiler
from graph.execution.resolving import Denied, Unplannable
from graph.execution.run import PlanBailout, Run
from graph.execution.value_completion import Selection
from graph.limits.fair_cache import FairCache

# Every condition doubles the forms that an operation can have.
MAX_CONDITION_VARIABLES = 4
MAX_VARIABLE_ERRORS = 1


class Evicted(PlanBailout):
    """The plan made room for others a moment ago."""


# What a caller did wrong, or MongoDB: it says nothing about the plan.
_NO_SURPRISES = (RequestError, Denied, Evicted, PyMongoError)


class Plan:
    """How one operation is answered, with one choice of what its variables skip and include."""

    def __init__(self, selection: Selection, shown: Projections, *, steps: int) -> None:
        self.shown = shown
        """The fields that it reads of documents, for the loaders that it runs with."""
        self.steps = steps
        """How large it is."""
        self.is_cached = True
        """False once it was dropped: nobody may begin with it."""
        self._selection = selection

    def evict(self) -> None:
        """Frees its memory; who just executes it has all that they need."""
        self.is_cached = False
        self._selection = _EMPTY_SELECTION

    async def execute(self, run: Run) -> dict[str, Any]:
        """`data` of the answer.

        Raises:
            Exception: whatever a resolver raises; graphql-core tells which field it is about.
        """
        if not self.is_cached:
            raise Evicted
        if not self.is_async:
            return self.execute_now(run)
        rows: list[dict[str, Any]] = await self._selection.complete(run, [run.root_value])
        return rows[0]

    @property
    def is_async(self) -> bool:
        """Whether something has to be waited for, such as a look-up."""
        return self._selection.is_async

    def execute_now(self, run: Run) -> dict[str, Any]:
        """The same at once, of a plan that is not `is_async`."""
        rows: list[dict[str, Any]] = self._selection.complete(run, [run.root_value])
        return rows[0]


_EMPTY_SELECTION = Selection()


# A step takes some 2.5 kB; an operation of an app has 10 to 100.
MAX_STEPS_KEPT = 20_000


class PlanCache:
    """Those of one schema, of queries and of subscriptions."""

    def __init__(self, *, max_steps: int = MAX_STEPS_KEPT) -> None:
        self._kept: FairCache[Plan, Plan] = FairCache(max_steps, on_evict=lambda plan: plan.evict())

    @property
    def steps(self) -> int:
        """How large they are together."""
        return self._kept.size

    def use(self, plan: Plan, caller: Hashable) -> None:
        """Keeps a plan that is new or used again; where room is needed, plans are dropped of the
        caller who has most.
        """
        if self._kept.get(plan, caller) is None:
            self._kept.add(plan, plan, caller, size=plan.steps)


# Bail-outs in a row after which a caller's operations go to graphql-core at once, for a while:
# trying the plan first would make each of them cost more.
MAX_BAILOUTS = 5
PAUSE_SECONDS = 30.0
MAX_CALLERS = 256


class Bailouts:
    """Those of the plans of one operation."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        # How many in a row, and until when the plan is paused.
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
        """Forgets the bail-outs of a caller whom the plan has just answered."""
        if self._callers:
            self._callers.pop(caller, None)


_CONDITIONS = frozenset({"skip", "include"})


class _Finder(Visitor):
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
    """Their names, each once."""
    finder = _Finder()
    for node in (operation, *fragments.values()):
        visit(node, finder)
    return tuple(finder.names)


class OperationPlans:
    """The plans of one operation of a checked document, as far as `kept` has room for them."""

    def __init__(
        self,
        strawberry_schema: Any,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        kept: PlanCache,
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
        self, variables: Mapping[str, Any] | None, *, context: Context, caller: Hashable
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

    def record_success(self, caller: Hashable) -> None:
        self._bailouts.reset(caller)

    def record_bailout(self, error: Exception, caller: Hashable) -> None:
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
        if key not in self._plans or (plan is not None and not plan.is_cached):
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
