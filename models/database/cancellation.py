"""Fixes `asyncio.wait_for` of Python 3.11, so that a cancelled task ends.

In 3.11, a `wait_for` whose inner task has just finished returns its result and swallows the
cancellation (github.com/python/cpython/issues/86296, fixed in 3.12). pymongo sends every command
through `wait_for`, so a loop around database calls would continue after `cancel()`. The `wait_for`
below is the one of 3.12.
"""

import asyncio
import sys
from collections.abc import Awaitable
from typing import TypeVar

import pymongo.lock

T = TypeVar("T")


async def wait_for(fut: Awaitable[T], timeout: float | None) -> T:
    """Returns the result of `fut`, or raises TimeoutError; always lets a cancellation through."""
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
        # pymongo.lock has imported the name, and uses it to wait for servers and connections.
        vars(pymongo.lock)["wait_for"] = wait_for
