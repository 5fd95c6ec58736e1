"""The database server's clock, kept per process without a command of its own.

Every process compares its times with those of other hosts and of Meta, so all read one clock: the
primary's, which `$$NOW` shows too. See docs/decisions/0038.
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

# The driver asks for a heartbeat every ten seconds.
KEPT_SAMPLES = 6


class ServerClock(ServerHeartbeatListener):
    """Adds the distance between the primary's clock and ours to our monotonic one.

    The process's wall clock is read only until the first heartbeat, which comes before the first
    command.
    """

    def __init__(self) -> None:
        self._address: tuple[str, int | None] | None = None
        self._samples: deque[float] = deque(maxlen=KEPT_SAMPLES)
        self._offset: float | None = None

    def timestamp(self) -> float:
        """Returns the primary's Unix time, late by at most the fastest recent heartbeat."""
        return time.time() if self._offset is None else time.monotonic() + self._offset

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        """Measures at each heartbeat of the primary, or of the router of a sharded cluster."""
        local_time = event.reply.document.get("localTime")
        if not event.reply.is_writable or not isinstance(local_time, datetime):
            return
        if event.connection_id != self._address:
            self._address = event.connection_id
            self._samples.clear()
        if local_time.tzinfo is None:
            local_time = local_time.replace(tzinfo=UTC)
        self._samples.append(local_time.timestamp() - time.monotonic())
        # An answer that arrives late makes the distance too small, never too great.
        self._offset = max(self._samples)

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        """Nothing is measured before the answer."""

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        """The monotonic clock goes on."""


server_clock = ServerClock()
