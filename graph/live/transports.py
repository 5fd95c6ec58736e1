"""The connection under a request: ASGI has no way to cut one off, and uvicorn does not either."""

import asyncio
import logging

logger = logging.getLogger(__name__)

# How long a peer may take for the last that it is sent, before its connection is cut off.
CLOSE_ANSWER_SECONDS = 5.0


def find_transport() -> asyncio.WriteTransport | None:
    """The connection that the current task serves, None under other servers than uvicorn.

    uvicorn keeps a connection with unsent data for ever: its own close waits until all of it is
    sent. It serves each request in a task of its own, whose coroutine is a method of the object
    that holds the transport.
    """
    task = asyncio.current_task()
    frame = getattr(task.get_coro() if task else None, "cr_frame", None)
    protocol = frame.f_locals.get("self") if frame else None
    transport = getattr(protocol, "transport", None)
    return transport if hasattr(transport, "abort") else None


def cut_off(transport: asyncio.WriteTransport | None, why: object) -> None:
    """Ends a connection without the peer; one that has ended by itself is left alone."""
    if transport is None or (transport.is_closing() and not transport.get_write_buffer_size()):
        return
    logger.info("A peer that does not read was cut off (%s)", why)
    transport.abort()
