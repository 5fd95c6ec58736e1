"""Reads that many callers repeat: equal reads share one, and start at most once per interval."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import pymongo

from models.database.deadline import copy_context_without_deadline

Result = TypeVar("Result")

# A caller's own deadline does not end a read that others share.
DEADLINE_SECONDS = 10.0


@dataclass(eq=False)
class _Group(Generic[Result]):
    """The reads of a key."""

    next_at: float = 0.0
    """Earliest start of the next read, in monotonic time."""
    next_read: asyncio.Task[Result] | None = None
    """The read that has not started yet."""


class PacedReads(Generic[Result]):
    """Shares the reads of equal keys.

    A read starts after the call, so it sees all earlier writes, and waits until `interval` seconds
    after the previous start.
    """

    def __init__(self, *, interval: float) -> None:
        self._interval = interval
        self._groups: dict[Hashable, _Group[Result]] = {}

    async def read(self, key: Hashable, load: Callable[[], Awaitable[Result]]) -> Result:
        """Returns the result of the next read, or raises its exception."""
        group = self._groups.setdefault(key, _Group())
        if group.next_read is None:
            group.next_read = asyncio.create_task(
                self._run(key, group, load),
                name="shared-read",
                context=copy_context_without_deadline(),
            )
        return await asyncio.shield(group.next_read)

    async def _run(
        self, key: Hashable, group: _Group[Result], load: Callable[[], Awaitable[Result]]
    ) -> Result:
        await asyncio.sleep(max(0.0, group.next_at - time.monotonic()))
        group.next_read = None
        group.next_at = time.monotonic() + self._interval
        asyncio.get_running_loop().call_later(self._interval, self._forget, key, group)
        with pymongo.timeout(DEADLINE_SECONDS):
            return await load()

    def _forget(self, key: Hashable, group: _Group[Result]) -> None:
        is_idle = group.next_read is None and time.monotonic() >= group.next_at - 0.001
        if is_idle and self._groups.get(key) is group:
            del self._groups[key]
