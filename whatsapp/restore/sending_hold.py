"""Holds requests to Meta while the restore of the database is not finished.

Restored documents may request actions that were done after the backup: messages may have been sent,
and webhook URLs may belong to another deployment by now.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from bson import Timestamp
from pymongo.errors import PyMongoError

from models.database.outage_log import log_failure
from models.restores import (
    Database,
    RestoreState,
    advance_mark,
    hold_sending,
    is_copied,
    open_restore_state,
    read_restore_state,
)
from telemetry.metrics.sends import HELD
from whatsapp.privacy.erasure_log import ErasureLog, ErasureLogUnavailable

logger = logging.getLogger(__name__)

_HELD = (
    "The database was restored from a backup: nothing is sent until you run"
    " `manage.py finish-restore`."
)


async def recognize_restore(database: Database, log: ErasureLog) -> RestoreState:
    """Returns the state of the database; holds sending if it was restored.

    Raises:
        ErasureLogUnavailable: the mark in the log can't be compared.
        PyMongoError
    """
    generation = (await open_restore_state(database)).generation
    mark = await log.read_mark(generation)
    # Read after the mark, which another process may just have advanced.
    state = await open_restore_state(database)
    if state.generation == generation and mark > state.mark:
        return await hold_sending(database, state)
    return state


async def is_restore_unfinished(database: Database, log: ErasureLog) -> bool:
    """Returns True if sending is held, or would be by `recognize_restore`. Changes nothing.

    Raises:
        ErasureLogUnavailable, PyMongoError
    """
    state = await read_restore_state(database)
    if state is None:
        return False
    mark = await log.read_mark(state.generation)
    # Read after the mark, which a server may just have advanced.
    state = await read_restore_state(database) or state
    return state.held_since is not None or mark > state.mark or await is_copied(database, state)


class SendingHold:
    """Runs tasks while sending is released; otherwise nothing is sent."""

    def __init__(
        self, database: Database, log: ErasureLog, *, poll_seconds: float, watch_seconds: float
    ) -> None:
        """Checks every `poll_seconds` while sending is held, else every `watch_seconds`."""
        self._database = database
        self._log = log
        self._poll_seconds = poll_seconds
        self._watch_seconds = watch_seconds
        self._released = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        """The tasks that run while sending is released."""
        self._state: RestoreState | None = None

    @property
    def history_start(self) -> Timestamp | None:
        """Time before which positions in the change stream are of a past that was replaced."""
        return None if self._state is None else self._state.history_start

    @property
    def is_held(self) -> bool:
        return not self._released.is_set()

    async def check(self) -> None:
        """Holds sending if the database is restored, and releases it otherwise.

        Sending continues if that can't be determined, and is held if it never could.
        """
        was_held = self._state is not None and self._state.held_since is not None
        HELD.set(self.is_held)
        try:
            self._state = await recognize_restore(self._database, self._log)
        except PyMongoError as error:
            if self.is_held:
                log_failure(logger, error, "Sending is held: the state of the database is unknown")
            return
        except ErasureLogUnavailable as error:
            if self.is_held:
                logger.error("Sending is held: the erasure log is unavailable (%s)", error)
            return
        if self._state.held_since is None:
            self._released.set()
        elif not was_held:
            logger.error(_HELD)
            self._stop()
        HELD.set(self.is_held)

    def _stop(self) -> None:
        self._released.clear()
        for task in self._tasks:
            task.cancel()

    async def run(self) -> None:
        """Checks until cancelled; a database may be restored while its servers run."""
        while True:
            await asyncio.sleep(self._poll_seconds if self.is_held else self._watch_seconds)
            await self.check()

    def hold(self, run: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], Awaitable[None]]:
        """Returns a function that calls `run` when sending is released.

        It cancels `run` and returns when sending is held again.
        """

        async def run_when_released() -> None:
            await self._released.wait()
            task = asyncio.create_task(run())
            self._tasks.add(task)
            try:
                await task
            except asyncio.CancelledError:
                if _is_cancelled():
                    raise
            finally:
                self._tasks.discard(task)

        return run_when_released

    async def record_mark(self) -> None:
        """Records outside the database that it has got further.

        Raises:
            ErasureLogUnavailable, PyMongoError
        """
        state = await recognize_restore(self._database, self._log)
        # The database first: it must never be behind the log, unless it was restored.
        mark = await advance_mark(self._database, state.generation)
        if mark is not None:
            await self._log.write_mark(state.generation, mark)


def _is_cancelled() -> bool:
    """Returns True if the current task was cancelled itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
