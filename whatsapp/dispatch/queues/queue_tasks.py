"""Background tasks of the send queues."""

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

from pymongo.errors import PyMongoError

from models.database.outage_log import log_failure
from telemetry.log_lines import describe_bug

logger = logging.getLogger(__name__)


class QueueTasks:
    """Runs reads of the queues; errors are logged."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        # A context of its own: it must not inherit the deadline of the request that announced.
        task = asyncio.create_task(work, name="send queue", context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._end)

    async def stop(self) -> None:
        """Ends all tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, PyMongoError):
            log_failure(logger, error, "A send queue can't be read")
        elif error is not None:
            logger.error("A send queue failed: %s", describe_bug(error))
