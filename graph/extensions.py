"""What happens around each operation: caches, limits, error codes, a deadline for MongoDB."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeVar

import pymongo
from graphql import DocumentNode, GraphQLError, OperationDefinitionNode
from strawberry.extensions import MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.schema import validate_document
from strawberry.types.graphql import OperationType

from graph.errors import ErrorCode, RequestError, bad_input, hide_values
from graph.introspection import find_introspection, shows_schema
from graph.limits import MAX_TOKENS, find_excess
from graph.uploads import FileVariables

DATABASE_DEADLINE_SECONDS = 4.0
CACHED_DOCUMENTS = 128
MAX_CACHED_CHARACTERS = 8000
Result = TypeVar("Result")


class BoundedParserCache(ParserCache):
    """Keeps small documents only, so that nobody fills the memory with large ones."""

    def on_parse(self) -> Iterator[None]:
        query = self.execution_context.query
        if query is not None and len(query) <= MAX_CACHED_CHARACTERS:
            # What can't be parsed is parsed again by the schema, which reports it as it should.
            with suppress(GraphQLError, RecursionError):
                self.execution_context.graphql_document = self.cached_parse_document(
                    query, **self.execution_context.parse_options
                )
        yield


class CheckedValidation(ValidationCache):
    """Validation with our limits before it and a code on what it finds."""

    def on_validate(self) -> Iterator[None]:
        try:
            refusal = self._find_refusal()
            # Some of the standard rules take long on just the documents that the limits refuse.
            errors = [refusal] if refusal else [_mark(error) for error in self._validate()]
        except RecursionError:
            errors = [RequestError(ErrorCode.QUERY_TOO_COMPLEX, "It is nested too deeply.")]
        self.execution_context.pre_execution_errors = errors
        yield

    def _validate(self) -> list[GraphQLError]:
        execution = self.execution_context
        if execution.graphql_document is None:
            return []
        is_small = len(execution.query or "") <= MAX_CACHED_CHARACTERS
        validate = self.cached_validate_document if is_small else validate_document
        errors: list[GraphQLError] = validate(
            execution.schema._schema, execution.graphql_document, execution.validation_rules
        )
        return errors

    def _find_refusal(self) -> GraphQLError | None:
        document = self.execution_context.graphql_document
        if document is None:
            return None
        operations = [
            definition
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode)
        ]
        if len(operations) > 1 and self.execution_context._provided_operation_name is None:
            return bad_input("The document has several operations: name one in `operationName`.")
        return self._refuse_introspection(document) or find_excess(document)

    def _refuse_introspection(self, document: DocumentNode) -> GraphQLError | None:
        if shows_schema(self.execution_context.context):
            return None
        return find_introspection(document, self.execution_context.query or "")


def _mark(error: GraphQLError) -> GraphQLError:
    return GraphQLError(
        hide_values(error.message),
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        extensions={"code": ErrorCode.GRAPHQL_VALIDATION_FAILED.value},
    )


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
    task = asyncio.create_task(work, context=Context())
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    return await asyncio.shield(task)


# The event loop itself would let a task go that nobody waits for any more.
_unfinished: set[asyncio.Task[Any]] = set()


EXTENSIONS = (
    lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
    lambda: BoundedParserCache(maxsize=CACHED_DOCUMENTS),
    lambda: CheckedValidation(maxsize=CACHED_DOCUMENTS),
    DatabaseDeadline,
)
