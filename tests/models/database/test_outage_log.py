"""Log entries of an outage."""

import asyncio
import logging

import pytest
from pymongo.errors import AutoReconnect, OperationFailure

from models.database import outage_log
from models.database.outage_log import OutageLog, log_failure
from tests.fixtures.waiting import eventually

logger = logging.getLogger("test")


@pytest.fixture(autouse=True)
def mongodb_outage(monkeypatch: pytest.MonkeyPatch) -> OutageLog:
    """Without the outages of other tests."""
    outage = OutageLog("MongoDB", report_seconds=0.2)
    monkeypatch.setattr(outage_log, "mongodb_outage", outage)
    return outage


async def test_outage_is_logged_with_start_and_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for number in range(1000):
        log_failure(logger, AutoReconnect("made up"), "Request %s failed", number)
    assert caplog.messages == ["MongoDB is unavailable: Request 0 failed (AutoReconnect)"]

    async def has_ended() -> bool:
        return "is available again" in caplog.text

    await eventually(has_ended)
    _, still, again = caplog.messages
    assert "999 failures in the last 0.2 s" in still
    assert again.startswith("MongoDB is available again: 1000 failures within 0 s")


async def test_next_outage_is_logged_anew(caplog: pytest.LogCaptureFixture) -> None:
    log_failure(logger, AutoReconnect("made up"), "First")

    async def has_ended() -> bool:
        return "is available again" in caplog.text

    await eventually(has_ended)
    log_failure(logger, TimeoutError(), "Second")

    assert caplog.messages[-1] == "MongoDB is unavailable: Second (TimeoutError)"


async def test_other_failures_are_logged_each(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        log_failure(logger, OperationFailure("secret text", 9), "Messages can't be claimed")

    assert caplog.messages == ["Messages can't be claimed (OperationFailure)"] * 3


def test_outage_survives_loop_that_watched_it(
    caplog: pytest.LogCaptureFixture, mongodb_outage: OutageLog
) -> None:
    async def fail() -> None:
        log_failure(logger, AutoReconnect("made up"), "Failed")

    asyncio.run(fail())
    mongodb_outage._last_failure_at -= 1
    asyncio.run(fail())

    assert caplog.messages == ["MongoDB is unavailable: Failed (AutoReconnect)"] * 2
