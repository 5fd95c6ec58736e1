"""Fair shares of a bounded pool: no account or credential can occupy all places."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable


class FairShares:
    """Counts the places that each holder has, out of `size`.

    A holder gets another place while it has fewer than are free. A single holder gets half of
    them, n greedy holders get 1/(n+1) each, and a place stays free for a new holder.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: Counter[Hashable] = Counter()
        self._taken = 0

    def has_room(self, *holders: Hashable) -> bool:
        """Returns True if each of these holders may take another place."""
        free = self._size - self._taken
        return free > 0 and all(self._held[holder] < free for holder in holders)

    def list_full(self) -> list[Hashable]:
        """Returns the holders that may not take another place now."""
        return [holder for holder in self._held if not self.has_room(holder)]

    def take(self, *holders: Hashable) -> Callable[[], None]:
        """Takes a place, counted for each holder; returns a function that releases it."""
        self._taken += 1
        self._held.update(holders)

        def release_place() -> None:
            self._taken -= 1
            self._held.subtract(holders)
            for holder in holders:
                if not self._held[holder]:
                    del self._held[holder]

        return release_place


class FairTurns:
    """A pool whose callers wait for a place, in order of arrival among eligible holders."""

    def __init__(self, size: int) -> None:
        self._shares = FairShares(size)
        self._waiting: dict[asyncio.Future[Callable[[], None]], Hashable] = {}

    def hold(self, holder: Hashable) -> "_Turn":
        """Returns a context manager that waits until the holder has room, and holds a place."""
        return _Turn(self, holder)

    async def take(self, holder: Hashable) -> Callable[[], None]:
        """Waits until the holder has room; returns a function that releases the place."""
        if not self._waiting and self._shares.has_room(holder):
            return self._shares.take(holder)
        return await self._wait(holder)

    def admit_waiting(self) -> None:
        """Gives free places to waiting callers. Called after a place was released."""
        if self._waiting:
            self._admit()

    async def _wait(self, holder: Hashable) -> Callable[[], None]:
        place: asyncio.Future[Callable[[], None]] = asyncio.get_running_loop().create_future()
        self._waiting[place] = holder
        self._admit()
        try:
            return await place
        except asyncio.CancelledError:
            self._waiting.pop(place, None)
            if place.done() and not place.cancelled():  # granted at the same moment
                place.result()()
                self._admit()
            raise

    def _admit(self) -> None:
        for place, holder in list(self._waiting.items()):
            if self._shares.has_room(holder):
                del self._waiting[place]
                if not place.done():
                    place.set_result(self._shares.take(holder))


class _Turn:
    """A context manager class; a generator-based one costs several times as much."""

    __slots__ = ("_holder", "_release_place", "_turns")

    def __init__(self, turns: FairTurns, holder: Hashable) -> None:
        self._turns = turns
        self._holder = holder

    async def __aenter__(self) -> None:
        self._release_place = await self._turns.take(self._holder)

    async def __aexit__(self, *_: object) -> None:
        self._release_place()
        self._turns.admit_waiting()
