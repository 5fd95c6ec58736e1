"""Shared reads: a slow read does not delay other callers for long."""

import asyncio
from collections.abc import Sequence

from models.database.coalescing import SharedRead


async def test_slow_read_does_not_block_other_reads() -> None:
    has_begun, go_on = asyncio.Event(), asyncio.Event()
    commands: list[list[str]] = []

    async def load(keys: list[str]) -> Sequence[str]:
        commands.append(keys)
        if "slow" in keys:
            has_begun.set()
            await go_on.wait()
        return [key.upper() for key in keys]

    read = SharedRead[str, str](load, max_keys=10)
    slow = asyncio.create_task(read.load("slow"))
    await has_begun.wait()

    # Concurrent reads still share a command.
    one, many = await asyncio.wait_for(
        asyncio.gather(read.load("a"), read.load_many(["b", "c"])), timeout=60
    )

    assert one == "A"
    assert list(many) == ["B", "C"]
    assert commands == [["slow"], ["a", "b", "c"]]
    go_on.set()
    assert await slow == "SLOW"
