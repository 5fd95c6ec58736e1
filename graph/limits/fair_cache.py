"""A cache shared fairly by callers: a caller that adds much evicts its own entries."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(slots=True)
class _Entry(Generic[Value]):
    value: Value
    size: int
    owner: Hashable


class FairCache(Generic[Key, Value]):
    """Evicts the least recently used entry of the caller with the largest share."""

    def __init__(
        self, max_size: int, *, on_evict: Callable[[Value], object] = lambda _value: None
    ) -> None:
        self.size = 0
        self._max_size = max_size
        self._on_evict = on_evict
        self._entries: dict[Key, _Entry[Value]] = {}
        self._shares: dict[Hashable, _Share[Key]] = {}

    def get(self, key: Key, caller: Hashable) -> Value | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._record_use(key, entry, caller)
        return entry.value

    def add(self, key: Key, value: Value, caller: Hashable, *, size: int = 1) -> None:
        """Adds an entry, or replaces it."""
        replaced = self._entries.pop(key, None)
        if replaced is not None:
            self._remove_from_share(key, replaced)
        entry = _Entry(value, size, caller)
        self._entries[key] = entry
        self._add_to_share(key, entry)
        while self.size > self._max_size:
            self._evict()

    def _record_use(self, key: Key, entry: _Entry[Value], caller: Hashable) -> None:
        share = self._shares[entry.owner]
        if caller == entry.owner or share.size <= self._get_size(caller) + entry.size:
            share.keys.move_to_end(key)
            return
        # A shared entry belongs to the caller with the smallest share, where it stays longest.
        self._remove_from_share(key, entry)
        entry.owner = caller
        self._add_to_share(key, entry)

    def _get_size(self, caller: Hashable) -> int:
        share = self._shares.get(caller)
        return share.size if share else 0

    def _add_to_share(self, key: Key, entry: _Entry[Value]) -> None:
        share = self._shares.setdefault(entry.owner, _Share())
        share.keys[key] = None
        share.size += entry.size
        self.size += entry.size

    def _remove_from_share(self, key: Key, entry: _Entry[Value]) -> None:
        share = self._shares[entry.owner]
        del share.keys[key]
        share.size -= entry.size
        self.size -= entry.size
        if not share.keys:
            del self._shares[entry.owner]

    def _evict(self) -> None:
        largest = max(self._shares.values(), key=lambda share: share.size)
        key = next(iter(largest.keys))
        entry = self._entries.pop(key)
        self._remove_from_share(key, entry)
        self._on_evict(entry.value)


class _Share(Generic[Key]):
    """The entries of a caller, least recently used first."""

    def __init__(self) -> None:
        self.keys: OrderedDict[Key, None] = OrderedDict()
        self.size = 0
