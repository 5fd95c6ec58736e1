"""One event, executed for one operation: what all members of a group get.

`GroupExecution.execute` is the only place where that happens. What it executes with is made for
the group and not for the member that came first: nothing in it tells who that was.
"""

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from beanie import PydanticObjectId
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.types import ExecutionContext
from strawberry.types import ExecutionResult as StrawberryResult

from graph.core.errors import format_errors
from graph.core.responses import MAX_EVENT_BYTES, ResponseTooLarge, encode_result, is_request_error
from graph.events.events import LiveEvent
from graph.execution.extensions import MeteredExecutor
from graph.execution.plan import OperationPlans, Plan
from graph.execution.run import Run
from graph.fanout.feed import Opened
from graph.fanout.membership import Membership, Peer
from graph.fanout.operations import Shapes
from graph.fanout.payloads import Payload
from models import Role
from whatsapp.auth.access import Viewer

if TYPE_CHECKING:
    from graph.core.context import Context, Info
    from graph.schema import WagraphSchema
    from graph.subscriptions import Event

logger = logging.getLogger(__name__)

KEPT_ROOTS = 256
KEEP_ROOT_SECONDS = 1.0


class OperationFailed(GraphQLError):
    """The execution failed as a whole: the operation ends with these errors."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message, extensions=errors[0].extensions)
        self.errors = errors


def list_errors(error: Exception, *, request_id: str) -> list[GraphQLError]:
    """What a peer is told of what ended its operation."""
    if isinstance(error, OperationFailed):
        return error.errors
    if not isinstance(error, GraphQLError):
        error = GraphQLError(str(error), original_error=error)
    return format_errors([error], request_id=request_id)


class Subscribed(NamedTuple):
    """A subscription that has passed all checks."""

    opened: Opened
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]


def read_operation(
    info: "Info",
) -> tuple[OperationDefinitionNode, Mapping[str, FragmentDefinitionNode]]:
    """The operation that a resolver runs for, as it was parsed."""
    return info._raw_info.operation, info._raw_info.fragments


class Rights(NamedTuple):
    """All that resolvers may know of the members of a group."""

    role: Role
    account_ids: frozenset[PydanticObjectId] | None


class EventRoots:
    """Root values of events, shared by all groups of the same rights.

    A root value holds the loaders: what many subscriptions select differently of one event is read
    from the database once. Only for a moment: a later replay reads anew.
    """

    def __init__(self, show: Callable[[LiveEvent], "Event"]) -> None:
        self._show = show
        self._roots: OrderedDict[Hashable, tuple[float, Event]] = OrderedDict()

    def get(self, event: LiveEvent, rights: Rights) -> "Event":
        key, now = (event.version, rights), time.monotonic()
        made_at, root = self._roots.get(key, (0.0, None))
        if root is None or now - made_at > KEEP_ROOT_SECONDS:
            root = self._show(event)
            self._roots[key] = now, root
            if len(self._roots) > KEPT_ROOTS:
                self._roots.popitem(last=False)
        return root


class GroupExecution:
    """Executes one operation for events: by a plan, or where that is surprised by graphql-core."""

    def __init__(
        self,
        shared: "Subscriptions",
        subscribed: Subscribed,
        variables: Mapping[str, Any] | None,
        context: "Context",
    ) -> None:
        self._shared = shared
        self._rights = find_rights(context)
        self._caller = context.caller
        own = _make_group_context(context)
        self._execution = ExecutionContext(
            query=None, schema=shared.schema, allowed_operations=(), context=own
        )
        document = DocumentNode(definitions=(subscribed.operation, *subscribed.fragments.values()))
        executor = MeteredExecutor.build(
            shared.schema._schema,
            document,
            context_value=own,
            raw_variable_values=dict(variables or {}),
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # it is no TypeGuard
        )
        if isinstance(executor, list):
            raise OperationFailed(executor)
        self._executor = executor
        self._plan_cache = shared.schema.known_queries.plan_cache
        self._plans = OperationPlans(
            shared.schema, subscribed.operation, subscribed.fragments, self._plan_cache
        )
        self._planned = (
            self._plans.begin(variables, context=own, caller=self._caller)
            if shared.uses_plans
            else None
        )

    def execute(self, event: LiveEvent) -> Payload | Coroutine[Any, Any, Payload]:
        """The encoded result for one event.

        Raises:
            OperationFailed
        """
        root = self._shared.roots.get(event, self._rights)
        if self._planned is not None and not self._planned[0].is_cached:
            self._planned = None
        if self._planned is None or self._plans.is_paused(self._caller):
            return self._execute_anyhow(root)
        plan, run = self._planned
        self._plan_cache.use(plan, self._caller)
        run = run.for_event(root, memo=root.memo)
        if plan.is_async:
            return self._wait_for_plan(plan, run, root)
        try:
            return self._encode_planned(plan.execute_now(run))
        except ResponseTooLarge as error:
            return self._encode(ExecutionResult(None, [error]))
        except Exception as error:  # noqa: BLE001 - whatever it is, graphql-core tells it in its place
            self._note_surprise(error)
        return self._execute_anyhow(root)

    async def _wait_for_plan(self, plan: Plan, run: Run, root: "Event") -> Payload:
        try:
            return self._encode_planned(await plan.execute(run))
        except ResponseTooLarge as error:
            return self._encode(ExecutionResult(None, [error]))
        except Exception as error:  # noqa: BLE001 - as above
            self._note_surprise(error)
        payload = self._execute_anyhow(root)
        return payload if isinstance(payload, Payload) else await payload

    def _encode_planned(self, data: dict[str, Any]) -> Payload:
        self._plans.record_success(self._caller)
        return self._encode(ExecutionResult(data, None))

    def _note_surprise(self, error: Exception) -> None:
        logger.debug("The plan of a subscription was surprised: %s", type(error).__name__)
        self._plans.record_bailout(error, self._caller)

    def _execute_anyhow(self, root: "Event") -> Payload | Coroutine[Any, Any, Payload]:
        result = self._executor.build_per_event_executor(root).execute_operation(False)
        if isinstance(result, ExecutionResult):
            return self._encode(result)
        # As a task it may be given up before it has begun.
        return self._finish(asyncio.ensure_future(result))  # type: ignore[arg-type]  # only incremental delivery gives others

    async def _finish(self, result: Awaitable[ExecutionResult]) -> Payload:
        return self._encode(await result)

    def _encode(self, result: ExecutionResult) -> Payload:
        errors = list(result.errors or ())
        if errors:
            self._shared.schema._process_errors(errors, self._execution)
        shown = StrawberryResult(data=result.data, errors=errors or None)
        if is_request_error(shown):
            raise OperationFailed(errors)
        return Payload(
            encode_result(shown, self._shared.encode, max_bytes=self._shared.max_event_bytes)
        )


def find_rights(context: "Context") -> Rights:
    viewer = context.viewer
    if viewer is None:
        raise TypeError("a subscription of nobody")
    return Rights(viewer.role, viewer.account_ids)


def _make_group_context(context: "Context") -> "Context":
    """A context in which only the rights are those of the members."""
    role, account_ids = find_rights(context)
    return type(context)(
        services=context.services,
        request_id=secrets.token_hex(8),
        viewer=Viewer(credential_id="", name="", role=role, account_ids=account_ids),
        client_address="",
    )


class Subscriptions:
    """Those of one endpoint: each joins the group of those that are equal to it."""

    def __init__(
        self,
        schema: "WagraphSchema",
        *,
        encode: Callable[[object], bytes],
        show: Callable[[LiveEvent], "Event"],
        max_bytes: int,
    ) -> None:
        self.schema = schema
        self.max_event_bytes = min(max_bytes, MAX_EVENT_BYTES)
        self.uses_plans = schema.known_queries.uses_plans
        self.encode = encode
        self.roots = EventRoots(show)
        self._shapes = Shapes()

    def join(
        self, context: "Context", variables: Mapping[str, Any] | None, peer: Peer
    ) -> Membership:
        """For the subscription that was run in this context; it is in its group, and gets events,
        once it has caught up.
        """
        subscribed = context.subscribed
        if subscribed is None:
            raise TypeError("not a subscription")
        shape = self._shapes.find(subscribed.operation, subscribed.fragments)
        return context.services.live.groups.join(
            (shape.make_key(variables), find_rights(context)),
            peer,
            wanted=subscribed.opened.wanted,
            position=subscribed.opened.position,
            make_execution=lambda: GroupExecution(self, subscribed, variables, context),
            cost=context.cost,
        )
