"""The clock of the database's primary, as the process reads it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.hello import Hello
from pymongo.monitoring import ServerHeartbeatSucceededEvent

from models.database.base import KEPT_SAMPLES, ServerClock, new_id, utc_now
from tests.fixtures.clocks import shift_wall_clock

PRIMARY, OTHER = ("db1.test", 27017), ("db2.test", 27017)


def beat(
    clock: ServerClock, *, ahead: float, address: tuple[str, int] = PRIMARY, **more: Any
) -> None:
    """Returns a heartbeat of a server whose clock is `ahead` seconds fast."""
    at = datetime.now(UTC) + timedelta(seconds=ahead)
    reply = {"ok": 1, "setName": "rs0", "isWritablePrimary": True, "localTime": at} | more
    clock.succeeded(ServerHeartbeatSucceededEvent(0.0, Hello(reply), address))


def read_lead(clock: ServerClock) -> float:
    """Seconds by which the clock is ahead of the process's."""
    return round(clock.timestamp() - time.time(), 1)


async def test_times_and_ids_are_database_servers(
    database: AsyncDatabase[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shift_wall_clock(monkeypatch, 3600)

    cursor = await database.aggregate([{"$documents": [{"now": "$$NOW"}]}])
    [found] = await cursor.to_list()

    assert abs(utc_now() - found["now"]) < timedelta(seconds=30)
    assert abs(new_id().generation_time - found["now"]) < timedelta(seconds=30)


def test_fastest_recent_heartbeat_counts() -> None:
    clock = ServerClock()
    assert read_lead(clock) == 0

    beat(clock, ahead=100)
    beat(clock, ahead=95)  # its answer came 5 s late
    assert read_lead(clock) == 100

    for _ in range(KEPT_SAMPLES):  # the server's clock was put back
        beat(clock, ahead=40)
    assert read_lead(clock) == 40


def test_new_primary_brings_its_own_clock() -> None:
    clock = ServerClock()
    beat(clock, ahead=100)
    beat(clock, ahead=7, address=OTHER, isWritablePrimary=False, secondary=True)
    assert read_lead(clock) == 100

    beat(clock, ahead=-30, address=OTHER)
    assert read_lead(clock) == -30


def test_heartbeat_without_time_changes_nothing() -> None:
    clock = ServerClock()
    beat(clock, ahead=100)
    beat(clock, ahead=50, localTime=None)
    beat(clock, ahead=50, localTime="soon")
    assert read_lead(clock) == 100
