"""MongoDB, by the driver's events about its connections.

Its events about commands would cost 6 % of a command even with an empty listener; see
docs/decisions/0053.
"""

import time

from pymongo.monitoring import (
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionCheckOutFailedEvent,
    ConnectionCheckOutStartedEvent,
    ConnectionClosedEvent,
    ConnectionCreatedEvent,
    ConnectionPoolListener,
    ConnectionReadyEvent,
    PoolClearedEvent,
    PoolClosedEvent,
    PoolCreatedEvent,
    PoolReadyEvent,
)

from telemetry.metrics.registry import make_counter, make_gauge, make_histogram

COMMAND_SECONDS = make_histogram(
    "wagraph_mongodb_command_seconds",
    "Time for which a command uses a connection. An idle change stream waits 1 s for changes.",
)
FAILURES = make_counter(
    "wagraph_mongodb_failures_total", "Operations that failed because of MongoDB."
)
CONNECTIONS = make_gauge("wagraph_mongodb_connections", "Open connections of the pools.")
CONNECTIONS_IN_USE = make_gauge("wagraph_mongodb_connections_in_use", "Connections in use.")
CHECKOUT_FAILURES = make_counter(
    "wagraph_mongodb_checkout_failures_total", "Commands that got no connection in time."
)
POOLS_CLEARED = make_counter(
    "wagraph_mongodb_pools_cleared_total",
    "Times at which a pool dropped its connections after a network error.",
)


class PoolMetrics(ConnectionPoolListener):
    """Measures the connections of a client."""

    def __init__(self) -> None:
        self._since: dict[tuple[object, int], float] = {}
        """Start of the present use of each connection, by address and number."""

    def connection_checked_out(self, event: ConnectionCheckedOutEvent) -> None:
        self._since[event.address, event.connection_id] = time.perf_counter()
        CONNECTIONS_IN_USE.inc()

    def connection_checked_in(self, event: ConnectionCheckedInEvent) -> None:
        since = self._since.pop((event.address, event.connection_id), None)
        if since is not None:
            COMMAND_SECONDS.observe(time.perf_counter() - since)
            CONNECTIONS_IN_USE.dec()

    def connection_created(self, _event: ConnectionCreatedEvent) -> None:
        CONNECTIONS.inc()

    def connection_closed(self, _event: ConnectionClosedEvent) -> None:
        CONNECTIONS.dec()

    def connection_check_out_failed(self, _event: ConnectionCheckOutFailedEvent) -> None:
        CHECKOUT_FAILURES.inc()

    def pool_cleared(self, _event: PoolClearedEvent) -> None:
        POOLS_CLEARED.inc()

    def connection_check_out_started(self, event: ConnectionCheckOutStartedEvent) -> None:
        """Does nothing: the wait is not measured."""

    def connection_ready(self, event: ConnectionReadyEvent) -> None:
        """Does nothing: it was counted when it was created."""

    def pool_created(self, event: PoolCreatedEvent) -> None:
        """Does nothing: a new pool has no connections."""

    def pool_ready(self, event: PoolReadyEvent) -> None:
        """Does nothing: a new pool has no connections."""

    def pool_closed(self, event: PoolClosedEvent) -> None:
        """Does nothing: each of its connections is reported."""
