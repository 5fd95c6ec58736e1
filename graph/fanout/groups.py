"""Groups: equal subscriptions, for which each event is executed and encoded once.

`graph.fanout.membership` describes how a member joins, and returns after it could not accept an
event.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable, Sequence
from contextvars import Context as ContextVariables
from typing import Any

from graph.core.errors import RequestError
from graph.events.cursors import CursorExpired
from graph.events.events import LiveEvent
from graph.events.feed import LiveFeed
from graph.events.subscription import EventFilter
from graph.fanout.budgets import LiveBudgets
from graph.fanout.membership import Membership, Peer
from graph.fanout.payloads import BATCH, EventExecution, Payload
from graph.fanout.replays import PayloadCache, Replays
from models.changes.position import Position
from telemetry import traces
from telemetry.metrics import live as metrics
from whatsapp.auth.access import Viewer
from whatsapp.common.capacity import Capacity
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings
from whatsapp.workspaces.quotas import WorkspaceQuotas

logger = logging.getLogger(__name__)


class EventGroup:
    """All subscriptions that receive the same payloads."""

    def __init__(
        self,
        groups: "Groups",
        event_filter: EventFilter,
        execution: EventExecution,
        *,
        on_empty: Callable[[], object],
        cost: int,
    ) -> None:
        self.feed = groups.feed
        self.budgets = groups.budgets
        self.cost = cost
        """Cost of executing an event."""
        self.replays = Replays(execution, groups.cache)
        self._queue_limit = groups.queue_limit
        self._on_empty = on_empty
        self._filter = event_filter
        self._execution = execution
        self._members: set[Membership] = set()
        self._active: dict[Membership, Callable[[Sequence[Payload]], bool]] = {}
        """Members that receive every event."""
        self._joining: list[Membership] = []
        """Members that receive the events after their own position."""
        self._last_delivered: Position | None = None
        """Position of the last event that the active members received."""
        self._queue: deque[LiveEvent] = deque()
        self._executing: Sequence[LiveEvent] = ()
        """Events that the worker executes, not delivered yet."""
        self._worker: asyncio.Task[None] | None = None
        self._is_scheduled = False
        self._paid = 0
        """Number of next events that the members have paid for."""
        self._listening = contextlib.ExitStack()
        self._listening.enter_context(self.feed.listen(event_filter.channel, self._on_event))

    @property
    def size(self) -> int:
        """Number of members that receive new events."""
        return len(self._active) + len(self._joining)

    def selects(self, event: LiveEvent) -> bool:
        return self._filter.matches(event) and event.is_readable

    def create_member(self, peer: Peer, position: Position | None, *, viewer: Viewer) -> Membership:
        """Creates a member that still has to catch up; its viewer pays for the events."""
        member = Membership(self, peer, position, viewer=viewer)
        self._members.add(member)
        metrics.SUBSCRIPTIONS.inc()
        return member

    def add(self, member: Membership) -> None:
        """Delivers all events after its position to a member; None means only new events."""
        if member.position is None:
            member.position = self.feed.ring.newest
        self._joining.append(member)

    def remove(self, member: Membership) -> None:
        self._members.discard(member)
        metrics.SUBSCRIPTIONS.dec()
        self._deactivate(member)
        if not self._members:
            self._close()

    def _on_event(self, event: LiveEvent | None) -> None:
        """Receives each new event of the channel, and None after a loss."""
        try:
            if event is None:
                self._end(CursorExpired())
            elif self.size and self._filter.matches(event):
                self._enqueue(event)
        except Exception as error:
            # A bug ends this group only; other groups continue.
            logger.exception("A group of subscriptions failed")
            self._end(error)

    def _enqueue(self, event: LiveEvent) -> None:
        if len(self._queue) >= self._queue_limit:
            self._drop_queue()
            return
        self._queue.append(event)
        if self._worker is None and not self._is_scheduled:
            # In the next loop iteration: the events of this one share a write per socket.
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._drain_queue, context=ContextVariables())

    def _drain_queue(self) -> None:
        self._is_scheduled = False
        try:
            while self._queue and self._worker is None:
                self._deliver_batch()
        except Exception as error:
            # A bug ends this group only, as in `_on_event`.
            logger.exception("A group of subscriptions failed")
            self._end(error)

    def _deliver_batch(self) -> None:
        """Delivers queued events until an execution has to wait."""
        events: list[LiveEvent] = []
        payloads: list[Payload] = []
        while self._queue and len(events) < BATCH:
            if (events and not self._paid) or not self._pay_next():
                break
            event = self._queue.popleft()
            if not event.is_readable:
                continue
            payload = self._execution.execute(event)
            if not isinstance(payload, Payload):
                self._start_worker(event, payload)
                break
            events.append(event)
            payloads.append(payload)
        self._deliver(events, payloads)

    def _start_worker(self, event: LiveEvent, payload: Coroutine[Any, Any, Payload]) -> None:
        worker = asyncio.create_task(
            self._work(event, payload), name="subscriptions", context=ContextVariables()
        )
        # A group may end before its worker has started.
        worker.add_done_callback(lambda _: payload.close())
        self._worker, self._executing = worker, [event]

    async def _work(self, event: LiveEvent, payload: Awaitable[Payload]) -> None:
        """Delivers an event after its execution, then the events queued meanwhile."""
        try:
            with _execution_span([event]):
                first = await payload
            self._deliver([event], [first])
            while self._queue and self._pay_next():
                number = min(BATCH, len(self._queue), self._paid + 1)
                self._paid -= number - 1
                batch = [self._queue.popleft() for _ in range(number)]
                self._executing = batch = [event for event in batch if event.is_readable]
                with _execution_span(batch):
                    payloads = await _execute_all(self._execution, batch)
                self._deliver(batch, payloads)
        except Exception as error:
            if not isinstance(error, RequestError):
                logger.exception("A group of subscriptions failed")
            self._end(error)
        except asyncio.CancelledError:
            if _is_current_task_cancelled():
                raise
            # A shared future was cancelled elsewhere: no member may miss the event.
            self._drop_queue()
        finally:
            self._worker, self._executing = None, ()

    def _deliver(self, events: Sequence[LiveEvent], payloads: Sequence[Payload]) -> None:
        if not events:
            return
        before, self._last_delivered = self._last_delivered, events[-1].position
        metrics.DELIVERIES.inc(len(payloads) * len(self._active))
        with traces.linked_span("deliver events", events, traces.Kind.CONSUMER):
            refusing = [member for member, take in self._active.items() if not take(payloads)]
        for member in refusing:
            self._deactivate(member)
            # A member becomes active with an event, so the second position is only for mypy.
            place = self._find_resume_position(before or self._last_delivered, events[0])
            member.start_catch_up(place)
        if self._joining:
            self._deliver_to_joining(events, payloads)

    def _deliver_to_joining(self, events: Sequence[LiveEvent], payloads: Sequence[Payload]) -> None:
        joining, self._joining = self._joining, []
        for member in joining:
            position = member.position
            new = [
                number
                for number, event in enumerate(events)
                if position is None or event.position > position
            ]
            if not new:
                self._joining.append(member)
            elif member.peer.take(payloads[new[0] :]):
                self._active[member] = member.peer.take
            else:
                # A member without a position joined before the ring was started.
                received = position or self.feed.ring.floor or events[0].position
                member.start_catch_up(self._find_resume_position(received, events[new[0]]))

    def _pay_next(self) -> bool:
        """Charges the next events to the members' budgets; returns False if no member is left.

        A member whose budget is used up leaves the group and continues at the pace of its budget.
        """
        if self._paid:
            self._paid -= 1
            return True
        number = min(BATCH, len(self._queue))
        members = [*self._active, *self._joining]
        exhausted = self._charge(members, self.cost * number)
        if exhausted:
            leaving = [member for member in members if member.viewer.key in exhausted]
            self._detach(leaving, self._queue[0])
        if not self.size:
            self._queue.clear()
            return False
        self._paid = number - 1
        return True

    def _charge(self, members: Sequence[Membership], cost: int) -> Collection[Hashable]:
        """Charges each credential, and their workspace once; returns those that can't pay."""
        holders = {member.viewer.key for member in members}
        # The key of a group has the workspace, so all members are of the same.
        if members and not self.budgets.take_of_workspace(members[0].viewer.workspace_id, cost):
            return holders
        return {holder for holder in holders if not self.budgets.take(holder, cost)}

    def _drop_queue(self) -> None:
        """Drops the queue: each member continues alone, from the ring."""
        first = next(iter((*self._executing, *self._queue)), None)
        self._queue.clear()
        self._paid = 0
        self._detach([*self._active, *self._joining], first)

    def _detach(self, members: Sequence[Membership], missed: LiveEvent | None) -> None:
        """Lets each member catch up alone, from `missed` on if they were active."""
        active, delivered = set(self._active), self._last_delivered
        for member in members:
            self._deactivate(member)
        for member in members:
            position = delivered if member in active else member.position
            if position is None:
                member.end(CursorExpired())
            elif member in active:
                member.start_catch_up(self._find_resume_position(position, missed))
            else:
                member.start_catch_up(position)

    def _find_resume_position(self, received: Position, missed: LiveEvent | None) -> Position:
        """Returns the position from which a member resumes after it missed an event.

        In a quiet group the last received event may be older than the ring, unlike `missed`.
        """
        floor = self.feed.ring.floor
        if missed is None or floor is None or floor >= missed.position:
            return received
        return max(received, floor)

    def _deactivate(self, member: Membership) -> None:
        if self._active.pop(member, None) is None and member in self._joining:
            self._joining.remove(member)

    def _end(self, error: Exception) -> None:
        """Ends the members in the group; members that catch up meet the error themselves."""
        for member in [*self._active, *self._joining]:
            member.end(error)

    def _close(self) -> None:
        self._listening.close()
        self._queue.clear()
        if self._worker is not None and self._worker is not asyncio.current_task():
            self._worker.cancel()
        self._on_empty()


