"""The schema, and the execution of its operations."""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Mapping
from copy import copy
from functools import cache
from typing import Any

from graphql import GraphQLError, Undefined, get_named_type
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from graph.core.context import Context
from graph.core.errors import OperationTimedOut, format_errors, hide_suggestions
from graph.core.scalars import SCALARS, UPLOAD_SCALAR, FileVariables, Upload
from graph.core.strawberry_internals import InterceptedSchema, get_graphql_schema
from graph.documents.documents import Documents
from graph.event_types import EVENT_TYPES
from graph.execution.extensions import MeteredExecutor, hold_task, list_extensions
from graph.execution.known_queries import KnownQueries
from graph.limits.bounds import Limits
from graph.limits.gate import Gate, OperationRequest, allows_introspection
from graph.limits.places import Places
from graph.mutations.account_setup import AccountSetupMutations
from graph.mutations.accounts import AccountMutations
from graph.mutations.auth.agents import AgentMutations
from graph.mutations.auth.api_keys import ApiKeyMutations
from graph.mutations.auth.workspaces import WorkspaceMutations
from graph.mutations.contacts import ContactMutations
from graph.mutations.conversations import ConversationMutations
from graph.mutations.inbox.notes import NoteMutations
from graph.mutations.inbox.quick_replies import QuickReplyMutations
from graph.mutations.messages import MessageMutations
from graph.mutations.parked_items import ParkedItemMutations
from graph.mutations.tags import TagMutations
from graph.mutations.templates import TemplateMutations
from graph.mutations.uploads import UploadMutations
from graph.mutations.users import UserMutations
from graph.queries import Query
from graph.subscriptions import Subscription
from graph.types.content.content import CONTENT_TYPES
from graph.types.user_errors import USER_ERROR_TYPES
from telemetry import traces
from telemetry.metrics.operations import observe_operation
from whatsapp.common.capacity import Capacity
from whatsapp.common.timeouts import Timeouts

MUTATIONS = (
    AccountMutations,
    AccountSetupMutations,
    MessageMutations,
    UploadMutations,
    ConversationMutations,
    NoteMutations,
    ContactMutations,
    TagMutations,
    UserMutations,
    TemplateMutations,
    QuickReplyMutations,
    ParkedItemMutations,
    AgentMutations,
    ApiKeyMutations,
    WorkspaceMutations,
)

DESCRIPTIONS = {
    "Query": "Queries.",
    "Mutation": "Mutations. Refusals are reported in `userErrors` of the payload.",
    "Subscription": "Subscriptions, over a WebSocket with graphql-transport-ws or as an event"
    " stream with `Accept: text/event-stream`.",
}


class WagraphSchema(InterceptedSchema):
    """Executes operations with a deadline, and masks their errors.

    A query is cancelled at its deadline. A mutation continues, so that it is not half done, and the
    error calls its outcome unknown.
    """

    operation_seconds: float | None = None
    known_queries: KnownQueries
    documents: Documents
    places: Places

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        self.mask(errors, execution_context.context if execution_context else None)

    def mask(self, errors: list[GraphQLError], context: object) -> None:
        """Masks errors in place, and logs the details."""
        request_id = context.request_id if isinstance(context, Context) else "unknown"
        errors[:] = format_errors(errors, request_id=request_id)
        codes = sorted({str((error.extensions or {}).get("code")) for error in errors})
        traces.add_attributes({"wagraph.error.codes": ",".join(codes)})
        if not allows_introspection(context):
            for error in errors:
                error.message = hide_suggestions(error.message)

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Executes a known query, or any operation by Strawberry's `Schema.execute`."""
        if isinstance(context_value, Context) and not isinstance(variable_values, FileVariables):
            document = self.known_queries.find(query, operation_name, caller=context_value.caller)
            if document is not None:
                request = OperationRequest(
                    document, query or "", variable_values, operation_name, context_value
                )
                return await self.known_queries.execute(request, seconds=self.operation_seconds)
        return await super().execute(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed_operation_types,
            operation_extensions,
        )

    async def run_operation(
        self, execution: ExecutionContext, work: Coroutine[Any, Any, Any]
    ) -> Any:
        """Executes a query or mutation in its turn and within its deadline, and measures it.

        Raises:
            OperationTimedOut
        """
        labels = execution.operation_type.value, execution.operation_name
        started = time.perf_counter()
        try:
            with traces.operation_span(*labels):
                return await self._run_in_time(execution, work)
        finally:
            observe_operation(*labels, time.perf_counter() - started)

    async def _run_in_time(
        self, execution: ExecutionContext, work: Coroutine[Any, Any, Any]
    ) -> Any:
        viewer = getattr(execution.context, "viewer", None)
        # Uploads have their own concurrency limit.
        if viewer is not None and not isinstance(execution.variables, FileVariables):
            work = _take_place(self.places, execution.context, work)
        if execution.operation_type is OperationType.MUTATION:
            seconds = self.operation_seconds
            if seconds is not None and isinstance(execution.variables, FileVariables):
                seconds += execution.variables.seconds
            return await _await_mutation(asyncio.create_task(work, name="mutation"), seconds)
        try:
            async with asyncio.timeout(self.operation_seconds) as deadline:
                return await work
        except TimeoutError:
            if self.operation_seconds is None or not deadline.expired():
                raise
            raise OperationTimedOut(self.operation_seconds, continues=False) from None


