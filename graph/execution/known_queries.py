"""Known queries: executed by a plan, or by graphql-core as the fallback.

Strawberry parses and checks a new document. Afterwards its operations are executed here without
Strawberry's per-request overhead, with the same gate, deadlines and error masking.
"""

import asyncio
import logging
import time
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
from graph.core.strawberry_internals import get_graphql_schema
from graph.execution.plan import OperationPlans, PlanCache
from graph.limits.document import Cost, Document
from graph.limits.gate import Gate, OperationRequest
from graph.limits.places import Places
from telemetry import traces
from telemetry.metrics import operations as metrics

logger = logging.getLogger(__name__)

_PLANNED = metrics.PLANS["planned"]


class KnownQueries:
    """Executes the known queries of a schema."""

    def __init__(
        self,
        strawberry_schema: Any,
        gate: Gate,
        *,
        mask: Callable[[list[GraphQLError], Context], None],
        places: Places,
        database_seconds: float,
        plan_steps: int,
    ) -> None:
        self.uses_plans = True
        self.planned = 0
        """Number of operations executed by plans."""
        self.bailed_out = 0
        """Number of bailouts."""
        self._strawberry_schema = strawberry_schema
        self._gate = gate
        self._mask = mask
        self._places = places
        self._database_seconds = database_seconds
        self.plan_cache = PlanCache(max_steps=plan_steps)
        self._plans: WeakKeyDictionary[Document, dict[str, OperationPlans]] = WeakKeyDictionary()

    def find(
        self, query: str | None, operation_name: str | None, *, caller: Hashable
    ) -> Document | None:
        """Returns the checked document if it is known and the operation is a query."""
        document = self._gate.documents.get(query or "", caller)
        if document is None or document.errors:
            return None
        operation = document.find_operation(operation_name)
        is_query = operation is not None and operation.operation is OperationType.QUERY
        return document if is_query else None

    async def execute(self, request: OperationRequest, *, seconds: float | None) -> ExecutionResult:
        """Executes an operation of a document from `find`."""
        result, cost = await self._admit_and_execute(request, seconds)
        result.extensions = self._gate.describe_cost(cost, result.errors or (), request.context)
        return result

    async def _admit_and_execute(
        self, request: OperationRequest, seconds: float | None
    ) -> tuple[ExecutionResult, Cost | None]:
        try:
            self._gate.check_rate(request.context)
        except GraphQLError as refusal:
            return self._refuse([refusal], request.context), None
        errors, cost = self._gate.admit(request)
        if errors:
            return self._refuse(errors, request.context), cost
        started = time.perf_counter()
        name = _find_name(request)
        with traces.operation_span("query", name):
            result = await self._execute_in_time(request, seconds)
        metrics.observe_operation("query", name, time.perf_counter() - started)
        return result, cost

    async def _execute_in_time(
        self, request: OperationRequest, seconds: float | None
    ) -> ExecutionResult:
        try:
            async with asyncio.timeout(seconds) as deadline:
                return await self._execute_in_turn(request)
        except TimeoutError as error:
            if seconds is None or not deadline.expired():
                return self._fail(error, request.context)
            return self._refuse([OperationTimedOut(seconds, continues=False)], request.context)
        except Exception as error:  # noqa: BLE001 - format_errors logs it
            return self._fail(error, request.context)

    async def _execute_in_turn(self, request: OperationRequest) -> ExecutionResult:
        async with self._places.hold(request.context):
            with pymongo.timeout(self._database_seconds):
                return await self._execute_request(request)

    async def _execute_request(self, request: OperationRequest) -> ExecutionResult:
        document, _, variables, operation_name, context = request
        operation = document.find_operation(operation_name)
        # Anonymous callers can only read the schema, which plans do not support.
        if self.uses_plans and operation is not None and context.viewer is not None:
            try:
                data = await self._run_plan(operation, request)
            except ResponseTooLarge as error:
                return ExecutionResult(data=None, errors=[error])
            if data is not None:
                return ExecutionResult(data=data, errors=None)
            context.loaders = Loaders()  # the plan may have read parts of documents
        metrics.PLANS["executed"].inc()
        result = await await_maybe(
            execute(
                get_graphql_schema(self._strawberry_schema),
                document.node,
                variable_values=dict(variables or {}),
                operation_name=operation_name,
                context_value=context,
                executor_class=self._strawberry_schema.execution_context_class,
            )
        )
        if result.errors:
            self._mask(result.errors, context)
        return ExecutionResult(data=result.data, errors=result.errors)

    async def _run_plan(
        self, operation: OperationDefinitionNode, request: OperationRequest
    ) -> dict[str, Any] | None:
        plans = self._find_plans(request.document, operation)
        caller = request.context.caller
        planned = plans.create_run(request.variables, context=request.context, caller=caller)
        if planned is None:
            return None
        plan, run = planned
        request.context.loaders = Loaders(plan.projections)
        try:
            data = await plan.execute(run)
        except ResponseTooLarge:
            raise  # graphql-core would raise the same error
        except PyMongoError:
            # No bailout: graphql-core reports the outage within the same deadline.
            logger.debug("A plan failed: MongoDB is unavailable")
        except Exception as error:  # noqa: BLE001 - graphql-core executes the operation and reports the error
            plans.record_bailout(error, caller)
            self.bailed_out += 1
            metrics.PLANS["bailed_out"].inc()
            logger.debug("A plan bailed out: %s", type(error).__name__)
        else:
            self.planned += 1
            _PLANNED.inc()
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
        if not isinstance(error, GraphQLError):
            error = GraphQLError(str(error), original_error=error)
        return self._refuse([error], context)


def _find_name(request: OperationRequest) -> str | None:
    operation = request.document.find_operation(request.operation_name)
    return operation.name.value if operation is not None and operation.name else None