def _is_current_task_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _execution_span(events: Sequence[LiveEvent]) -> contextlib.AbstractContextManager[object]:
    """Records an execution that waits, with its reads."""
    return traces.linked_span("execute events", events, traces.Kind.CONSUMER)


async def _execute_all(execution: EventExecution, events: Sequence[LiveEvent]) -> list[Payload]:
    payloads = [execution.execute(event) for event in events]
    pending = [payload for payload in payloads if not isinstance(payload, Payload)]
    finished = iter(await asyncio.gather(*pending))
    return [payload if isinstance(payload, Payload) else next(finished) for payload in payloads]


class Groups:
    """The groups of one process."""

    def __init__(
        self,
        feed: LiveFeed,
        settings: Settings,
        *,
        timeouts: Timeouts = Timeouts(),
        capacity: Capacity = Capacity(),
        quotas: WorkspaceQuotas | None = None,
    ) -> None:
        self.feed = feed
        self.budgets = LiveBudgets(settings, quotas or WorkspaceQuotas())
        self.queue_limit = capacity.socket_queue_events
        self.cache = PayloadCache(keep_seconds=timeouts.history_keep_seconds)
        self._groups: dict[Hashable, EventGroup] = {}

    def join(
        self,
        key: Hashable,
        peer: Peer,
        *,
        event_filter: EventFilter,
        position: Position | None,
        make_execution: Callable[[], EventExecution],
        cost: int,
    ) -> Membership:
        """Returns a new member of the group with this key; `catch_up` lets it join."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = EventGroup(
                self,
                event_filter,
                make_execution(),
                on_empty=lambda: self._drop_group(key),
                cost=cost,
            )
            metrics.GROUPS.set(len(self._groups))
        return group.create_member(peer, position, viewer=event_filter.viewer)

    def _drop_group(self, key: Hashable) -> None:
        self._groups.pop(key, None)
        metrics.GROUPS.set(len(self._groups))

    def count_members(self) -> int:
        """Returns the number of subscriptions that receive new events."""
        return sum(group.size for group in self._groups.values())
