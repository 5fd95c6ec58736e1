"""Coalescing: calls that arrive while a batch runs are processed together in the next batch.

Shared reads combine concurrent reads of the same kind into one command, because sending a command
takes the driver more time than reading the documents that it returns. For shared writes, see
`models.database.shared_writes`.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from contextvars import Context
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

import pymongo
from beanie import Document
from pymongo.asynchronous.collection import AsyncCollection

from models.database.base import collection
from models.database.conversion import project
from models.database.deadline import remaining_seconds
from models.database.outages import is_transient
from telemetry import traces

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False)
class Call(Generic[Item, Result]):
    """A caller waiting for its batch."""

    item: Item
    result: asyncio.Future[Result]
    deadline: float | None
    """The deadline of the caller's `pymongo.timeout`, in the event loop's time."""
    traceparent: str | None = None
    """The caller's span."""


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
        call: Call[Item, Result] = Call(
            item, loop.create_future(), deadline, traces.get_traceparent()
        )
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
            with traces.linked_span(self._name, calls):
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

    async def run_alone(self, calls: Sequence[Call[Item, Result]], error: Exception) -> None:
        """Runs each call of a failed batch alone, so that an invalid call does not fail the rest.

        Raises the error of the batch if it is transient, or if the batch was a single call.
        """
        if len(calls) <= 1 or is_transient(error):
            raise error
        for call in calls:
            await self._run([call])


Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")
CoalescerType = TypeVar("CoalescerType", bound=Coalescer[Any, Any])
Fields = dict[str, Any]

DEADLINE_SECONDS = 10.0
"""Deadline of a read for a caller without a deadline."""
# Longest wait of a caller for a running read: a slow read must not delay it until the read's own
# deadline. On a busy server reads take up to 100 ms and should still be shared.
MAX_WAIT_SECONDS = 0.25
MAX_KINDS = 256


class SharedRead(Coalescer[Sequence[Key], list[Found]]):
    """Batches reads by key. The `load` callback returns a result for each key, in their order."""

    def __init__(
        self,
        load: Callable[[list[Key]], Awaitable[Sequence[Found]]],
        *,
        max_keys: int,
        max_running: int = 1,
    ) -> None:
        super().__init__("shared-read", max_running=max_running, max_wait=MAX_WAIT_SECONDS)
        self._load = load
        self._max_keys = max_keys

    async def load(self, key: Key) -> Found:
        """Raises PyMongoError."""
        return (await self.submit([key]))[0]

    async def load_many(self, keys: Sequence[Key]) -> list[Found]:
        """Returns the result for each of the keys, in their order.

        Raises:
            PyMongoError
        """
        return await self.submit(keys)

    def _weigh(self, item: Sequence[Key]) -> float:
        return len(item) / self._max_keys

    async def _process(self, calls: Sequence[Call[Sequence[Key], list[Found]]]) -> None:
        calls = [call for call in calls if not call.result.done()]
        try:
            with pymongo.timeout(find_max_wait(calls)):
                results = await self._read([call.item for call in calls])
        except Exception as error:  # noqa: BLE001 - raised again, or by each call alone
            await self.run_alone(calls, error)
            return
        for call, result in zip(calls, results, strict=True):
            if not call.result.done():
                call.result.set_result(result)

    async def _read(self, keys: Sequence[Sequence[Key]]) -> list[list[Found]]:
        """Reads the distinct keys of several calls with one `load`."""
        distinct = list(dict.fromkeys(chain.from_iterable(keys)))
        results = await self._load(distinct) if distinct else []
        if len(keys) == 1 and len(distinct) == len(keys[0]):
            return [list(results)]
        by_key = dict(zip(distinct, results, strict=True))
        return [[by_key[key] for key in keys_of_call] for keys_of_call in keys]


def find_max_wait(calls: Sequence[Call[Any, Any]]) -> float:
    """Returns the seconds until the latest deadline of the calls."""
    now = asyncio.get_running_loop().time()
    deadlines = [
        now + DEADLINE_SECONDS if call.deadline is None else call.deadline for call in calls
    ]
    return max(0.001, max(deadlines, default=now) - now)


class SharedCommands:
    """The shared reads and writes of a collection, by kind, such as their keys and fields."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, Any] = {}

    def get(self, kind: Hashable, make: Callable[[], CoalescerType]) -> CoalescerType:
        command: CoalescerType | None = self._kinds.get(kind)
        if command is None:
            if len(self._kinds) >= MAX_KINDS:
                # Evict the oldest; its waiting callers keep it alive.
                del self._kinds[next(iter(self._kinds))]
            command = self._kinds[kind] = make()
        return command


def get_shared_commands(document_class: type[Document]) -> SharedCommands:
    """Returns the shared reads and writes of the collection that holds these documents."""
    target = collection(document_class)
    known, commands = _COMMANDS.get(document_class, (None, None))
    if commands is None or known is not target:
        # Beanie has a new client. Calls that are waiting still use the old client.
        commands = SharedCommands()
        _COMMANDS[document_class] = (target, commands)
    return commands


_COMMANDS: dict[type[Document], tuple[AsyncCollection[Fields], SharedCommands]] = {}


def find_by(
    document_class: type[Document], name: str, *, fields: Collection[str] | None = None
) -> SharedRead[Any, Fields | None]:
    """Returns the shared read of documents by a unique field, limited to these `fields`."""
    read_fields = None if fields is None else frozenset(fields) | {name}

    async def load(values: list[Any]) -> list[Fields | None]:
        query = {name: values[0]} if len(values) == 1 else {name: {"$in": values}}
        cursor = collection(document_class).find(
            query, project(read_fields), batch_size=len(values) + 1
        )
        by_value = {document[name]: document for document in await cursor.to_list()}
        return [by_value.get(value) for value in values]

    return get_shared_commands(document_class).get(
        (document_class, name, read_fields), lambda: SharedRead(load, max_keys=2000)
    )