async def _take_place(places: Places, context: Context, work: Coroutine[Any, Any, Any]) -> Any:
    try:
        async with places.hold(context):
            return await work
    finally:
        work.close()  # if it never started


async def _await_mutation(mutation: asyncio.Task[Any], seconds: float | None) -> Any:
    hold_task(mutation)
    await asyncio.wait([mutation], timeout=seconds)
    if not mutation.done() and seconds is not None:
        raise OperationTimedOut(seconds, continues=True)
    return mutation.result()


def create_schema(
    limits: Limits | None = None,
    *,
    operation_seconds: float | None = None,
    timeouts: Timeouts = Timeouts(),
    uses_plans: bool = True,
    capacity: Capacity = Capacity(),
    trusted_documents: Mapping[str, str] | None = None,
    allows_other_documents: bool = True,
) -> WagraphSchema:
    """Creates the schema, by default with the limits of the settings' defaults."""
    limits = limits or Limits.from_settings()
    places = Places(capacity=capacity, timeouts=timeouts)
    gate = Gate(limits, places)
    schema = copy(_build_types())
    database_seconds = timeouts.database_deadline_seconds
    schema.extensions = tuple(list_extensions(gate, database_seconds=database_seconds))
    schema.operation_seconds = operation_seconds
    schema.documents = Documents(
        trusted_documents, limits=limits, allows_others=allows_other_documents
    )
    schema.places = places
    schema.known_queries = KnownQueries(
        schema,
        gate,
        mask=schema.mask,
        places=places,
        database_seconds=database_seconds,
        plan_steps=capacity.plan_steps,
    )
    schema.known_queries.uses_plans = uses_plans
    return schema


@cache
def _build_types() -> WagraphSchema:
    """Builds the types, which all schemas share because it takes 0.1 s."""
    schema = WagraphSchema(
        query=Query,
        mutation=merge_types("Mutation", MUTATIONS),
        subscription=Subscription,
        types=[*EVENT_TYPES.values(), *USER_ERROR_TYPES, *CONTENT_TYPES],
        execution_context_class=MeteredExecutor,
        config=StrawberryConfig(scalar_map={Upload: UPLOAD_SCALAR, **SCALARS}),
    )
    _complete_descriptions(schema)
    return schema


def _complete_descriptions(schema: WagraphSchema) -> None:
    """Completes descriptions and drops null defaults, which add nothing to an optional value."""
    for graphql_type in get_graphql_schema(schema).type_map.values():
        if graphql_type.name.startswith("__"):
            continue
        graphql_type.description = DESCRIPTIONS.get(graphql_type.name, graphql_type.description)
        _end_sentence(graphql_type)
        for field in getattr(graphql_type, "fields", {}).values():
            _end_sentence(field)
            _drop_null_default(field)
            for argument in getattr(field, "args", {}).values():
                _drop_null_default(argument)
                if argument.description is None:
                    argument.description = get_named_type(argument.type).description


def _drop_null_default(value: Any) -> None:
    if getattr(value, "default_value", Undefined) is None:
        value.default_value = Undefined


def _end_sentence(described: Any) -> None:
    text = described.description
    if text and not text.endswith((".", "?")):
        described.description = f"{text}."


def print_schema_text() -> str:
    """Returns the content of `schema.graphql`."""
    return create_schema().as_str() + "\n"
