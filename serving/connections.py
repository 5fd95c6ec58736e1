"""Connections as the application sees them, and their number per client address.

This module alone uses uvicorn's `_TrustedHosts`; `test_trusted_proxy_has_no_limit` fails if that
changes.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus

from uvicorn.middleware.proxy_headers import _TrustedHosts
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from graph.core.rates.sign_ins import group_address


class Addresses:
    """Limits the connections of each client address in one process."""

    def __init__(self, *, limit: int, trusted: list[str] | str) -> None:
        self._limit = limit
        # A proxy carries the connections of many clients.
        self._trusted = _TrustedHosts(trusted)
        self._counts: Counter[str] = Counter()

    def add(self, address: str | None) -> Callable[[], None] | None:
        """Counts a connection; returns the function that releases it, or None at the limit."""
        if not self._limit or address is None or address in self._trusted:
            return do_nothing
        group = group_address(address)
        if self._counts[group] >= self._limit:
            return None
        self._counts[group] += 1
        return lambda: self._release(group)

    def is_trusted(self, address: str | None) -> bool:
        """Returns True for a trusted proxy."""
        return address is not None and address in self._trusted

    def _release(self, group: str) -> None:
        self._counts[group] -= 1
        if not self._counts[group]:
            del self._counts[group]


def do_nothing() -> None:
    pass


class HttpConnection:
    """An HTTP connection; implements `graph.fanout.connection.Connection`.

    It is in the scope of requests, so a reference to a request would be a cycle.
    """

    __slots__ = ("_flow", "transport")

    def __init__(self, transport: asyncio.Transport, flow: FlowControl) -> None:
        self.transport = transport
        self._flow = flow

    def is_open(self) -> bool:
        return not self.transport.is_closing()

    def is_ready(self) -> bool:
        return not (self._flow.write_paused or self.transport.is_closing())

    def write(self, data: bytes, /) -> None:
        """Writes a part of a response without Content-Length, in chunked encoding."""
        if data:  # an empty chunk would end the response
            self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    async def wait_until_writable(self) -> None:
        await self._flow.drain()


class SocketConnection:
    """A WebSocket; implements `graph.fanout.connection.Connection`.

    Whole frames between uvicorn's own don't affect its protocol state.
    """

    __slots__ = (
        "_is_closing",
        "_is_writable",
        "_protocol",
        "transport",
        "wait_until_writable",
        "write",
    )

    def __init__(self, protocol: WebSocketsSansIOProtocol) -> None:
        self.transport = protocol.transport
        # Bound once, because they are called for each event and socket.
        self.write = protocol.transport.write
        self.wait_until_writable = protocol.writable.wait
        self._is_closing = protocol.transport.is_closing
        self._is_writable = protocol.writable.is_set
        self._protocol = protocol

    def is_open(self) -> bool:
        protocol = self._protocol
        return protocol.handshake_complete and not (
            protocol.close_sent or protocol.disconnected or self._is_closing()
        )

    def is_ready(self) -> bool:
        return self._is_writable() and self.is_open()


def make_response(status: int, reason: str) -> bytes:
    body = f"{reason}\n".encode()
    head = (
        f"HTTP/1.1 {int(status)} {HTTPStatus(status).phrase}\r\n"
        "content-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body
