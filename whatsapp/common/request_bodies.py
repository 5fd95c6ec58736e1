"""Incoming request bodies: bounded in size and time, each and in total.

They are not authenticated yet. When the total reaches its limit, the body that has been incomplete
for longest is dropped, so that half-sent bodies can't block new ones.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
    """Reads the bodies of a route in this process."""

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
