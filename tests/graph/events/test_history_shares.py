"""Reads of history are shared fairly among credentials."""

import asyncio

from graph.events.events import LiveEvent
from graph.events.history import STREAMS, History
from models.changes.position import Position


async def test_credential_leaves_reads_for_other_credentials() -> None:
    go_on = asyncio.Event()
    begun: list[Position] = []

    async def read(position: Position) -> tuple[list[LiveEvent], Position]:
        begun.append(position)
        await go_on.wait()
        return [], Position("ff")

    history = History(read)
    # Each lies before the current reads, so that no read serves another.
    places = [Position(f"{number:02x}") for number in range(99, 80, -1)]
    asking = []
    for position in places:
        asking.append(asyncio.create_task(history.read_after(position, holder="greedy")))
        await asyncio.sleep(0.01)
    own = len(begun)
    other = asyncio.create_task(history.read_after(Position("01"), holder="other"))
    await asyncio.sleep(0.01)
    served = begun[own:]
    go_on.set()
    await asyncio.gather(other, *asking)

    assert own == STREAMS // 2
    assert served == [Position("01")]
