"""Replays: payloads of events from the past, executed once for all who ask at about one time."""

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Awaitable, Hashable, Sequence

from graph.events.events import LiveEvent, Version
from graph.fanout.payloads import EventExecution, Payload

MAX_KEPT_BYTES = 16 * 1024 * 1024
KEEP_SECONDS = 10.0
_numbers = itertools.count()


class Replays:
    """Those of one group."""

    def __init__(self, execution: EventExecution, cache: "PayloadCache") -> None:
        self._execution = execution
        self._cache = cache
        self._number = next(_numbers)
        """What tells them from other groups' in the cache."""
        self._running: dict[Version, asyncio.Task[Payload]] = {}

    def count_new(self, events: Sequence[LiveEvent]) -> int:
        """How many of these events would have to be executed."""
        return sum(
            event.version not in self._running
            and self._cache.get((self._number, event.version)) is None
            for event in events
        )

    async def find(self, events: Sequence[LiveEvent]) -> list[Payload]:
        """The payloads of events, which others may want too, or have wanted."""
        found = [self._find(event) for event in events]
        running = {one for one in found if isinstance(one, asyncio.Task)}
        if running:
            # Not `gather`: one who leaves must not cancel what others wait for.
            await asyncio.wait(running)
        return [one.result() if isinstance(one, asyncio.Task) else one for one in found]

    def _find(self, event: LiveEvent) -> "Payload | asyncio.Task[Payload]":
        key = event.version
        known = self._running.get(key) or self._cache.get((self._number, key))
        if known is not None:
            return known
        payload = self._execution.execute(event)
        if isinstance(payload, Payload):
            self._cache.add((self._number, key), payload)
            return payload
        task = asyncio.create_task(self._finish(key, payload), name="replay")
        self._running[key] = task
        return task

    async def _finish(self, key: Version, payload: Awaitable[Payload]) -> Payload:
        try:
            finished = await payload
            self._cache.add((self._number, key), finished)
            return finished
        finally:
            del self._running[key]


class PayloadCache:
    """Payloads of replayed events, some seconds for those who come next. Bounded in bytes."""

    def __init__(self, *, max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Payload] = OrderedDict()
        self._is_dated = False

    def get(self, key: Hashable) -> Payload | None:
        return self._kept.get(key)

    def add(self, key: Hashable, payload: Payload) -> None:
        if key in self._kept:
            return
        self._kept[key] = payload
        self._bytes += len(payload.body)
        while self._bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)
        if not self._is_dated:
            self._is_dated = True
            asyncio.get_running_loop().call_later(KEEP_SECONDS, self._clear)

    def _clear(self) -> None:
        self._kept.clear()
        self._bytes = 0
        self._is_dated = False
