"""Admission control: bounded request bodies, and fair shares of bounded pools."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

# Bytes of each body that don't count towards the total, so that large bodies never cause small ones
# to be refused. The server buffers as much per connection anyway.
FREE_BYTES = 64 * 1024


class BodyTooLarge(Exception):
    """The body is larger than allowed, as announced or as received."""


class BodyTooSlow(Exception):
    """The body was not complete in time."""


class BodyDropped(Exception):
    """The total limit was reached; the client may send the body again."""


class _Body:
    """A body: its chunks and its share of the total."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.counted = 0
        self.is_dropped = False
        self.deadline = asyncio.timeout(None)


class RequestBodies:
    """Reads the bodies of a route in this process, bounded in size and time, each and in total.

    They are not authenticated yet. When the total reaches its limit, the body that has been
    incomplete for longest is dropped, so that half-sent bodies can't block new ones.
    """

    def __init__(self, *, max_total_bytes: int) -> None:
        self._max_total_bytes = max_total_bytes
        self._total_bytes = 0
        self._incomplete: dict[_Body, None] = {}

    @asynccontextmanager
    async def receive(
        self,
        chunks: AsyncIterator[bytes],
        *,
        content_length: str | None,
        max_bytes: int,
        seconds: float,
    ) -> AsyncIterator[bytes]:
        """Yields the whole body; its bytes count until the context ends.

        Raises:
            BodyTooLarge, BodyTooSlow, BodyDropped: the rest of the body is left unread.
        """
        announced = content_length or ""
        if announced.isdecimal() and (len(announced) > 10 or int(announced) > max_bytes):
            raise BodyTooLarge
        body = _Body()
        try:
            yield await self._read(body, chunks, max_bytes=max_bytes, seconds=seconds)
        finally:
            self._release(body)

    async def _read(
        self, body: _Body, chunks: AsyncIterator[bytes], *, max_bytes: int, seconds: float
    ) -> bytes:
        body.deadline = asyncio.timeout(seconds)
        try:
            async with body.deadline:
                self._incomplete[body] = None
                async for chunk in chunks:
                    body.size += len(chunk)
                    if body.size > max_bytes:
                        raise BodyTooLarge
                    self._make_room(body)
                    body.chunks.append(chunk)
        except TimeoutError:
            raise (BodyDropped if body.is_dropped else BodyTooSlow) from None
        finally:
            self._incomplete.pop(body, None)
        content = body.chunks[0] if len(body.chunks) == 1 else b"".join(body.chunks)
        body.chunks.clear()
        return content

    def _make_room(self, body: _Body) -> None:
        """Counts the received bytes; raises BodyDropped if there is no room for them."""
        growth = max(body.size - FREE_BYTES, 0) - body.counted
        while growth and self._total_bytes + growth > self._max_total_bytes:
            candidates = (other for other in self._incomplete if other.counted or other is body)
            oldest = next(candidates, body)
            if oldest is body:
                raise BodyDropped
            self._drop(oldest)
        self._total_bytes += growth
        body.counted += growth

    def _drop(self, body: _Body) -> None:
        del self._incomplete[body]
        self._release(body)
        if not body.deadline.expired():
            body.is_dropped = True
            body.deadline.reschedule(asyncio.get_running_loop().time())

    def _release(self, body: _Body) -> None:
        self._total_bytes -= body.counted
        body.counted = 0
        body.chunks.clear()


