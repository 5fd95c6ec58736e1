"""Counts that follow the change stream; subscribers with equal rights and filters share reads."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping
from contextvars import Context as ContextVariables
from typing import Any

from pymongo.errors import PyMongoError

from graph.core.errors import RequestError
from graph.core.loaders import Count
from graph.events.events import LiveEvent
from graph.events.feed import LiveFeed
from graph.events.subscription import EventFilter
from models.database.base import DEFAULT_WORKSPACE_ID, WORKSPACE_FIELD
from models.database.outage_log import log_failure
from models.database.paced_reads import PacedReads
from whatsapp.errors import Refused

logger = logging.getLogger(__name__)

ReadCounts = Callable[[], Awaitable[list[Count]]]
Pay = Callable[[], Awaitable[None]]


class CountWatch:
    """Counts that are read again after each event that may have changed them."""

    def __init__(
        self, feed: LiveFeed, event_filter: EventFilter, *, refresh_seconds: float | None
    ) -> None:
        self.members = 0
        """Number of subscribers."""
        self.next_change = asyncio.Event()
        """Set by the next change of the counts, or by an error."""
        self.error: Exception | None = None
        """The error that ended the watch."""
        self._feed = feed
        self._filter = event_filter
        self._refresh_seconds = refresh_seconds
        self._counts: list[Count] | None = None
        self._is_stale = asyncio.Event()
        self._resources = contextlib.ExitStack()

    @property
    def counts(self) -> list[Count] | None:
        """The newest counts; None before the first read. Raises the error that ended the watch."""
        if self.error is not None:
            raise self.error
        return self._counts

    def start(self, read: ReadCounts, *, retry_seconds: float) -> None:
        # Before the first read, so that no later change is missed.
        self._resources.enter_context(self._feed.listen(self._filter.channel, self._on_event))
        self._resources.enter_context(self._feed.listen_to_removals(self._on_removal))
        task = asyncio.create_task(
            self._run(read, retry_seconds), name="live-counts", context=ContextVariables()
        )
        self._resources.callback(task.cancel)

    def close(self) -> None:
        self._resources.close()

    async def _run(self, read: ReadCounts, retry_seconds: float) -> None:
        try:
            while True:
                self._is_stale.clear()
                has_started = self._feed.has_started
                try:
                    counts = await read()
                except PyMongoError as error:
                    log_failure(logger, error, "Could not read live counts")
                    await asyncio.sleep(retry_seconds)
                    continue
                if counts != self._counts:
                    self._counts = counts
                    self._notify()
                if has_started:
                    await self._wait_until_stale()
                else:
                    # Changes between the read and the start of the stream have no event.
                    await self._feed.wait_until_started()
        except Exception as error:
            if not isinstance(error, RequestError | Refused):
                logger.exception("Live counts failed")
            self.error = error
            self._notify()

    async def _wait_until_stale(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._refresh_seconds):
                await self._is_stale.wait()

    def _on_event(self, event: LiveEvent | None) -> None:
        # After a loss of events, which is None, anything may have changed.
        if event is None or self._filter.matches(event):
            self._is_stale.set()

    def _on_removal(self, image: Mapping[str, Any]) -> None:
        workspace_id = image.get(WORKSPACE_FIELD) or DEFAULT_WORKSPACE_ID
        if not image or self._filter.includes_account(workspace_id, image["account_id"]):
            self._is_stale.set()

    def _notify(self) -> None:
        changed, self.next_change = self.next_change, asyncio.Event()
        changed.set()


class CountWatches:
    """The watches of one process; equal subscriptions of a credential share one."""

    def __init__(
        self, feed: LiveFeed, reads: PacedReads[list[Count]], *, retry_seconds: float
    ) -> None:
        self._feed = feed
        self._reads = reads
        self._retry_seconds = retry_seconds
        self._watches: dict[Hashable, CountWatch] = {}

    @contextlib.contextmanager
    def watch(
        self,
        key: Hashable,
        event_filter: EventFilter,
        read: ReadCounts,
        *,
        payer: Hashable,
        pay: Pay,
        refresh_seconds: float | None = None,
    ) -> Iterator[CountWatch]:
        """Yields the watch of this key, which is equal only for equal rights and filters.

        The payer is the credential, which calls `pay` before each read; reads are shared with all
        watches of the key. Both are also called after this subscriber has left. `refresh_seconds`
        is the age at which counts are read without an event.
        """

        async def read_paid() -> list[Count]:
            await pay()
            return await self._reads.read(key, read)

        own_key = (payer, key)
        watch = self._watches.get(own_key)
        if watch is None or watch.error is not None:
            watch = CountWatch(self._feed, event_filter, refresh_seconds=refresh_seconds)
            watch.start(read_paid, retry_seconds=self._retry_seconds)
            self._watches[own_key] = watch
        watch.members += 1
        try:
            yield watch
        finally:
            watch.members -= 1
            if not watch.members:
                watch.close()
                if self._watches.get(own_key) is watch:
                    del self._watches[own_key]
