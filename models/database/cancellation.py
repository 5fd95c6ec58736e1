"""A cancelled task must end: a correction of `asyncio.wait_for` for Python 3.11.

There, a `wait_for` whose inner work has just finished returns its result and swallows the
cancellation (github.com/python/cpython/issues/86296, corrected in 3.12). pymongo writes every
command through `wait_for`, so a loop around database calls would go on after `cancel()`, and
whoever waits for its end would wait for ever. 3.12's `wait_for` is what stands here.
"""

import asyncio
import sys
from collections.abc import Awaitable
from typing import TypeVar

import pymongo.lock

T = TypeVar("T")


async def wait_for(fut: Awaitable[T], timeout: float | None) -> T:
    """The result of `fut`, or TimeoutError after `timeout` seconds; a cancellation gets through."""
    if timeout is not None and timeout <= 0:
        future = asyncio.ensure_future(fut)
        if future.done():
            return future.result()
        future.cancel()
        try:
            return await future
        except asyncio.CancelledError as error:
            raise TimeoutError from error
    async with asyncio.timeout(timeout):
        return await fut


def correct_wait_for() -> None:
    """Replaces `asyncio.wait_for` for the whole process; does nothing on Python 3.12 and later."""
    if sys.version_info < (3, 12):
        asyncio.wait_for = wait_for  # type: ignore[assignment]  # takes every awaitable, as 3.12
        # It took the name over when it was imported, and waits with it for servers and connections.
        vars(pymongo.lock)["wait_for"] = wait_for
