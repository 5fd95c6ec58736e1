"""Strawberry extensions and executor: document cache, limits, deadline and response size."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pymongo
from graphql import ExecutionResult, GraphQLLeafType
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionContext
from strawberry.types.graphql import OperationType

from graph.core.responses import ResponseMeter, ResponseTooLarge, create_meter, measure_keys
from graph.core.scalars import FileVariables
from graph.core.strawberry_internals import get_given_operation_name, get_graphql_schema
from graph.limits.document import Cost, Document
from graph.limits.gate import Gate, OperationRequest, get_caller
from models.database.deadline import copy_context_without_deadline

Result = TypeVar("Result")


class CheckedDocument(SchemaExtension):
    """Caches the document, checks limits and schema, and charges the cost.

    Every operation that no plan executes passes here; plans use the same gate.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._document: Document | None = None
        self._cost: Cost | None = None

    def on_operation(self) -> Iterator[None]:
        self._gate.check_rate(self.execution_context.context)
        yield

    def on_parse(self) -> Iterator[None]:
        execution = self.execution_context
        self._document = self._gate.documents.get(
            execution.query or "", get_caller(execution.context)
        )
        if self._document is None:
            self._gate.check_text(execution.query or "", execution.context)
        else:
            execution.graphql_document = self._document.node
        yield

    def on_validate(self) -> Iterator[None]:
        execution = self.execution_context
        if execution.graphql_document is not None:
            if self._document is None:
                self._document = self._gate.documents.add(
                    execution.query or "",
                    execution.graphql_document,
                    get_graphql_schema(execution.schema),
                    get_caller(execution.context),
                )
            request = OperationRequest(
                self._document,
                execution.query or "",
                execution.variables,
                get_given_operation_name(execution),
                execution.context,
            )
            execution.pre_execution_errors, self._cost = self._gate.admit(request)
        yield

    def get_results(self) -> dict[str, Any]:
        """Returns `extensions.cost`, except for events of a subscription."""
        execution, errors = self.execution_context, self.execution_context.pre_execution_errors
        if self._cost is not None and not errors and _is_subscription(execution):
            return {}
        return self._gate.describe_cost(self._cost, errors or (), execution.context)


def _is_subscription(execution: ExecutionContext) -> bool:
    return execution.operation_type is OperationType.SUBSCRIPTION


class DatabaseDeadline(SchemaExtension):
    """Sets a MongoDB deadline for queries and mutations; subscriptions have none."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds

    def on_execute(self) -> Iterator[None]:
        execution = self.execution_context
        # Storing a file may take longer; each of its steps has its own deadline.
        stores_files = (
            isinstance(execution.variables, FileVariables)
            and execution.operation_type is OperationType.MUTATION
        )
        if stores_files or _is_subscription(execution):
            yield
            return
        with pymongo.timeout(self._seconds):
            yield


async def run_without_deadline(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs a task such as a deletion to its end, even after the caller disconnects."""
    task = asyncio.create_task(work, context=copy_context_without_deadline())
    hold_task(task)
    return await asyncio.shield(task)


def hold_task(task: asyncio.Task[Any]) -> None:
    """Keeps a reference to a task, because the event loop has a weak reference only."""
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)


_unfinished: set[asyncio.Task[Any]] = set()


def list_extensions(gate: Gate, *, database_seconds: float) -> list[Callable[[], SchemaExtension]]:
    """Lists the extensions of a schema with this gate."""
    return [lambda: CheckedDocument(gate), lambda: DatabaseDeadline(seconds=database_seconds)]


class MeteredExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor that ends an operation when its response is too large."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._meter: ResponseMeter = create_meter(self.context_value)

    def build_per_event_executor(self, payload: Any) -> "MeteredExecutor":
        executor: Any = super().build_per_event_executor(payload)
        executor._meter = create_meter(self.context_value, is_event=True)
        return executor  # type: ignore[no-any-return]  # a copy of this one

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Any, grouped: Any, position: Any
    ) -> Any:
        self._meter.add(measure_keys(tuple(grouped)))
        return super().execute_fields(parent_type, source_value, path, grouped, position)

    def complete_leaf_value(self, return_type: GraphQLLeafType, result: Any) -> Any:  # type: ignore[override]  # a static method there
        completed = super().complete_leaf_value(return_type, result)
        self._meter.add_value(completed)
        return completed

    def handle_field_error(
        self, raw_error: Exception, return_type: Any, details: Any, path: Any
    ) -> None:
        if isinstance(raw_error, ResponseTooLarge):
            raise raw_error  # ends the operation instead of making the field null
        super().handle_field_error(raw_error, return_type, details, path)

    def build_response(self, data: dict[str, Any] | None) -> Any:
        if not self._meter.is_exceeded:
            return super().build_response(data)
        errors = self.collected_errors.errors
        too_large = [error for error in errors if isinstance(error, ResponseTooLarge)]
        return ExecutionResult(data=None, errors=[*too_large[:1]])
