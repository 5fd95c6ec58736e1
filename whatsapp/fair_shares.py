"""Shares of a bounded pool: no account and no credential can take all of its places."""

from collections import Counter
from collections.abc import Callable, Hashable


class FairShares:
    """Counts who holds how many of `size` places.

    A holder gets another place while it has fewer than are free: alone it gets half of them, n
    greedy ones get 1/(n+1) each, and a newcomer finds a place.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: Counter[Hashable] = Counter()
        self._taken = 0

    def has_room(self, *holders: Hashable) -> bool:
        """Whether each of these may take one more place."""
        free = self._size - self._taken
        return free > 0 and all(self._held[holder] < free for holder in holders)

    def list_full(self) -> list[Hashable]:
        """Returns the holders that may take no more places now."""
        return [holder for holder in self._held if not self.has_room(holder)]

    def take(self, *holders: Hashable) -> Callable[[], None]:
        """Takes one place, which counts for each of the holders; returns what gives it back."""
        self._taken += 1
        self._held.update(holders)

        def give_back() -> None:
            self._taken -= 1
            self._held.subtract(holders)
            for holder in holders:
                if not self._held[holder]:
                    del self._held[holder]

        return give_back
