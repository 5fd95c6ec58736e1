"""Holds background requests to Meta while the restore of the database is not finished.

What restored documents ask for may have been done after the backup: messages may have been sent,
and webhook URLs may belong to another deployment by now.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bson import Timestamp
from pymongo.errors import PyMongoError

from models.database.outage_log import log_failure
from models.restores import (
    Database,
    RestoreState,
    advance_mark,
    hold_sending,
    open_restore_state,
)
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


class SendingHold:
    """Starts tasks when sending is released; until then, nothing is sent."""

    def __init__(self, database: Database, log: ErasureLog, *, poll_seconds: float) -> None:
        self._database = database
        self._log = log
        self._poll_seconds = poll_seconds
        self._released = asyncio.Event()
        self._state: RestoreState | None = None

    @property
    def history_start(self) -> Timestamp | None:
        """Time before which positions in the change stream are of a past that was replaced."""
        return None if self._state is None else self._state.history_start

    async def check(self) -> None:
        """Releases sending if the database is not restored, or the restore is finished."""
        was_held = self._state is not None and self._state.held_since is not None
        try:
            self._state = await recognize_restore(self._database, self._log)
        except PyMongoError as error:
            log_failure(logger, error, "Sending waits: the state of the database is unknown")
            return
        except ErasureLogUnavailable as error:
            logger.error("Sending waits: the erasure log is unavailable (%s)", error)
            return
        if self._state.held_since is None:
            self._released.set()
        elif not was_held:
            logger.error(_HELD)

    async def run(self) -> None:
        """Checks until sending is released; then waits until cancelled."""
        while not self._released.is_set():
            await self.check()
            await asyncio.sleep(self._poll_seconds)
        await asyncio.get_running_loop().create_future()

    def hold(self, run: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Returns a function that calls `run` when sending is released."""

        async def run_when_released() -> None:
            await self._released.wait()
            await run()

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
