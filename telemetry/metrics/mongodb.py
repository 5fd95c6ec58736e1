"""MongoDB: commands by name, and the connections of the pools.

The driver's events would cost a command several percent even with an empty listener, so pools are
read from time to time; see docs/decisions/0053.
"""

import time
from typing import Any, NamedTuple

from pymongo import AsyncMongoClient
from pymongo.errors import WaitQueueTimeoutError

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
        except WaitQueueTimeoutError:
            CHECKOUT_FAILURES.inc()
            raise
        finally:
            # The driver calls every group of writes "insert".
            command = operation if bulk is None else "bulkWrite"
            COMMAND_SECONDS[command].observe(time.perf_counter() - started)


class PoolMetrics:
    """Reads the connections of a client's pools, which are private to the driver."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]]) -> None:
        self._client = client
        self._pools: dict[Any, _PoolState] = {}

    def read(self) -> None:
        """Sets the gauges, and counts the pools that have dropped their connections since."""
        topology = self._client._topology
        servers = topology._servers.values() if topology else ()
        pools = {server.pool: _PoolState.of(server.pool) for server in servers}
        CONNECTIONS.set(sum(pool.connections for pool in pools.values()))
        CONNECTIONS_IN_USE.set(sum(pool.active_sockets for pool in pools))
        for pool, state in pools.items():
            earlier = self._pools.get(pool, state)
            # A pool without connections begins new generations too, at each failed heartbeat.
            if earlier.connections and state.generation != earlier.generation:
                POOLS_CLEARED.inc()
        self._pools = pools


class _PoolState(NamedTuple):
    generation: int
    """Changes when the driver drops all connections."""
    connections: int

    @classmethod
    def of(cls, pool: Any) -> "_PoolState":
        return cls(pool.gen.get_overall(), pool.active_sockets + len(pool.conns))
