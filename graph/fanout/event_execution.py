"""Execution of a subscription's operation for an event, shared by all members of a group.

The context of the execution belongs to the group: it has the members' rights, and nothing of the
member that joined first.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

from beanie import PydanticObjectId
from graphql import DocumentNode, ExecutionResult, GraphQLError
from strawberry.execution import optimized_is_awaitable
from strawberry.types import ExecutionResult as StrawberryResult

from graph.core.context import Context
from graph.core.errors import format_errors
from graph.core.responses import MAX_EVENT_BYTES, ResponseTooLarge, encode_result, is_request_error
from graph.core.strawberry_internals import get_graphql_schema
from graph.event_types import Event, to_root_value
from graph.events.events import LiveEvent
from graph.events.subscription import CheckedSubscription
from graph.execution.extensions import MeteredExecutor
from graph.execution.plan import OperationPlans, Plan
from graph.execution.run import Memo, Run
from graph.fanout.groups import Groups
from graph.fanout.membership import Membership, Peer
from graph.fanout.operations import OperationShapes
from graph.fanout.payloads import Payload
from graph.schema import WagraphSchema
from models import Role
from telemetry import traces
from telemetry.request_ids import make_request_id
from whatsapp.auth.access import Viewer

logger = logging.getLogger(__name__)

MAX_CACHED_ROOTS = 256
CACHED_ROOT_SECONDS = 1.0


class OperationFailed(GraphQLError):
    """The whole execution failed: the operation ends with these errors."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message, extensions=errors[0].extensions)
        self.errors = errors


def list_errors(error: Exception, *, request_id: str) -> list[GraphQLError]:
    """Returns the errors to send to the peer of a failed operation."""
    if isinstance(error, OperationFailed):
        return error.errors
    if not isinstance(error, GraphQLError):
        error = GraphQLError(str(error), original_error=error)
    return format_errors([error], request_id=request_id)


@dataclass(frozen=True)
class Rights:
    """The access rights shared by a group's members. Resolvers get nothing else about them."""

    role: Role
    workspace_id: PydanticObjectId
    account_ids: frozenset[PydanticObjectId] | None


class EventRoot(NamedTuple):
    """The root value of an event, and the values that groups have resolved from it.

    The memo refers to the root value, so the root value may not refer to the memo: only garbage
    collections would free all documents of an event.
    """

    value: Event
    memo: Memo


class EventRoots:
    """A short-lived cache of events' root values, shared by all groups with the same rights.

    A root value holds the loaders, so documents that several subscriptions select for one event are
    read once. A later replay reads them again.
    """

    def __init__(self) -> None:
        self._roots: OrderedDict[Hashable, tuple[float, EventRoot]] = OrderedDict()

    def get(self, event: LiveEvent, rights: Rights) -> EventRoot:
        key, now = (event.version, rights), time.monotonic()
        made_at, root = self._roots.get(key, (0.0, None))
        if root is None or now - made_at > CACHED_ROOT_SECONDS:
            root = EventRoot(to_root_value(event), Memo())
            self._roots[key] = now, root
            self._roots.move_to_end(key)
            self._evict(now)
        return root

    def _evict(self, now: float) -> None:
        """Drops old values with their documents, which garbage collections would visit."""
        while True:
            key, (made_at, _) = next(iter(self._roots.items()))
            if len(self._roots) <= MAX_CACHED_ROOTS and now - made_at <= CACHED_ROOT_SECONDS:
                return
            del self._roots[key]


