"""What happens around each operation: caches, limits, what it costs, a deadline for MongoDB."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context as ContextVariables
from typing import Any, TypeVar

import pymongo
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from graph.context import Context
from graph.errors import ErrorCode, RequestError, bad_input
from graph.introspection import find_introspection, shows_schema
from graph.limits import Document, DocumentCache, Limits, find_excess_of_values
from graph.limits.document import Cost
from graph.uploads import FileVariables

DATABASE_DEADLINE_SECONDS = 4.0
Result = TypeVar("Result")


class CheckedDocument(SchemaExtension):
    """Reads the document, checks it against the limits and the schema, and charges what it costs.

    This holds for queries, mutations and subscriptions on every transport: all of them pass here.
    """

    def __init__(self, cache: DocumentCache) -> None:
        self._cache = cache
        self._document: Document | None = None
        self._cost: Cost | None = None

    def on_operation(self) -> Iterator[None]:
        context = self._context
        if context is not None:
            context.services.rate_limits.check(context.viewer, context.client_address)
        limits = self._cache.limits
        # Counted while the document is read: what is too long is read no further.
        options: dict[str, Any] = dict(self.execution_context.parse_options)
        options |= {"max_tokens": limits.tokens, "max_source_length": limits.characters}
        self.execution_context.parse_options = options  # type: ignore[assignment]  # its TypedDict lacks one
        yield

    def on_parse(self) -> Iterator[None]:
        execution = self.execution_context
        self._document = self._cache.get(execution.query or "")
        if self._document is not None:
            execution.graphql_document = self._document.node
        yield

    def on_validate(self) -> Iterator[None]:
        execution = self.execution_context
        if execution.graphql_document is not None:
            if self._document is None:
                self._document = self._cache.add(
                    execution.query or "", execution.graphql_document, execution.schema._schema
                )
            execution.pre_execution_errors = self._find_errors(self._document)
        yield

    def get_results(self) -> dict[str, Any]:
        """`extensions.cost` of an answer; events of a subscription do without."""
        execution, cost = self.execution_context, self._cost
        if cost is None or not cost.data or execution.operation_type is OperationType.SUBSCRIPTION:
            return {}
        return {"cost": {"requested": cost.data, "limit": cost.limit}}

    def _find_errors(self, document: Document) -> list[GraphQLError]:
        errors = self._find_refusals(document)
        context = self._context
        if context is None:
            return errors
        limits, caller = context.services.rate_limits, (context.viewer, context.client_address)
        if errors:
            limits.charge_refused(*caller)
        elif self._cost is not None:
            try:
                limits.charge(*caller, self._cost.total)
            except RequestError as refusal:
                return [refusal]
        return errors

    def _find_refusals(self, document: Document) -> list[GraphQLError]:
        execution = self.execution_context
        name = execution._provided_operation_name
        if refusal := self._refuse_introspection(document):
            return [refusal]
        if document.errors:
            return list(document.errors)
        if len(document.operations) > 1 and name is None:
            return [bad_input("The document has several operations: name one in `operationName`.")]
        if excess := find_excess_of_values(execution.variables):
            return [RequestError(ErrorCode.QUERY_TOO_COMPLEX, excess)]
        self._cost = document.find_cost(execution.operation_name, execution.variables)
        too_much = self._cost.find_excess()
        return [too_much] if too_much else []

    def _refuse_introspection(self, document: Document) -> GraphQLError | None:
        if shows_schema(self.execution_context.context):
            return None
        return find_introspection(document.node, self.execution_context.query or "")

    @property
    def _context(self) -> Context | None:
        context = self.execution_context.context
        return context if isinstance(context, Context) else None


class DatabaseDeadline(SchemaExtension):
    """Queries and mutations hear within seconds that MongoDB is away; subscriptions go on."""

    def on_execute(self) -> Iterator[None]:
        execution = self.execution_context
        is_live = execution.operation_type is OperationType.SUBSCRIPTION
        # Storing a file takes as long as it takes; each of its steps has a deadline of its own.
        if is_live or isinstance(execution.variables, FileVariables):
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


def list_extensions(limits: Limits) -> list[Callable[[], SchemaExtension]]:
    """Those of a schema: what they remember of documents belongs to it alone."""
    cache = DocumentCache(limits)
    return [lambda: CheckedDocument(cache), DatabaseDeadline]
