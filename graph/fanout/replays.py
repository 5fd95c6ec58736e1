"""Replays: payloads of past events, executed once for all subscribers that resume together."""

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Awaitable, Hashable, Sequence

from graph.events.events import LiveEvent, Version
from graph.fanout.payloads import EventExecution, Payload
from whatsapp.common.timeouts import Timeouts

MAX_CACHED_BYTES = 16 * 1024 * 1024
_numbers = itertools.count()


class Replays:
    """The replays of one group."""

    def __init__(self, execution: EventExecution, cache: "PayloadCache") -> None:
        self._execution = execution
        self._cache = cache
        self._number = next(_numbers)
        """Key of the group in the shared cache."""
        self._running: dict[Version, asyncio.Task[Payload]] = {}

    def count_new(self, events: Sequence[LiveEvent]) -> int:
        """Returns the number of these events that are not cached and must be executed."""
        return sum(
            event.version not in self._running
            and self._cache.get((self._number, event.version)) is None
            for event in events
        )

    async def load_payloads(self, events: Sequence[LiveEvent]) -> list[Payload]:
        """Returns the payloads of events; concurrent callers share executions."""
        payloads = [self._find_or_execute(event) for event in events]
        running = {payload for payload in payloads if isinstance(payload, asyncio.Task)}
        if running:
            # Not `gather`: a caller that is cancelled must not cancel the shared tasks.
            await asyncio.wait(running)
        return [
            payload.result() if isinstance(payload, asyncio.Task) else payload
            for payload in payloads
        ]

    def _find_or_execute(self, event: LiveEvent) -> "Payload | asyncio.Task[Payload]":
        version = event.version
        existing = self._running.get(version) or self._cache.get((self._number, version))
        if existing is not None:
            return existing
        payload = self._execution.execute(event)
        if isinstance(payload, Payload):
            self._cache.add((self._number, version), payload)
            return payload
        task = asyncio.create_task(self._finish(version, payload), name="replay")
        self._running[version] = task
        return task

    async def _finish(self, version: Version, payload: Awaitable[Payload]) -> Payload:
        try:
            finished = await payload
            self._cache.add((self._number, version), finished)
            return finished
        finally:
            del self._running[version]


class PayloadCache:
    """Payloads of replayed events, kept for `keep_seconds` and up to `max_bytes`."""

    def __init__(
        self,
        *,
        max_bytes: int = MAX_CACHED_BYTES,
        keep_seconds: float = Timeouts.history_keep_seconds,
    ) -> None:
        self._keep_seconds = keep_seconds
        self._max_bytes = max_bytes
        self._bytes = 0
        self._payloads: OrderedDict[Hashable, Payload] = OrderedDict()
        self._is_expiring = False

    def get(self, key: Hashable) -> Payload | None:
        return self._payloads.get(key)

    def add(self, key: Hashable, payload: Payload) -> None:
        if key in self._payloads:
            return
        self._payloads[key] = payload
        self._bytes += len(payload.body)
        while self._bytes > self._max_bytes:
            _, oldest = self._payloads.popitem(last=False)
            self._bytes -= len(oldest.body)
        if not self._is_expiring:
            self._is_expiring = True
            asyncio.get_running_loop().call_later(self._keep_seconds, self._clear)

    def _clear(self) -> None:
        self._payloads.clear()
        self._bytes = 0
        self._is_expiring = False
