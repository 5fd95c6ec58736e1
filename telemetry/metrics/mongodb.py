"""MongoDB: commands by name, and the connections of the pools.

The driver's events about commands would cost 6 % of a command even with an empty listener; see
docs/decisions/0053.
"""

import time
from typing import Any

from pymongo import AsyncMongoClient
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

from telemetry.metrics.registry import make_counter, make_gauge, make_histograms

COMMANDS = (
    *("find", "getMore", "aggregate", "count", "distinct"),
    *("insert", "update", "delete", "findAndModify", "bulkWrite"),
    *("commitTransaction", "abortTransaction"),
    *("hello", "ping"),
)
COMMAND_SECONDS = make_histograms(
    "wagraph_mongodb_command_seconds",
    "Time of a command, with its wait for a connection and its retry. `bulkWrite` stands for the"
    " commands of one group of writes; a `getMore` of an idle change stream waits 1 s for changes.",
    command=COMMANDS,
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


class MeasuredClient(AsyncMongoClient[dict[str, Any]]):
    """A client that measures its commands.

    All commands pass a private method of the driver, which knows their names;
    `tests/telemetry/test_mongodb_commands.py` fails if that changes.
    """

    async def _retry_internal(
        self, func: Any, session: Any, bulk: Any, operation: str, *args: Any, **options: Any
    ) -> Any:
        started = time.perf_counter()
        try:
            return await super()._retry_internal(func, session, bulk, operation, *args, **options)
        finally:
            # The driver calls every group of writes "insert".
            command = operation if bulk is None else "bulkWrite"
            COMMAND_SECONDS[command].observe(time.perf_counter() - started)


class PoolMetrics(ConnectionPoolListener):
    """Measures the connections of a client."""

    def connection_checked_out(self, _event: ConnectionCheckedOutEvent) -> None:
        CONNECTIONS_IN_USE.inc()

    def connection_checked_in(self, _event: ConnectionCheckedInEvent) -> None:
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
