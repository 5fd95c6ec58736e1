"""Coalescing: calls that arrive while a batch runs are processed together in the next batch."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeVar

from pymongo._csot import remaining as remaining_seconds

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False)
class Call(Generic[Item, Result]):
    """A caller waiting for its batch."""

    item: Item
    result: asyncio.Future[Result]
    deadline: float | None
    """The deadline of the caller's `pymongo.timeout`, in the event loop's time."""


class Coalescer(ABC, Generic[Item, Result]):
    """Processes the items of concurrent calls in batches.

    A call waits only if `max_running` batches are running, and at most `max_wait` seconds then. Its
    batch begins after the call, so it sees all writes that were committed before. A caller's
    cancellation or deadline does not affect the rest of its batch.
    """

    def __init__(self, name: str, *, max_running: int = 1, max_wait: float | None = None) -> None:
        self._name = name
        self._max_running = max_running
        self._max_wait = max_wait
        self._waiting: deque[Call[Item, Result]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._is_scheduled = False
        self._timer: asyncio.TimerHandle | None = None

    @abstractmethod
    async def _process(self, calls: Sequence[Call[Item, Result]]) -> None:
        """Sets the result of each call; an exception is raised in calls without a result."""

    @abstractmethod
    def _weigh(self, item: Item) -> float:
        """Returns the share of a full batch that the item takes up."""

    async def submit(self, item: Item) -> Result:
        """Returns the result of the item, or raises the exception that its batch ended with."""
        loop = asyncio.get_running_loop()
        remaining = remaining_seconds()
        deadline = None if remaining is None else loop.time() + remaining
        call: Call[Item, Result] = Call(item, loop.create_future(), deadline)
        self._waiting.append(call)
        self._schedule()
        return await call.result

    async def drain(self) -> None:
        """Waits until no batch is running or waiting."""
        while self._running or self._waiting:
            await (asyncio.wait(self._running) if self._running else asyncio.sleep(0))

    def _schedule(self) -> None:
        """Schedules the next batch for the next loop iteration, when more calls may have joined."""
        if self._is_scheduled or not self._waiting:
            return
        loop = asyncio.get_running_loop()
        if len(self._running) < self._max_running:
            self._is_scheduled = True
            loop.call_soon(self._start_batch)
        elif self._timer is None and self._max_wait is not None:
            self._timer = loop.call_later(self._max_wait, self._start_batch)

    def _start_batch(self) -> None:
        self._is_scheduled = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        calls: list[Call[Item, Result]] = []
        weight = 0.0
        while self._waiting:
            weight += self._weigh(self._waiting[0].item)
            if calls and weight > 1 + 1e-9:  # sums of fractions are inexact
                break
            calls.append(self._waiting.popleft())
        if calls:
            # A context of its own: the batch must not inherit a caller's deadline.
            task = asyncio.create_task(self._run(calls), name=self._name, context=Context())
            self._running.add(task)
            task.add_done_callback(self._end_batch)
        self._schedule()

    def _end_batch(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._schedule()

    async def _run(self, calls: Sequence[Call[Item, Result]]) -> None:
        try:
            await self._process(calls)
        except Exception as error:
            waiting = [call for call in calls if not call.result.done()]
            for call in waiting:
                call.result.set_exception(error)
            if not waiting and not all(call.result.cancelled() for call in calls):
                raise  # no caller sees the error, so asyncio logs it
        finally:
            for call in calls:
                call.result.cancel()  # only if the batch was cancelled: a result stays
