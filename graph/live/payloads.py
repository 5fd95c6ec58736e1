"""Payloads: the answer to one event, encoded once for all who get it."""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Hashable
from typing import Any, Protocol

from graph.live.events import LiveEvent
from graph.live.frames import make_head

MAX_KEPT_BYTES = 16 * 1024 * 1024
KEEP_SECONDS = 10.0


class Payload:
    """The encoded execution result of one event."""

    __slots__ = ("_head", "_head_size", "_server_sent", "_tail", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._tail = body + b"}"
        self._head_size = -1
        self._head = b""
        self._server_sent: bytes | None = None

    def message(self, prefix: bytes) -> bytes:
        """The `next` message of graphql-transport-ws; `prefix` is all that comes before it."""
        return prefix + self._tail

    def frame(self, prefix: bytes) -> bytes:
        """That message as a WebSocket frame."""
        size = len(prefix) + len(self._tail)
        if size != self._head_size:
            # Almost all ids have the same length, so almost all frames begin in the same way.
            self._head, self._head_size = make_head(size), size
        return self._head + prefix + self._tail

    @property
    def server_sent(self) -> bytes:
        """The `next` event of an event stream."""
        if self._server_sent is None:
            self._server_sent = b"event: next\ndata: " + self.body + b"\n\n"
        return self._server_sent


class EventExecution(Protocol):
    """How one operation is executed for an event: what a group of equal subscriptions shares."""

    def execute(self, event: LiveEvent) -> Payload | Coroutine[Any, Any, Payload]:
        """A coroutine only where it has to wait for something.

        Raises:
            GraphQLError: the whole operation has failed, and ends.
        """


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