class FairShares:
    """Counts the slots that each holder has, out of `size`.

    A holder gets another slot while it has fewer than are free. A single holder gets half of
    them, n greedy holders get 1/(n+1) each, and a slot stays free for a new holder.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: Counter[Hashable] = Counter()
        self._taken = 0

    def has_room(self, *holders: Hashable, limit: int | None = None) -> bool:
        """Returns True if each of these holders may take another slot.

        `limit` is the maximum number of slots of the last holder.
        """
        free = self._size - self._taken
        if limit is not None and self._held[holders[-1]] >= limit:
            return False
        return free > 0 and all(self._held[holder] < free for holder in holders)

    def list_full(self) -> list[Hashable]:
        """Returns the holders that may not take another slot now."""
        return [holder for holder in self._held if not self.has_room(holder)]

    def take(self, *holders: Hashable) -> Callable[[], None]:
        """Takes a slot, counted for each holder; returns a function that releases it."""
        self._taken += 1
        self._held.update(holders)

        def release_slot() -> None:
            self._taken -= 1
            self._held.subtract(holders)
            for holder in holders:
                if not self._held[holder]:
                    del self._held[holder]

        return release_slot


class FairTurns:
    """A pool whose callers wait for a slot, in order of arrival among eligible holders."""

    def __init__(self, size: int) -> None:
        self._shares = FairShares(size)
        self._waiting: dict[asyncio.Future[Callable[[], None]], _Claim] = {}
        self._lines: Counter[Hashable] = Counter()

    def hold(self, *holders: Hashable) -> "_Turn":
        """Returns a context manager that waits until the holders have room, and holds a slot."""
        return _Turn(self, _Claim(holders, None))

    def hold_with_rest(self, *holders: Hashable, limit: int, max_rest: float) -> "_Turn":
        """Same as `hold`, for holders that shall leave room for others.

        The last holder gets at most `limit` slots, and each stays taken as long again after its
        use, up to `max_rest` seconds.
        """
        return _RestingTurn(self, _Claim(holders, limit), max_rest)

    def count_waiting(self, holder: Hashable) -> int:
        """Returns the number of callers that wait with this last holder."""
        return self._lines[holder]

    async def take(self, claim: "_Claim") -> Callable[[], None]:
        """Waits until the holders have room; returns a function that releases the slot."""
        if not self._waiting and self._shares.has_room(*claim.holders, limit=claim.limit):
            return self._shares.take(*claim.holders)
        return await self._wait(claim)

    def admit_waiting(self) -> None:
        """Gives free slots to waiting callers. Called after a slot was released."""
        if self._waiting:
            self._admit()

    async def _wait(self, claim: "_Claim") -> Callable[[], None]:
        slot: asyncio.Future[Callable[[], None]] = asyncio.get_running_loop().create_future()
        self._waiting[slot] = claim
        self._lines[claim.holders[-1]] += 1
        self._admit()
        try:
            return await slot
        except asyncio.CancelledError:
            self._waiting.pop(slot, None)
            if slot.done() and not slot.cancelled():  # granted at the same moment
                slot.result()()
                self._admit()
            raise
        finally:
            self._leave_line(claim.holders[-1])

    def _leave_line(self, holder: Hashable) -> None:
        self._lines[holder] -= 1
        if not self._lines[holder]:
            del self._lines[holder]

    def _admit(self) -> None:
        for slot, claim in list(self._waiting.items()):
            if self._shares.has_room(*claim.holders, limit=claim.limit):
                del self._waiting[slot]
                if not slot.done():
                    slot.set_result(self._shares.take(*claim.holders))


class _Claim(NamedTuple):
    """The holders of a slot, and the maximum number of slots of the last holder."""

    holders: Sequence[Hashable]
    limit: int | None


class _Turn:
    """A context manager class; a generator-based one costs several times as much."""

    __slots__ = ("_claim", "_release_slot", "_turns")

    def __init__(self, turns: FairTurns, claim: _Claim) -> None:
        self._turns = turns
        self._claim = claim

    async def __aenter__(self) -> None:
        self._release_slot = await self._turns.take(self._claim)

    async def __aexit__(self, *_: object) -> None:
        self._release()

    def _release(self) -> None:
        self._release_slot()
        self._turns.admit_waiting()


class _RestingTurn(_Turn):
    """A turn whose slot stays taken for a while."""

    __slots__ = ("_max_rest", "_started_at")

    def __init__(self, turns: FairTurns, claim: _Claim, max_rest: float) -> None:
        super().__init__(turns, claim)
        self._max_rest = max_rest

    async def __aenter__(self) -> None:
        await super().__aenter__()
        self._started_at = time.monotonic()

    async def __aexit__(self, *_: object) -> None:
        used = time.monotonic() - self._started_at
        asyncio.get_running_loop().call_later(min(used, self._max_rest), self._release)
