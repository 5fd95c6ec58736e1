"""Places for the operations of a process, and for the events of subscriptions.

One event loop executes all operations, so each that runs delays the others. While several
workspaces are active, a workspace with a quota gets one place, which rests for as long as it was
used, starts its operations on sockets one after another, and gets its refusals late: what it may
use at once, and what it asks for beyond its quota, delays the others little. A workspace that is
alone is not limited.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from weakref import WeakValueDictionary

from beanie import PydanticObjectId
from graphql import GraphQLError

from graph.core.context import Context
from graph.core.errors import RateLimited
from whatsapp.common.admission import FairTurns
from whatsapp.common.capacity import Capacity
from whatsapp.common.timeouts import Timeouts

BUSY_SECONDS = 1
"""`retryAfter` of an operation refused because too many of its workspace are waiting."""


class Places:
    """The places of one process."""

    def __init__(
        self,
        *,
        capacity: Capacity = Capacity(),
        timeouts: Timeouts = Timeouts(),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._capacity = capacity
        self._timeouts = timeouts
        self._now = now
        self._turns = FairTurns(capacity.graphql_operations)
        # The last operation of each active workspace, the oldest first.
        self._active: OrderedDict[PydanticObjectId, float] = OrderedDict()
        self._starts: WeakValueDictionary[PydanticObjectId, asyncio.Lock] = WeakValueDictionary()
        self._held_back: Counter[PydanticObjectId] = Counter()

    def check(self, context: Context) -> None:
        """Refuses an operation before it is parsed and charged.

        Raises:
            RateLimited: too many operations of the workspace are waiting.
        """
        if self._is_limited(context):
            self._check_line(context)

    def hold(self, context: Context) -> AbstractAsyncContextManager[None]:
        """Returns a context manager that waits for a place for an operation, and holds it.

        Raises:
            RateLimited: as `check`, if others have joined the line since.
        """
        if not self._is_limited(context):
            return self._turns.hold(*context.holders)
        self._check_line(context)
        return self._hold_with_rest(*context.holders)

    def hold_for_event(self, context: Context) -> AbstractAsyncContextManager[None]:
        """Returns a context manager for an event of a subscription that reads.

        Only events of a workspace with a quota wait, while others are active.
        """
        if context.viewer is None or not self._is_limited(context):
            return nullcontext()
        workspace_id = context.viewer.workspace_id
        return self._hold_with_rest(workspace_id)

    async def wait_to_start(self, context: Context) -> None:
        """Waits before the start of an operation on a socket, which may be a subscription.

        A new document is parsed and checked without a break, so many at once would block others.
        """
        if context.viewer is None or not self._is_limited(context):
            return
        lock = self._starts.setdefault(context.viewer.workspace_id, asyncio.Lock())
        async with lock:
            await asyncio.sleep(self._timeouts.limited_start_seconds)

    async def hold_back(self, context: Context, errors: Iterable[GraphQLError]) -> None:
        """Waits before the refusal of a rate limit is sent, so that repeating it is no load."""
        waits = [(error.extensions or {}).get("retryAfter", 0) for error in errors]
        retry_after = max(waits, default=0)
        if not retry_after or context.viewer is None or not self._is_limited(context):
            return
        workspace_id = context.viewer.workspace_id
        if self._held_back[workspace_id] >= self._capacity.held_refusals:
            return
        self._held_back[workspace_id] += 1
        try:
            await asyncio.sleep(min(retry_after, self._timeouts.refusal_hold_seconds))
        finally:
            self._held_back[workspace_id] -= 1
            if not self._held_back[workspace_id]:
                del self._held_back[workspace_id]

    def _check_line(self, context: Context) -> None:
        if self._turns.count_waiting(context.holders[-1]) >= self._capacity.limited_waiting:
            raise RateLimited(BUSY_SECONDS)

    def _hold_with_rest(self, *holders: Hashable) -> AbstractAsyncContextManager[None]:
        return self._turns.hold_with_rest(
            *holders,
            limit=self._capacity.limited_operations,
            max_rest=self._timeouts.limited_rest_seconds,
        )

    def _is_limited(self, context: Context) -> bool:
        """Records that the caller's workspace is active; returns True if it shall leave room."""
        if context.viewer is None:
            return False
        workspace_id, now = context.viewer.workspace_id, self._now()
        self._active[workspace_id] = now
        self._active.move_to_end(workspace_id)
        while now - next(iter(self._active.values())) > self._timeouts.workspace_active_seconds:
            self._active.popitem(last=False)
        return len(self._active) > 1 and context.services.quotas.is_limited(workspace_id)
