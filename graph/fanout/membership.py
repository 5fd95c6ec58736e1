"""One subscription and its group: on its way there, in it, or gone.

A member first catches up by itself, from the ring or from history, and then stands in the group at
exactly the position that it has reached. One that can't take an event leaves the line, catches up
at its own speed and comes back, so it never makes the others wait and nothing waits for it but its
place in the ring.
"""

import asyncio
from collections.abc import Hashable, Sequence
from contextvars import Context as ContextVariables
from typing import TYPE_CHECKING, Protocol

from graph.events.cursors import Position
from graph.events.events import LiveEvent
from graph.fanout.payloads import BATCH, Payload

if TYPE_CHECKING:
    from graph.fanout.groups import EventGroup


class Peer(Protocol):
    """Where the payloads of one subscription go."""

    def take(self, payloads: Sequence[Payload]) -> bool:
        """Sends all of them; or none and gives False, where that would have to wait."""

    async def wait_for_room(self) -> None:
        """Returns when `take` is worth another try."""

    def end(self, error: Exception) -> None:
        """The subscription has failed; nothing follows."""


class Membership:
    """One subscription: on its way to the group, in it, or gone."""

    def __init__(
        self, group: "EventGroup", peer: Peer, position: Position | None, *, holder: Hashable
    ) -> None:
        self.peer = peer
        self.holder = holder
        """The credential that subscribed, and pays for the events."""
        self.position = position
        """Up to where it has got everything, as long as it goes its own way."""
        self.has_left = False
        self._group = group
        self._generation = group.feed.ring.generation
        self._is_new = True
        self._catching_up: asyncio.Task[None] | None = None

    async def catch_up(self) -> None:
        """Returns when the peer is in the group, or has been told why it never will be."""
        try:
            while not self.has_left and await self._send_missed():
                pass
            self._is_new = False
            # Nothing pauses between the last look and this: no event falls in between.
            if not self.has_left:
                self._group.admit(self)
        except Exception as error:  # noqa: BLE001 - the peer hears of it, and its log
            self.end(error)

    def catch_up_again(self, position: Position) -> None:
        """Goes on by itself behind this position."""
        self.position = position
        # The variables of whoever was just served are not its own: a deadline, for one.
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
        self._group.dismiss(self)
        if self._catching_up is not None and self._catching_up is not asyncio.current_task():
            self._catching_up.cancel()

    async def _send_missed(self) -> bool:
        """Sends what comes next; gives False when there is nothing more to send."""
        if self.position is None:
            return False
        events, reached = await self._group.feed.read_after(
            self.position,
            generation=self._generation,
            from_history=self._is_new,
            holder=self.holder,
        )
        if reached == self.position:
            return False
        wanted = [event for event in events if self._group.wants(event)]
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            # Each batch anew: a slow peer may take a while for the one before.
            existing = await self._group.feed.list_existing(batch)
            existing = [event for event in existing if event.is_readable]
            await self._pay(existing)
            payloads = await self._group.replays.find(existing)
            while payloads and not self.peer.take(payloads):
                await self.peer.wait_for_room()
            self.position = batch[-1].position
            if self.has_left:
                return False
            await asyncio.sleep(0)
        self.position = reached
        return True

    async def _pay(self, events: Sequence[LiveEvent]) -> None:
        """Waits until the events that nobody has executed yet are paid for."""
        number = self._group.replays.count_new(events)
        budgets = self._group.feed.budgets
        if number and budgets.is_limited:
            await budgets.wait_and_take(self.holder, number * self._group.cost)
