"""Payloads: the answer to one event, encoded once for all who get it."""

from collections.abc import Coroutine
from typing import Any, Protocol

from graph.events.events import LiveEvent
from graph.fanout.frames import make_head

# Events whose execution is under way at once; they are told in order.
BATCH = 32


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
