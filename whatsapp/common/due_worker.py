"""Runs background work on documents that are due, a few at a time, until cancelled.

Every process may run a worker: each document is leased before the work on it starts. The slots of
a worker are shared fairly among accounts, and accounts take turns, or quick work on the backlog of
one of them would delay all others.
"""

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic

from pymongo.errors import PyMongoError

from models.database.base import DocumentType
from models.database.outage_log import log_failure
from telemetry.log_context import add_log_fields, name_document
from telemetry.log_lines import describe_bug
from whatsapp.common.admission import FairShares

logger = logging.getLogger(__name__)

# A document that is due now by this process's clock may be due a little later by the database's.
WAKE_MARGIN_SECONDS = 0.01
# Items of an account in a round, before those of others that became due later.
TURN = 8
BACKOFF_FACTOR = 4.0
LONGEST_BACKOFF_SECONDS = 3600.0


class DueWorker(ABC, Generic[DocumentType]):
    """Runs `work` on each item that `claim` leases.

    An item whose `work` fails is due again when its lease expires.
    """

    account_field = "account_id"
    """The field with the id of the account that the item's slot counts for."""

    def list_holders(self, item: DocumentType, /) -> Sequence[Any]:
        """Returns the ids that the item's slot counts for: its account, and maybe its workspace."""
        return [getattr(item, self.account_field)]

    def __init__(self, name: str, *, width: int, poll_seconds: float) -> None:
        self._name = name
        self._width = width
        self._shares = FairShares(width)
        self._turns: Counter[Any] = Counter()
        """Items of each account in this round."""
        self._poll_seconds = poll_seconds
        self._wakened = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def claim(self, except_accounts: Sequence[Any]) -> DocumentType | None:
        """Leases a due item of another account, or returns None if no item is due."""

    @abstractmethod
    async def work(self, item: DocumentType, /) -> None:
        """Works on a leased item."""

    def list_closed(self) -> Iterable[Any]:
        """Returns accounts whose items wait, besides those with their full share of slots."""
        return ()

    def wake(self) -> None:
        """Claims due items now instead of at the next poll."""
        self._wakened.set()

    def wake_later(self, seconds: float) -> None:
        """Claims due items after `seconds`, or at the next poll if that is earlier."""
        if seconds <= 0:
            self.wake()
        elif seconds < self._poll_seconds:
            asyncio.get_running_loop().call_later(seconds + WAKE_MARGIN_SECONDS, self.wake)

    async def run(self) -> None:
        """Works until cancelled, then cancels the work under way."""
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
            item = await self._claim_in_turn()
            if item is None:
                return
            release_slot = self._shares.take(*self.list_holders(item))
            task = asyncio.create_task(self._run_guarded(item), name=self._name)
            self._tasks.add(task)
            task.add_done_callback(partial(self._end_task, release_slot))

    async def _claim_in_turn(self) -> DocumentType | None:
        waiting = [*self.list_closed(), *self._shares.list_full()]
        ended = [account for account, count in self._turns.items() if count >= TURN]
        item = await self.claim([*waiting, *ended])
        if item is None:
            self._turns.clear()  # a new round
            item = await self.claim(waiting) if ended else None
        if item is not None:
            self._turns.update(self.list_holders(item))
        return item

    def _end_task(self, release_slot: Callable[[], None], task: asyncio.Task[None]) -> None:
        release_slot()
        self._tasks.discard(task)
        self.wake()

    async def _run_guarded(self, item: DocumentType) -> None:
        add_log_fields(**name_document(item))
        try:
            await self.work(item)
        except PyMongoError as error:
            log_failure(logger, error, "%s: waits until the lease ends", self._name)
        except Exception as error:  # noqa: BLE001 - see the next line
            # A bug with one item must not end the worker.
            logger.error("%s failed: %s", self._name, describe_bug(error))


def compute_backoff(base_seconds: float, retries: int, *, at_least: float | None = None) -> float:
    """Returns the seconds until the next attempt, with jitter; `retries` counts earlier retries."""
    pause = base_seconds * BACKOFF_FACTOR**retries
    jittered = pause * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing
    return min(max(jittered, at_least or 0.0), LONGEST_BACKOFF_SECONDS)
