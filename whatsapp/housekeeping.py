"""Housekeeping jobs of the whole deployment, run by the process that holds the lease."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from models.database.lease import LEASE_SECONDS, Lease
from models.database.outage_log import log_failure
from telemetry.log_lines import describe_bug

logger = logging.getLogger(__name__)

LEASE = "housekeeping"


@dataclass(frozen=True)
class Job:
    """A housekeeping job. Its queries use an index, so an idle run is cheap."""

    name: str
    run: Callable[[], Awaitable[object]]
    seconds: float
    """Pause between two runs."""


class Housekeeping:
    """Runs the jobs while this process holds the lease."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], jobs: Sequence[Job]) -> None:
        self._database = database
        self._jobs = jobs
        self._wake_events = {job.name: asyncio.Event() for job in jobs}

    def wake(self) -> None:
        """Runs all jobs now if this process holds the lease."""
        for event in self._wake_events.values():
            event.set()

    async def run(self) -> None:
        """Runs until cancelled, then releases the lease."""
        lease = Lease(self._database, LEASE)
        while True:
            if await lease.acquire():
                async with lease.held():
                    await self._run_jobs(lease)
            await asyncio.sleep(LEASE_SECONDS / 3)

    async def _run_jobs(self, lease: Lease) -> None:
        tasks = [asyncio.create_task(self._repeat(job), name=job.name) for job in self._jobs]
        try:
            await lease.lost.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, job: Job) -> None:
        wake_event = self._wake_events[job.name]
        while True:
            wake_event.clear()
            await _run_guarded(job)
            with suppress(TimeoutError):
                async with asyncio.timeout(job.seconds):
                    await wake_event.wait()


async def _run_guarded(job: Job) -> None:
    try:
        await job.run()
    except PyMongoError as error:
        log_failure(logger, error, "%s failed; retried in the next run", job.name)
    except Exception as error:  # noqa: BLE001 - see the next line
        # A bug in one job must not end the others.
        logger.error("%s failed: %s", job.name, describe_bug(error))
