"""The present position is read once for concurrent callers, with its own deadline."""

import asyncio

import pymongo

from graph.events.feed import PresentPosition
from models.changes.position import Position
from models.database.deadline import remaining_seconds


async def test_deadlines_of_callers_are_independent() -> None:
    deadlines: list[float | None] = []

    async def read() -> Position:
        deadlines.append(remaining_seconds())
        await asyncio.sleep(0)
        return Position("8200")

    present = PresentPosition(read)
    with pymongo.timeout(1):
        await asyncio.gather(present.read(), present.read())

    assert deadlines == [None]
