"""The connection under a request: what ASGI has no words for.

It has no way to cut a connection off, and uvicorn does not either; and it has none to write at once
where nothing is in the way.
"""

import asyncio
import logging

from uvicorn.protocols.http.h11_impl import RequestResponseCycle as H11Cycle
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle as HttpToolsCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

logger = logging.getLogger(__name__)

# How long a peer may take for the last that it is sent, before its connection is cut off.
CLOSE_ANSWER_SECONDS = 5.0


def find_transport() -> asyncio.WriteTransport | None:
    """The connection that the current task serves, None under other servers than uvicorn.

    uvicorn keeps a connection with unsent data for ever: its own close waits until all of it is
    sent. It serves each request in a task of its own, whose coroutine is a method of the object
    that holds the transport.
    """
    transport = getattr(find_protocol(), "transport", None)
    return transport if hasattr(transport, "abort") else None


def find_protocol() -> object:
    """uvicorn's own object for the request that the current task serves."""
    task = asyncio.current_task()
    frame = getattr(task.get_coro() if task else None, "cr_frame", None)
    return frame.f_locals.get("self") if frame else None


RequestCycle = H11Cycle | HttpToolsCycle


def find_cycle() -> RequestCycle | None:
    """uvicorn's object for the HTTP request that the current task serves; it knows whether a write
    would have to wait.
    """
    cycle = find_protocol()
    return cycle if isinstance(cycle, RequestCycle) else None


class DirectFrames:
    """Writes WebSocket frames past uvicorn's `send`, in the moments when that would write at once.

    Through Starlette, uvicorn and websockets a message costs ten times as much as the write itself,
    and one event may go to thousands of sockets. They are whole frames between those that uvicorn
    writes, so its protocol sees no difference.
    """

    def __init__(self, protocol: WebSocketsSansIOProtocol) -> None:
        self.write = protocol.transport.write
        self.wait_until_writable = protocol.writable.wait
        self._protocol = protocol
        self._is_closing = protocol.transport.is_closing
        self._is_writable = protocol.writable.is_set

    @classmethod
    def find(cls) -> "DirectFrames | None":
        """For the socket that the current task serves; None where frames are not so simple."""
        protocol = find_protocol()
        if isinstance(protocol, WebSocketsSansIOProtocol) and not protocol.conn.extensions:
            return cls(protocol)
        return None

    def is_open(self) -> bool:
        protocol = self._protocol
        return protocol.handshake_complete and not (
            protocol.close_sent or protocol.disconnected or self._is_closing()
        )

    def is_ready(self) -> bool:
        """Whether a write goes to the network at once, or into a buffer that is not full."""
        return self._is_writable() and self.is_open()


def cut_off(transport: asyncio.WriteTransport | None, why: object) -> None:
    """Ends a connection without the peer; one that has ended by itself is left alone."""
    if transport is None or (transport.is_closing() and not transport.get_write_buffer_size()):
        return
    logger.info("A peer that does not read was cut off (%s)", why)
    transport.abort()
