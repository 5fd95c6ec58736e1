"""The gauges and counters of connection pools equal the driver's own events."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from pymongo.errors import PyMongoError
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

from telemetry.metrics.mongodb import MeasuredClient, PoolMetrics
from telemetry.metrics.registry import REGISTRY
from tests.fixtures.replica_set import FailingMongod
from tests.fixtures.waiting import eventually

NAMES = ("connections", "connections_in_use", "checkout_failures_total", "pools_cleared_total")


class PoolEvents(ConnectionPoolListener):
    """Computes the metrics from all events of the pools."""

    def __init__(self) -> None:
        self.values = Counter(dict.fromkeys(NAMES, 0))

    def connection_created(self, _event: ConnectionCreatedEvent) -> None:
        self.values["connections"] += 1

    def connection_closed(self, _event: ConnectionClosedEvent) -> None:
        self.values["connections"] -= 1

    def connection_checked_out(self, _event: ConnectionCheckedOutEvent) -> None:
        self.values["connections_in_use"] += 1

    def connection_checked_in(self, _event: ConnectionCheckedInEvent) -> None:
        self.values["connections_in_use"] -= 1

    def connection_check_out_failed(self, event: ConnectionCheckOutFailedEvent) -> None:
        self.values["checkout_failures_total"] += event.reason == "timeout"

    def pool_cleared(self, _event: PoolClearedEvent) -> None:
        self.values["pools_cleared_total"] += 1

    def connection_check_out_started(self, event: ConnectionCheckOutStartedEvent) -> None: ...

    def connection_ready(self, event: ConnectionReadyEvent) -> None: ...

    def pool_created(self, event: PoolCreatedEvent) -> None: ...

    def pool_ready(self, event: PoolReadyEvent) -> None: ...

    def pool_closed(self, event: PoolClosedEvent) -> None: ...


@pytest.fixture
def failing_mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FailingMongod]:
    with FailingMongod(tmp_path_factory.mktemp("failing")) as mongod:
        yield mongod


def read_metrics(pools: PoolMetrics) -> Counter[str]:
    pools.read()
    values = {name: REGISTRY.get_sample_value(f"wagraph_mongodb_{name}") for name in NAMES}
    return Counter({name: int(value or 0) for name, value in values.items()})


async def test_connection_metrics_equal_events(failing_mongod: FailingMongod) -> None:
    events = PoolEvents()
    uri = f"{failing_mongod.uri}&maxPoolSize=2&serverSelectionTimeoutMS=1000"
    async with MeasuredClient(uri, event_listeners=[events]) as client:
        pools = PoolMetrics(client)
        before = read_metrics(pools)
        before["connections"] = before["connections_in_use"] = 0

        async def is_equal() -> bool:
            return read_metrics(pools) - before == +events.values

        async def compare() -> Counter[str]:
            await eventually(is_equal, seconds=10)
            return events.values

        items = client["pools"]["items"]
        await items.insert_one({"_id": 1})
        block = {"failCommands": ["find"], "blockConnection": True, "blockTimeMS": 400}
        failing_mongod.set_fail_point("failCommand", {"times": 2}, **block)
        finds = [asyncio.create_task(items.find_one({})) for _ in range(2)]
        await asyncio.sleep(0.1)
        assert (await compare())["connections_in_use"] == 2
        with pymongo.timeout(0.1), pytest.raises(PyMongoError):
            await items.find_one({})
        assert (await compare())["checkout_failures_total"] == 1
        await asyncio.gather(*finds)
        assert (await compare())["connections_in_use"] == 0

        close: dict[str, Any] = {"failCommands": ["insert"], "closeConnection": True}
        failing_mongod.set_fail_point("failCommand", {"times": 1}, **close)
        await items.insert_one({"_id": 2})
        assert (await compare())["pools_cleared_total"] == 1

        await asyncio.to_thread(failing_mongod.kill)
        with pytest.raises(PyMongoError):
            await items.find_one({})
        assert (await compare())["pools_cleared_total"] == 2

    assert read_metrics(pools) - before == +events.values
