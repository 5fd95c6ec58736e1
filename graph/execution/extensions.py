"""What happens around each operation: caches, limits, what it costs, a deadline for MongoDB."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context as ContextVariables
from typing import Any, TypeVar

import pymongo
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from graph.core.upload_scalar import FileVariables
from graph.limits import Document
from graph.limits.document import Cost
from graph.limits.gate import Gate, OperationRequest, find_caller, tell_cost

DATABASE_DEADLINE_SECONDS = 4.0
Result = TypeVar("Result")


class CheckedDocument(SchemaExtension):
    """Reads the document, checks it against the limits and the schema, and charges what it costs.

    This holds for queries, mutations and subscriptions on every transport: all of them pass here,
    or, where a plan answers them, through `graph.execution.known_queries`, which asks the same
    gate.
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
            execution.query or "", find_caller(execution.context)
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
                    execution.schema._schema,
                    find_caller(execution.context),
                )
            request = OperationRequest(
                self._document,
                execution.query or "",
                execution.variables,
                execution._provided_operation_name,
                execution.context,
            )
            execution.pre_execution_errors, self._cost = self._gate.admit(request)
        yield

    def get_results(self) -> dict[str, Any]:
        """`extensions.cost` of an answer; events of a subscription do without."""
        execution, cost = self.execution_context, self._cost
        if cost is None or execution.operation_type is OperationType.SUBSCRIPTION:
            return {}
        return tell_cost(cost)


class DatabaseDeadline(SchemaExtension):
    """Queries and mutations hear within seconds that MongoDB is away; subscriptions go on."""

    def on_execute(self) -> Iterator[None]:
        execution = self.execution_context
        # Storing a file takes as long as it takes; each of its steps has a deadline of its own.
        stores_files = (
            isinstance(execution.variables, FileVariables)
            and execution.operation_type is OperationType.MUTATION
        )
        if stores_files or execution.operation_type is OperationType.SUBSCRIPTION:
            yield
            return
        with pymongo.timeout(DATABASE_DEADLINE_SECONDS):
            yield


async def run_without_deadline(work: Coroutine[Any, Any, Result]) -> Result:
    """Ends what a mutation began, such as a deletion, even after its caller has left."""
    # pymongo keeps the deadline in a context variable, which a context of its own does not have.
    task = asyncio.create_task(work, context=ContextVariables())
    keep(task)
    return await asyncio.shield(task)


def keep(task: asyncio.Task[Any]) -> None:
    """Holds a task that nobody waits for any more: the event loop itself would let it go."""
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)


_unfinished: set[asyncio.Task[Any]] = set()


def list_extensions(gate: Gate) -> list[Callable[[], SchemaExtension]]:
    """Those of a schema whose documents this gate remembers."""
    return [lambda: CheckedDocument(gate), DatabaseDeadline]