class GroupExecution:
    """Executes an operation for events, by a plan or, if that bails out, by graphql-core."""

    def __init__(
        self,
        shared: "Subscriptions",
        subscription: CheckedSubscription,
        variables: Mapping[str, Any] | None,
        context: Context,
    ) -> None:
        self._shared = shared
        self._rights = find_rights(context)
        self._caller = context.caller
        group_context = _make_group_context(context)
        self._context = group_context
        operation, fragments = subscription.operation, subscription.fragments
        document = DocumentNode(definitions=(operation, *fragments.values()))
        executor = MeteredExecutor.build(
            get_graphql_schema(shared.schema),
            document,
            context_value=group_context,
            raw_variable_values=dict(variables or {}),
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # graphql-core expects a TypeGuard
        )
        if isinstance(executor, list):
            raise OperationFailed(executor)
        self._executor = executor
        self._places = shared.schema.places
        self._plan_cache = shared.schema.known_queries.plan_cache
        self._plans = OperationPlans(shared.schema, operation, fragments, self._plan_cache)
        self._planned = (
            self._plans.create_run(variables, context=group_context, caller=self._caller)
            if shared.uses_plans
            else None
        )

    def execute(self, event: LiveEvent) -> Payload | Coroutine[Any, Any, Payload]:
        """Returns the encoded result for an event.

        Raises:
            OperationFailed
        """
        root = self._shared.roots.get(event, self._rights)
        if self._planned is not None and not self._planned[0].is_cached:
            self._planned = None
        if self._planned is None or self._plans.is_paused(self._caller):
            return self._execute_unplanned(root.value)
        plan, run = self._planned
        self._plan_cache.use(plan, self._caller)
        run = run.for_event(root.value, memo=root.memo)
        if plan.is_async:
            return self._wait_for_plan(plan, run, root.value)
        try:
            return self._encode_planned(plan.execute_now(run))
        except ResponseTooLarge as error:
            return self._encode(ExecutionResult(None, [error]))
        except Exception as error:  # noqa: BLE001 - graphql-core reports it in its place
            self._record_bailout(error)
        return self._execute_unplanned(root.value)

    async def _wait_for_plan(self, plan: Plan, run: Run, root: Event) -> Payload:
        try:
            async with self._places.hold_for_event(self._context):
                return self._encode_planned(await plan.execute(run))
        except ResponseTooLarge as error:
            return self._encode(ExecutionResult(None, [error]))
        except Exception as error:  # noqa: BLE001 - as above
            self._record_bailout(error)
        payload = self._execute_unplanned(root)
        return payload if isinstance(payload, Payload) else await payload

    def _encode_planned(self, data: dict[str, Any]) -> Payload:
        self._plans.record_success(self._caller)
        return self._encode(ExecutionResult(data, None))

    def _record_bailout(self, error: Exception) -> None:
        logger.debug("The plan of a subscription bailed out: %s", type(error).__name__)
        self._plans.record_bailout(error, self._caller)

    def _execute_unplanned(self, root: Event) -> Payload | Coroutine[Any, Any, Payload]:
        result = self._executor.build_per_event_executor(root).execute_operation(False)
        if isinstance(result, ExecutionResult):
            return self._encode(result)
        # A task, unlike a coroutine, may be dropped before it has started.
        running = asyncio.ensure_future(self._run_in_place(result))  # type: ignore[arg-type]  # the other types belong to incremental delivery
        running.add_done_callback(lambda _: result.close())  # type: ignore[union-attr]  # a coroutine
        return self._finish(running)

    async def _run_in_place(self, result: Awaitable[ExecutionResult]) -> ExecutionResult:
        async with self._places.hold_for_event(self._context):
            return await result

    async def _finish(self, result: Awaitable[ExecutionResult]) -> Payload:
        return self._encode(await result)

    def _encode(self, result: ExecutionResult) -> Payload:
        errors = list(result.errors or ())
        if errors:
            self._shared.schema.mask(errors, self._context)
        formatted = StrawberryResult(data=result.data, errors=errors or None)
        if is_request_error(formatted):
            raise OperationFailed(errors)
        return Payload(
            encode_result(formatted, self._shared.encode, max_bytes=self._shared.max_event_bytes)
        )


def find_rights(context: Context) -> Rights:
    viewer = context.viewer
    if viewer is None:
        raise TypeError("a subscription without a viewer")
    return Rights(viewer.role, viewer.workspace_id, viewer.account_ids)


def _make_group_context(context: Context) -> Context:
    """Returns a context that has the members' rights and no other data of theirs."""
    rights = find_rights(context)
    return type(context)(
        services=context.services,
        request_id=make_request_id(),
        viewer=Viewer(credential_id="", name="", **vars(rights)),
        client_address="",
    )


class Subscriptions:
    """The subscriptions of an endpoint; equal subscriptions join the same group."""

    def __init__(
        self, schema: WagraphSchema, *, encode: Callable[[object], bytes], max_bytes: int
    ) -> None:
        self.schema = schema
        self.max_event_bytes = min(max_bytes, MAX_EVENT_BYTES)
        self.uses_plans = schema.known_queries.uses_plans
        self.encode = encode
        self.roots = EventRoots()
        self._shapes = OperationShapes()

    def trace_start(self, context: Context) -> AbstractContextManager[object]:
        """Records the start of a checked subscription, until it has caught up."""
        subscription = context.subscription
        name = None
        if isinstance(subscription, CheckedSubscription) and subscription.operation.name:
            name = subscription.operation.name.value
        return traces.operation_span("subscription", name)

    def join(
        self,
        groups: Groups,
        context: Context,
        variables: Mapping[str, Any] | None,
        peer: Peer,
    ) -> Membership:
        """Returns a membership for the subscription that was executed in this context.

        `Membership.catch_up` makes it join its group.
        """
        subscription = context.subscription
        if not isinstance(subscription, CheckedSubscription):
            raise TypeError("the operation is not a subscription")
        shape = self._shapes.find(subscription.operation, subscription.fragments)
        return groups.join(
            (shape.make_key(variables), find_rights(context)),
            peer,
            event_filter=subscription.event_filter,
            position=subscription.position,
            make_execution=lambda: GroupExecution(self, subscription, variables, context),
            cost=context.cost,
        )
