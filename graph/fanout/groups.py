"""Groups: equal subscriptions are executed and encoded once for each event.

How a member comes here, and comes back when it could not take an event, is in
`graph.fanout.membership`.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from contextvars import Context as ContextVariables
from typing import TYPE_CHECKING, Any

from graph.core.errors import RequestError
from graph.events.cursors import CursorExpired, Position
from graph.events.events import LiveEvent
from graph.fanout.membership import Membership, Peer
from graph.fanout.payloads import BATCH, EventExecution, Payload
from graph.fanout.replays import PayloadCache, Replays

if TYPE_CHECKING:
    from graph.fanout.feed import EventFilter, LiveFeed

logger = logging.getLogger(__name__)


class EventGroup:
    """All subscriptions that get the same payloads."""

    def __init__(
        self,
        feed: "LiveFeed",
        wanted: "EventFilter",
        execution: EventExecution,
        *,
        cache: PayloadCache,
        cost: int,
    ) -> None:
        self.feed = feed
        self.cost = cost
        """What each execution of an event costs."""
        self.replays = Replays(execution, cache)
        self.on_empty: Callable[[], object] = lambda: None
        self._wanted = wanted
        self._execution = execution
        self._members: set[Membership] = set()
        self._standing: dict[Membership, Callable[[Sequence[Payload]], bool]] = {}
        """Those who get each event."""
        self._arriving: list[Membership] = []
        """Those who get the events behind their own position."""
        self._told: Position | None = None
        """The last event that those who stand here were told."""
        self._waiting: deque[LiveEvent] = deque()
        self._under_way: Sequence[LiveEvent] = ()
        """What the worker executes, and nobody was told yet."""
        self._worker: asyncio.Task[None] | None = None
        self._is_called = False
        self._paid = 0
        """How many of the next events the members have paid for."""
        self._listening = contextlib.ExitStack()
        self._listening.enter_context(feed.listen(wanted.channel, self._take))

    @property
    def size(self) -> int:
        """How many get what happens from now on."""
        return len(self._standing) + len(self._arriving)

    def wants(self, event: LiveEvent) -> bool:
        return self._wanted.matches(event) and event.is_readable

    def create_member(
        self, peer: Peer, position: Position | None, *, holder: Hashable
    ) -> Membership:
        """`holder` is the credential that subscribes."""
        member = Membership(self, peer, position, holder=holder)
        self._members.add(member)
        return member

    def admit(self, member: Membership) -> None:
        """Lets a member have all events behind its position, None meaning the present."""
        if member.position is None:
            member.position = self.feed.ring.newest
        self._arriving.append(member)

    def dismiss(self, member: Membership) -> None:
        self._members.discard(member)
        self._step_out(member)
        if not self._members:
            self._close()

    def _take(self, event: LiveEvent | None) -> None:
        """Called with each new event of the channel, and with None when some were lost."""
        try:
            if event is None:
                self._end(CursorExpired())
            elif self.size and self._wanted.matches(event):
                self._serve(event)
        except Exception as error:
            # The edge of the group: whatever failed here must not harm the others.
            logger.exception("A group of subscriptions failed")
            self._end(error)

    def _serve(self, event: LiveEvent) -> None:
        if len(self._waiting) >= self.feed.queue_limit:
            self._fall_back()
            return
        self._waiting.append(event)
        if self._worker is None and not self._is_called:
            # Not at once: what comes in this moment goes to each socket in one write.
            self._is_called = True
            asyncio.get_running_loop().call_soon(self._serve_waiting, context=ContextVariables())

    def _serve_waiting(self) -> None:
        self._is_called = False
        try:
            while self._waiting and self._worker is None:
                self._serve_batch()
        except Exception as error:
            # The edge of the group, as in `_take`.
            logger.exception("A group of subscriptions failed")
            self._end(error)

    def _serve_batch(self) -> None:
        """Tells the first of the events that wait, up to one whose execution takes a while."""
        events: list[LiveEvent] = []
        payloads: list[Payload] = []
        while self._waiting and len(events) < BATCH:
            if (events and not self._paid) or not self._settle():
                break
            event = self._waiting.popleft()
            if not event.is_readable:
                continue
            payload = self._execution.execute(event)
            if not isinstance(payload, Payload):
                self._start_worker(event, payload)
                break
            events.append(event)
            payloads.append(payload)
        self._tell(events, payloads)

    def _start_worker(self, event: LiveEvent, payload: Coroutine[Any, Any, Payload]) -> None:
        worker = asyncio.create_task(
            self._work(event, payload), name="subscriptions", context=ContextVariables()
        )
        # A group may end before its worker has begun.
        worker.add_done_callback(lambda _: payload.close())
        self._worker, self._under_way = worker, [event]

    async def _work(self, event: LiveEvent, payload: Awaitable[Payload]) -> None:
        """Tells an event whose execution takes a while, and then those that came meanwhile."""
        try:
            self._tell([event], [await payload])
            while self._waiting and self._settle():
                number = min(BATCH, len(self._waiting), self._paid + 1)
                self._paid -= number - 1
                batch = [self._waiting.popleft() for _ in range(number)]
                self._under_way = batch = [one for one in batch if one.is_readable]
                self._tell(batch, await _execute_all(self._execution, batch))
        except Exception as error:
            if not isinstance(error, RequestError):
                logger.exception("A group of subscriptions failed")
            self._end(error)
        except asyncio.CancelledError:
            if _is_current_task_cancelled():
                raise
            # Something that it waited for was given up by others: nobody may miss the event.
            self._fall_back()
        finally:
            self._worker, self._under_way = None, ()

    def _tell(self, events: Sequence[LiveEvent], payloads: Sequence[Payload]) -> None:
        if not events:
            return
        before, self._told = self._told, events[-1].position
        refusing = [member for member, take in self._standing.items() if not take(payloads)]
        for member in refusing:
            self._step_out(member)
            # Somebody stands here only after an event that was told.
            member.catch_up_again(self._find_place(before or self._told, events[0]))
        if self._arriving:
            self._tell_arriving(events, payloads)

    def _tell_arriving(self, events: Sequence[LiveEvent], payloads: Sequence[Payload]) -> None:
        arriving, self._arriving = self._arriving, []
        for member in arriving:
            position = member.position
            new = [
                number
                for number, event in enumerate(events)
                if position is None or event.position > position
            ]
            if not new:
                self._arriving.append(member)
            elif member.peer.take(payloads[new[0] :]):
                self._standing[member] = member.peer.take
            else:
                # Without a position it came before the ring had begun.
                place = position or self.feed.ring.floor or events[0].position
                member.catch_up_again(self._find_place(place, events[new[0]]))

    def _settle(self) -> bool:
        """Has the next event paid for, and those that wait with it. Who can't pay goes on alone, at
        the pace of their budget; False if there is nobody left.
        """
        if self._paid:
            self._paid -= 1
            return True
        number = min(BATCH, len(self._waiting))
        budgets = self.feed.budgets
        if budgets.is_limited:
            holders = {member.holder for member in (*self._standing, *self._arriving)}
            broke = {one for one in holders if not budgets.take(one, self.cost * number)}
            if broke:
                members = [*self._standing, *self._arriving]
                self._send_off([one for one in members if one.holder in broke], self._waiting[0])
        if not self.size:
            self._waiting.clear()
            return False
        self._paid = number - 1
        return True

    def _fall_back(self) -> None:
        """Too many events wait: each member goes on by itself, from the ring."""
        first = next(iter((*self._under_way, *self._waiting)), None)
        self._waiting.clear()
        self._paid = 0
        self._send_off([*self._standing, *self._arriving], first)

    def _send_off(self, members: Sequence[Membership], first: LiveEvent | None) -> None:
        """Has members go on by themselves, who have not been told this event."""
        standing, told = set(self._standing), self._told
        for member in members:
            self._step_out(member)
        for member in members:
            position = told if member in standing else member.position
            if position is None:
                member.end(CursorExpired())
            else:
                place = self._find_place(position, first) if member in standing else position
                member.catch_up_again(place)

    def _find_place(self, got: Position, missed: LiveEvent | None) -> Position:
        """From where a member reads that has got all up to one position, and missed an event first.

        In a quiet group the one may be older than the ring, while the other is in it.
        """
        floor = self.feed.ring.floor
        if missed is None or floor is None or floor >= missed.position:
            return got
        return max(got, floor)

    def _step_out(self, member: Membership) -> None:
        if self._standing.pop(member, None) is None and member in self._arriving:
            self._arriving.remove(member)

    def _end(self, error: Exception) -> None:
        """Ends those who stand here; those on their way find out by themselves."""
        for member in [*self._standing, *self._arriving]:
            member.end(error)

    def _close(self) -> None:
        self._listening.close()
        self._waiting.clear()
        if self._worker is not None and self._worker is not asyncio.current_task():
            self._worker.cancel()
        self.on_empty()


def _is_current_task_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _execute_all(execution: EventExecution, events: Sequence[LiveEvent]) -> list[Payload]:
    payloads = [execution.execute(event) for event in events]
    waiting = [payload for payload in payloads if not isinstance(payload, Payload)]
    finished = iter(await asyncio.gather(*waiting))
    return [one if isinstance(one, Payload) else next(finished) for one in payloads]


class Groups:
    """The groups of one process."""

    def __init__(self, feed: "LiveFeed") -> None:
        self._feed = feed
        self._groups: dict[Hashable, EventGroup] = {}
        self._cache = PayloadCache()

    def join(
        self,
        key: Hashable,
        peer: Peer,
        *,
        wanted: "EventFilter",
        position: Position | None,
        make_execution: Callable[[], EventExecution],
        cost: int,
    ) -> Membership:
        """A member of the group of all with this key; it is in it after `catch_up`."""
        group = self._groups.get(key)
        if group is None:
            group = EventGroup(self._feed, wanted, make_execution(), cache=self._cache, cost=cost)
            group.on_empty = lambda: self._forget(key)
            self._groups[key] = group
        return group.create_member(peer, position, holder=wanted.viewer.key)

    def count(self) -> int:
        """Subscriptions that get what happens from now on."""
        return sum(group.size for group in self._groups.values())

    def _forget(self, key: Hashable) -> None:
        self._groups.pop(key, None)
