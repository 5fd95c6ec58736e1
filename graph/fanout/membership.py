"""Memberships of subscriptions in groups.

A member first catches up alone, from the ring or from history, and then joins its group at the
position that it has reached. A member that can't accept an event leaves the group, catches up at
its own pace and joins again, so a slow member delays no other member and nothing is queued for it.
"""

import asyncio
from collections.abc import Sequence
from contextvars import Context as ContextVariables
from typing import Protocol

from graph.events.cursors import CursorExpired, CursorInvalid
from graph.events.events import LiveEvent
from graph.events.feed import LiveFeed
from graph.fanout.budgets import LiveBudgets
from graph.fanout.payloads import BATCH, Payload
from graph.fanout.replays import Replays
from models.changes.position import Position
from telemetry.metrics.live import RESUMES
from whatsapp.auth.access import Viewer


class Peer(Protocol):
    """The recipient of a subscription's payloads."""

    def take(self, payloads: Sequence[Payload], /) -> bool:
        """Sends all payloads. Returns False and sends none if the peer has no room for them."""

    async def wait_for_room(self) -> None:
        """Waits until `take` should be called again."""

    def end(self, error: Exception) -> None:
        """Reports that the subscription has failed. No payload follows."""


class EventSource(Protocol):
    """The interface of a group to its memberships."""

    @property
    def feed(self) -> LiveFeed: ...

    @property
    def replays(self) -> Replays: ...

    @property
    def budgets(self) -> LiveBudgets: ...

    @property
    def cost(self) -> int: ...

    def selects(self, event: LiveEvent) -> bool: ...

    def add(self, member: "Membership") -> None: ...

    def remove(self, member: "Membership") -> None: ...


class Membership:
    """A subscription that catches up, is in its group, or has left."""

    def __init__(
        self, group: EventSource, peer: Peer, position: Position | None, *, viewer: Viewer
    ) -> None:
        self.peer = peer
        self.viewer = viewer
        """The subscriber, whose credential and workspace are charged for the events."""
        self.position = position
        """During catch-up: the position up to which events have been sent."""
        self.has_left = False
        self._group = group
        self._epoch = group.feed.ring.epoch
        self._is_new = True
        self._catching_up: asyncio.Task[None] | None = None

    async def catch_up(self) -> None:
        """Returns after the member has joined the group, or after an error was sent to its peer."""
        source = self._find_source()
        try:
            while not self.has_left and await self._send_missed():
                pass
            self._is_new = False
            # No await since the last read: no event is missed in between.
            if not self.has_left:
                self._group.add(self)
                if source is not None:
                    RESUMES[source].inc()
        except Exception as error:  # noqa: BLE001 - the peer reports and logs it
            if source is not None and isinstance(error, CursorExpired | CursorInvalid):
                RESUMES["expired" if isinstance(error, CursorExpired) else "invalid"].inc()
            self.end(error)

    def _find_source(self) -> str | None:
        """Returns where a client's cursor is found, or None if it sent none."""
        if self.position is None or not self._is_new:
            return None
        floor = self._group.feed.ring.floor
        return "memory" if floor is not None and self.position >= floor else "history"

    def start_catch_up(self, position: Position) -> None:
        """Catches up after this position, in a task of its own."""
        self.position = position
        # In an empty context: the current context may hold the deadline of another request.
        self._catching_up = asyncio.create_task(
            self.catch_up(), name="catch-up", context=ContextVariables()
        )

    def end(self, error: Exception) -> None:
        if not self.has_left:
            self.leave()
            self.peer.end(error)

    def leave(self) -> None:
        if self.has_left:
            return
        self.has_left = True
        self._group.remove(self)
        if self._catching_up is not None and self._catching_up is not asyncio.current_task():
            self._catching_up.cancel()

    async def _send_missed(self) -> bool:
        """Sends the next events; returns False if there are no more."""
        if self.position is None:
            return False
        events, reached = await self._group.feed.read_after(
            self.position,
            epoch=self._epoch,
            from_history=self._is_new,
            holder=self.viewer.key,
        )
        if reached == self.position:
            return False
        selected = [event for event in events if self._group.selects(event)]
        for start in range(0, len(selected), BATCH):
            await self._send_batch(selected[start : start + BATCH])
            if self.has_left:
                return False
            await asyncio.sleep(0)
        self.position = reached
        return True

    async def _send_batch(self, events: Sequence[LiveEvent]) -> None:
        # Checked for each batch: a slow peer may take long for the previous one.
        existing = await self._group.feed.list_existing(events)
        existing = [event for event in existing if event.is_readable]
        await self._pay(existing)
        payloads = await self._group.replays.load_payloads(existing)
        while payloads and not self.peer.take(payloads):
            await self.peer.wait_for_room()
        self.position = events[-1].position

    async def _pay(self, events: Sequence[LiveEvent]) -> None:
        """Waits until the events that have not been executed yet are paid for."""
        number = self._group.replays.count_new(events)
        if number:
            await self._group.budgets.wait_and_take(self.viewer, number * self._group.cost)
