"""Payloads: the result of one event, encoded once for all recipients."""

import struct
from collections.abc import Coroutine
from typing import Any, Protocol

from graph.events.events import LiveEvent

# Maximum number of events executed concurrently; they are delivered in order.
BATCH = 32
# First byte of an unfragmented text frame.
_TEXT_FRAME = 0x81
# Length bytes that announce a length of two or eight bytes.
_TWO_BYTES, _EIGHT_BYTES = 126, 127


def make_frame(text: bytes) -> bytes:
    """Returns an unmasked, uncompressed WebSocket text frame."""
    return _make_frame_header(len(text)) + text


def _make_frame_header(size: int) -> bytes:
    if size < _TWO_BYTES:
        return struct.pack("!BB", _TEXT_FRAME, size)
    if size < 1 << 16:
        return struct.pack("!BBH", _TEXT_FRAME, _TWO_BYTES, size)
    return struct.pack("!BBQ", _TEXT_FRAME, _EIGHT_BYTES, size)


class Payload:
    """The encoded execution result of one event."""

    __slots__ = ("_header", "_header_size", "_server_sent", "_tail", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._tail = body + b"}"
        self._header_size = -1
        self._header = b""
        self._server_sent: bytes | None = None

    def make_message(self, prefix: bytes) -> bytes:
        """Returns the `next` message of graphql-transport-ws; it starts with `prefix`."""
        return prefix + self._tail

    def make_frame(self, prefix: bytes) -> bytes:
        """Returns that message as a WebSocket frame."""
        size = len(prefix) + len(self._tail)
        if size != self._header_size:
            # Almost all ids have the same length, so the header can be reused.
            self._header, self._header_size = _make_frame_header(size), size
        return self._header + prefix + self._tail

    @property
    def server_sent(self) -> bytes:
        """The `next` event of an event stream."""
        if self._server_sent is None:
            self._server_sent = b"event: next\ndata: " + self.body + b"\n\n"
        return self._server_sent


class EventExecution(Protocol):
    """Executes the operation of a group for events."""

    def execute(self, event: LiveEvent) -> Payload | Coroutine[Any, Any, Payload]:
        """Returns a coroutine only if the execution has to wait.

        Raises:
            GraphQLError: the whole operation failed, and ends.
        """
