"""Shared reads: what is asked of the database at the same time is asked together.

A command costs the driver more than the documents that it brings. So while a read of one kind is
under way, further ones of its kind wait for it and then go together, in one command. Nobody waits
when nothing is under way, or for long, and each read begins after it was asked for: whoever asks
sees whatever was committed before, just as by a read of their own.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from contextvars import Context
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

import pymongo
from beanie import Document
from pymongo._csot import remaining as remaining_seconds  # what `pymongo.timeout` has left
from pymongo.asynchronous.collection import AsyncCollection

from models.database.base import collection
from models.database.outages import is_transient
from models.database.reading import project

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")
Fields = dict[str, Any]

# Where nobody who waits has a deadline.
DEADLINE_SECONDS = 10.0
# So long one waits for reads of others: a slow one may take as long as its own deadline, while on a
# busy server a quick one takes up to some 100 ms, and sharing it is what makes it quick.
PATIENCE_SECONDS = 0.25
# Kinds of look-ups that are remembered: queries of apps ask for the same fields again and again.
MAX_KINDS = 256


@dataclass(frozen=True)
class Call(Generic[Key, Found]):
    """Somebody who waits for what is found for their keys."""

    keys: Sequence[Key]
    answer: asyncio.Future[list[Found]]
    until: float | None
    """Their deadline, in the event loop's time."""


class SharedRead(Generic[Key, Found]):
    """Reads of one kind. `load` gives what it finds for each of its keys, in their order."""

    def __init__(
        self,
        load: Callable[[list[Key]], Awaitable[Sequence[Found]]],
        *,
        most: int,
        at_once: int = 1,
    ) -> None:
        self._load = load
        self._most = most
        self._at_once = at_once
        self._waiting: deque[Call[Key, Found]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_called = False
        self._impatience: asyncio.TimerHandle | None = None

    async def load(self, key: Key) -> Found:
        """Raises PyMongoError."""
        return (await self.load_many([key]))[0]

    async def load_many(self, keys: Sequence[Key]) -> list[Found]:
        """What is found for each of the keys, in their order.

        Raises:
            PyMongoError
        """
        loop = asyncio.get_running_loop()
        remaining = remaining_seconds()
        until = None if remaining is None else loop.time() + remaining
        call: Call[Key, Found] = Call(keys, loop.create_future(), until)
        self._waiting.append(call)
        self._call()
        return await call.answer

    def _call(self) -> None:
        """Begins when all that runs at this moment has had its say."""
        if self._is_called or not self._waiting:
            return
        loop = asyncio.get_running_loop()
        if len(self._tasks) < self._at_once:
            self._is_called = True
            loop.call_soon(self._begin)
        elif self._impatience is None:
            self._impatience = loop.call_later(PATIENCE_SECONDS, self._begin)

    def _begin(self) -> None:
        self._is_called = False
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None
        calls: list[Call[Key, Found]] = []
        size = 0
        while self._waiting and (not calls or size + len(self._waiting[0].keys) <= self._most):
            calls.append(self._waiting.popleft())
            size += len(calls[-1].keys)
        if calls:
            # A context of its own: deadlines and the like of one caller are not the others'.
            task = asyncio.create_task(self._run(calls), name="shared-read", context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._end)
        self._call()

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._call()

    async def _run(self, calls: list[Call[Key, Found]]) -> None:
        calls = [call for call in calls if not call.answer.done()]
        try:
            with pymongo.timeout(_find_patience(calls)):
                answers = await self._read([call.keys for call in calls])
        except asyncio.CancelledError:
            for call in calls:
                call.answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            await self._tell_error(calls, error)
            return
        for call, answer in zip(calls, answers, strict=True):
            if not call.answer.done():
                call.answer.set_result(answer)

    async def _tell_error(self, calls: list[Call[Key, Found]], error: Exception) -> None:
        if len(calls) == 1 or is_transient(error):
            for call in calls:
                if not call.answer.done():
                    call.answer.set_exception(error)
            return
        # One of them is at fault: alone, the others are answered.
        for call in calls:
            await self._run([call])

    async def _read(self, keys: Sequence[Sequence[Key]]) -> list[list[Found]]:
        """Reads the keys of several calls at once, each key once."""
        wanted = list(dict.fromkeys(chain.from_iterable(keys)))
        found = await self._load(wanted) if wanted else []
        if len(keys) == 1 and len(wanted) == len(keys[0]):
            return [list(found)]
        by_key = dict(zip(wanted, found, strict=True))
        return [[by_key[key] for key in keys_of_call] for keys_of_call in keys]


def _find_patience(calls: Sequence[Call[Any, Any]]) -> float:
    """How long the most patient of them waits, in seconds."""
    now = asyncio.get_running_loop().time()
    ends = [now + DEADLINE_SECONDS if call.until is None else call.until for call in calls]
    return max(0.001, max(ends, default=now) - now)


class SharedReads:
    """All of one collection, by what they read."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, SharedRead[Any, Any]] = {}

    def get(self, kind: Hashable, make: Callable[[], SharedRead[Any, Any]]) -> SharedRead[Any, Any]:
        found = self._kinds.get(kind)
        if found is None:
            if len(self._kinds) >= MAX_KINDS:
                # The oldest; whoever still waits for it keeps it alive until it is done.
                del self._kinds[next(iter(self._kinds))]
            found = self._kinds[kind] = make()
        return found


def get_shared_reads(document_class: type[Document]) -> SharedReads:
    """Those of the collection that has these documents now."""
    target = collection(document_class)
    known, reads = _READS.get(document_class, (None, None))
    if reads is None or known is not target:
        # Beanie was given another client: what still waits ends with the old one.
        reads = SharedReads()
        _READS[document_class] = (target, reads)
    return reads


_READS: dict[type[Document], tuple[AsyncCollection[Fields], SharedReads]] = {}


def find_by(
    document_class: type[Document], name: str, *, shown: Collection[str] | None = None
) -> SharedRead[Any, Fields | None]:
    """Look-ups of documents by a field with unique values; with `shown`, of these fields only."""
    fields = None if shown is None else frozenset(shown) | {name}

    async def load(values: list[Any]) -> list[Fields | None]:
        wanted = {name: values[0]} if len(values) == 1 else {name: {"$in": values}}
        found = collection(document_class).find(wanted, project(fields), batch_size=len(values) + 1)
        by_value = {document[name]: document for document in await found.to_list()}
        return [by_value.get(value) for value in values]

    return get_shared_reads(document_class).get(
        (document_class, name, fields), lambda: SharedRead(load, most=2000)
    )
