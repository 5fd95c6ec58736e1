"""The server's connection under an ASGI scope: aborting it, and writing to it directly.

ASGI has no message to abort a connection and none to write without waiting. `serving.http_protocol`
therefore puts an object with these methods into the scope's extensions. Other servers don't: slow
peers then can't be aborted, and every message goes through `send`.
"""

import asyncio
import logging
from collections.abc import MutableMapping
from typing import Any, Protocol

logger = logging.getLogger(__name__)

EXTENSION = "wagraph.connection"


class Connection(Protocol):
    """A connection of the server in `serving`."""

    @property
    def transport(self) -> asyncio.WriteTransport: ...

    def is_open(self) -> bool: ...

    def is_ready(self) -> bool:
        """Returns whether it is open and its buffer is below the high-water mark."""

    def write(self, data: bytes, /) -> None:
        """Writes whole WebSocket frames, or a part of an HTTP body without a length.

        `send` takes ten times as long, and one event may go to thousands of peers.
        """

    async def wait_until_writable(self) -> object: ...


def find_connection(scope: MutableMapping[str, Any]) -> Connection | None:
    connection: Connection | None = scope.get("extensions", {}).get(EXTENSION)
    return connection


def abort(connection: Connection | None, reason: object) -> None:
    """Closes a connection without waiting for the peer, unless it is already closed.

    uvicorn's own close waits without limit until everything is sent.
    """
    if connection is None:
        return
    transport = connection.transport
    if transport.is_closing() and not transport.get_write_buffer_size():
        return
    logger.info("Aborted a connection whose peer does not read (%s)", reason)
    transport.abort()
