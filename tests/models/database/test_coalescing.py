"""Coalescing reads the caller's deadline through a private function of pymongo."""

import pymongo
from pymongo._csot import remaining


def test_pymongo_tells_remaining_seconds() -> None:
    assert remaining() is None
    with pymongo.timeout(60):
        seconds = remaining()
    assert seconds is not None
    assert 0 < seconds <= 60
