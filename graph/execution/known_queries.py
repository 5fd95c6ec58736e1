"""Queries that were asked before: answered by a plan, or, where none can, by graphql-core.

The first time a document comes, Strawberry reads and checks it. From then on it is known, and what
Strawberry does around an execution is done here with less ado: the same gate, the same deadlines,
the same masking of errors.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakKeyDictionary

import pymongo
from graphql import GraphQLError, OperationDefinitionNode, OperationType, execute
from pymongo.errors import PyMongoError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.utils.await_maybe import await_maybe

from graph.core.context import Context
from graph.core.errors import OperationTimedOut
from graph.core.loaders import Loaders
from graph.core.responses import ResponseTooLarge
from graph.execution.extensions import DATABASE_DEADLINE_SECONDS
from graph.execution.plan import OperationPlans, PlanCache
from graph.limits.document import Document
from graph.limits.gate import Gate, OperationRequest, format_cost
from whatsapp.common.fair_shares import FairTurns

logger = logging.getLogger(__name__)


class KnownQueries:
    """One per schema."""

    def __init__(
        self,
        strawberry_schema: Any,
        gate: Gate,
        *,
        mask: Callable[[list[GraphQLError], Context], None],
        turns: FairTurns,
    ) -> None:
        self.uses_plans = True
        self.planned = 0
        """How many answers plans have given."""
        self.bailed_out = 0
        """How many they gave up."""
        self._strawberry_schema = strawberry_schema
        self._gate = gate
        self._mask = mask
        self._turns = turns
        self.plan_cache = PlanCache()
        self._plans: WeakKeyDictionary[Document, dict[str, OperationPlans]] = WeakKeyDictionary()

    def find(
        self, query: str | None, operation_name: str | None, *, caller: Hashable
    ) -> Document | None:
        """The checked document, if it is known and this operation of it is a query."""
        document = self._gate.documents.get(query or "", caller)
        if document is None or document.errors:
            return None
        operation = document.find_operation(operation_name)
        is_query = operation is not None and operation.operation is OperationType.QUERY
        return document if is_query else None

    async def execute(self, request: OperationRequest, *, seconds: float | None) -> ExecutionResult:
        """The answer to an operation of a document that `find` has given."""
        try:
            self._gate.check_rate(request.context)
        except GraphQLError as refusal:
            return self._refuse([refusal], request.context)
        errors, cost = self._gate.admit(request)
        if errors:
            result: ExecutionResult = self._refuse(errors, request.context)
        else:
            result = await self._execute_in_time(request, seconds)
        result.extensions = format_cost(cost)
        return result

    async def _execute_in_time(
        self, request: OperationRequest, seconds: float | None
    ) -> ExecutionResult:
        try:
            async with asyncio.timeout(seconds) as deadline:
                return await self._answer_in_turn(request)
        except TimeoutError as error:
            if seconds is None or not deadline.expired():
                return self._fail(error, request.context)
            return self._refuse([OperationTimedOut(seconds, goes_on=False)], request.context)
        except Exception as error:  # noqa: BLE001 - the operation's edge: format_errors logs it
            return self._fail(error, request.context)

    async def _answer_in_turn(self, request: OperationRequest) -> ExecutionResult:
        async with self._turns.hold(request.context.caller):
            with pymongo.timeout(DATABASE_DEADLINE_SECONDS):
                return await self._answer(request)

    async def _answer(self, request: OperationRequest) -> ExecutionResult:
        document, _, variables, operation_name, context = request
        operation = document.find_operation(operation_name)
        # Whoever has not signed in sees no field that a plan could be made for.
        if self.uses_plans and operation is not None and context.viewer is not None:
            try:
                data = await self._run_plan(operation, request)
            except ResponseTooLarge as error:
                return ExecutionResult(data=None, errors=[error])
            if data is not None:
                return ExecutionResult(data=data, errors=None)
            context.loaders = Loaders()  # what a plan has read may be parts of documents only
        found = await await_maybe(
            execute(
                self._strawberry_schema._schema,
                document.node,
                variable_values=dict(variables or {}),
                operation_name=operation_name,
                context_value=context,
                executor_class=self._strawberry_schema.execution_context_class,
            )
        )
        if found.errors:
            self._mask(found.errors, context)
        return ExecutionResult(data=found.data, errors=found.errors)

    async def _run_plan(
        self, operation: OperationDefinitionNode, request: OperationRequest
    ) -> dict[str, Any] | None:
        plans = self._find_plans(request.document, operation)
        caller = request.context.caller
        begun = plans.begin(request.variables, context=request.context, caller=caller)
        if begun is None:
            return None
        plan, run = begun
        request.context.loaders = Loaders(plan.shown)
        try:
            data = await plan.execute(run)
        except ResponseTooLarge:
            raise  # graphql-core would say the same
        except PyMongoError:
            # Nothing surprising, and graphql-core would wait for MongoDB just as long.
            logger.debug("A plan ended: MongoDB failed")
        except Exception as error:  # noqa: BLE001 - whatever it is, graphql-core tells it in its place
            plans.record_bailout(error, caller)
            self.bailed_out += 1
            logger.debug("A plan was surprised: %s", type(error).__name__)
        else:
            self.planned += 1
            plans.record_success(caller)
            return data
        return None

    def _find_plans(self, document: Document, operation: OperationDefinitionNode) -> OperationPlans:
        plans = self._plans.setdefault(document, {})
        name = operation.name.value if operation.name else ""
        if name not in plans:
            plans[name] = OperationPlans(
                self._strawberry_schema, operation, document.fragments, self.plan_cache
            )
        return plans[name]

    def _refuse(self, errors: list[GraphQLError], context: Context) -> PreExecutionError:
        self._mask(errors, context)
        return PreExecutionError(data=None, errors=errors)

    def _fail(self, error: Exception, context: Context) -> PreExecutionError:
        shown = error if isinstance(error, GraphQLError) else None
        return self._refuse([shown or GraphQLError(str(error), original_error=error)], context)
