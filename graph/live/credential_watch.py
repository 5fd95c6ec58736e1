"""The credential watch: a revoked or expired key ends its open sockets within seconds."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator

import pymongo
from pymongo.errors import PyMongoError

from whatsapp.access import Viewer
from whatsapp.api_keys import list_viewers

logger = logging.getLogger(__name__)

QUERY_SECONDS = 2.0


class CredentialWatch:
    """One per process: one query a round for the keys of all open sockets."""

    def __init__(self, *, check_seconds: float) -> None:
        self._check_seconds = check_seconds
        self._watched: dict[object, tuple[Viewer, Callable[[], None]]] = {}

    @contextlib.contextmanager
    def watch(self, viewer: Viewer, *, close: Callable[[], None]) -> Iterator[None]:
        """Calls `close` once, if the viewer's key is revoked, expires, or gets other rights."""
        entry = object()
        self._watched[entry] = (viewer, close)
        try:
            yield
        finally:
            self._watched.pop(entry, None)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._check_seconds)
            try:
                await self._check_all()
            except PyMongoError as error:
                # Nobody is cut off because the database is away: the next round will tell.
                logger.warning("Open sockets' keys can't be checked: %s", type(error).__name__)
            except Exception:
                # The task's edge: without it no key would be checked any more.
                logger.exception("The credential watch failed")

    async def _check_all(self) -> None:
        watched = dict(self._watched)
        if not watched:
            return
        with pymongo.timeout(QUERY_SECONDS):
            present = await list_viewers({viewer.credential_id for viewer, _ in watched.values()})
        for entry, (viewer, close) in watched.items():
            now = present.get(viewer.credential_id)
            if now is None or _rights(now) != _rights(viewer):
                self._watched.pop(entry, None)
                close()


def _rights(viewer: Viewer) -> tuple[object, object]:
    return viewer.role, viewer.account_ids
