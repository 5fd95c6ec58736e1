"""The database server's clock, known without extra commands.

Processes compare their times with the times of other hosts and of Meta, so all use the same clock:
the primary's, which is also `$$NOW`. See docs/decisions/0038.
"""

import time
from collections import deque
from datetime import UTC, datetime

from pymongo.monitoring import (
    ServerHeartbeatFailedEvent,
    ServerHeartbeatListener,
    ServerHeartbeatStartedEvent,
    ServerHeartbeatSucceededEvent,
)

# The driver sends a heartbeat every ten seconds.
KEPT_SAMPLES = 6


class ServerClock(ServerHeartbeatListener):
    """Adds the offset of the primary's clock to the local monotonic clock.

    Uses the local wall clock until the first heartbeat, which comes before the first command.
    """

    def __init__(self) -> None:
        self._address: tuple[str, int | None] | None = None
        self._samples: deque[float] = deque(maxlen=KEPT_SAMPLES)
        self._offset: float | None = None

    def timestamp(self) -> float:
        """Returns the primary's Unix time, late by at most the fastest recent heartbeat."""
        return time.time() if self._offset is None else time.monotonic() + self._offset

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        """Measures the offset at heartbeats of the primary, or of a sharded cluster's router."""
        local_time = event.reply.document.get("localTime")
        if not event.reply.is_writable or not isinstance(local_time, datetime):
            return
        if event.connection_id != self._address:
            self._address = event.connection_id
            self._samples.clear()
        if local_time.tzinfo is None:
            local_time = local_time.replace(tzinfo=UTC)
        self._samples.append(local_time.timestamp() - time.monotonic())
        # A delayed answer makes the offset too small, never too large.
        self._offset = max(self._samples)

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        """Does nothing: the offset is measured at the answer."""

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        """Does nothing: the last offset stays in use."""


server_clock = ServerClock()
