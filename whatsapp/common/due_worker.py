"""Work in the background that the database says is due: a few things at a time, until cancelled.

Any number of processes may run one: what is due is claimed there, with a lease. The places of one
process are shared out among accounts.
"""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

from pymongo.errors import PyMongoError

from models.database.outage_log import log_failure
from whatsapp.common.fair_shares import FairShares

logger = logging.getLogger(__name__)

Item = TypeVar("Item")


class DueWorker(Generic[Item]):
    """`claim` takes what is due of other accounts than the given ones, None where nothing is;
    `work` brings it to its end, or leaves it to be claimed again when its lease has ended.
    """

    def __init__(
        self,
        name: str,
        *,
        claim: Callable[[Sequence[Any]], Awaitable[Item | None]],
        work: Callable[[Item], Awaitable[None]],
        find_account: Callable[[Item], Any],
        width: int,
        poll_seconds: float,
    ) -> None:
        self._name = name
        self._claim = claim
        self._work = work
        self._find_account = find_account
        self._width = width
        self._shares = FairShares(width)
        self._poll_seconds = poll_seconds
        self._wakened = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Looks for what is due now instead of at the next poll."""
        self._wakened.set()

    def wake_later(self, seconds: float) -> None:
        """Looks for what will be due then; what is due later than the next poll waits for it."""
        if seconds < self._poll_seconds:
            asyncio.get_running_loop().call_later(seconds, self.wake)

    async def run(self) -> None:
        try:
            while True:
                self._wakened.clear()
                try:
                    await self._claim_due()
                except PyMongoError as error:
                    log_failure(logger, error, "%s can't be claimed", self._name)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_seconds):
                        await self._wakened.wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _claim_due(self) -> None:
        while len(self._tasks) < self._width:
            item = await self._claim(self._shares.list_full())
            if item is None:
                return
            release_place = self._shares.take(self._find_account(item))
            task = asyncio.create_task(self._guard(item), name=self._name)
            self._tasks.add(task)
            task.add_done_callback(partial(self._end, release_place))

    def _end(self, release_place: Callable[[], None], task: asyncio.Task[None]) -> None:
        release_place()
        self._tasks.discard(task)
        self.wake()

    async def _guard(self, item: Item) -> None:
        try:
            await self._work(item)
        except PyMongoError as error:
            # Its lease ends some time, and then it is claimed again.
            log_failure(logger, error, "%s waits until its lease ends", self._name)
        except Exception as error:  # noqa: BLE001 - see the next line
            # The edge of a background task: a bug with one thing must not end the others.
            # The error's own text may quote what a customer wrote.
            frames = "".join(traceback.format_tb(error.__traceback__))
            logger.error("%s failed (%s). %s", self._name, type(error).__name__, frames)
