"""`manage.py serve`: what is wrong is said here, once, before anybody is served."""

import asyncio
import gc
import logging
import os
import socket
import sys

from starlette.applications import Starlette

from app import create_app
from models.connection import (
    DatabaseUnreachable,
    create_client,
    prepare_database,
)
from serving.listening import open_listeners
from serving.server import run_server
from serving.supervisor import Supervisor
from serving.worker import Heartbeats, run_worker
from whatsapp.common.timeouts import Timeouts
from whatsapp.media.media_store import open_objects
from whatsapp.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

# New objects before the youngest are looked through, and how often the older ones are.
COLLECTOR_THRESHOLDS = (50_000, 20, 20)


def serve(settings: Settings, *, timeouts: Timeouts = Timeouts()) -> None:
    """Runs the server until SIGTERM or Ctrl-C.

    Raises:
        SettingsError, DatabaseUnusable, ListenError: it can't start; the message is one line.
    """
    asyncio.run(_prepare_database(settings))
    if settings.media_store_url is not None:
        open_objects(settings.media_store_url)
    app = create_app(settings, timeouts=timeouts)
    tune_gc()
    if settings.workers == 1:
        run_server(settings, timeouts, app)
    else:
        sys.exit(_run_workers(settings, timeouts, app))


def tune_gc() -> None:
    """Tells Python's garbage collector what it need not look at, and to look less often.

    A page of the inbox makes thousands of objects that end without it: by default they had it look
    through everything that is loaded again and again, a third of the time that a page took, and
    0.1 s at a time.
    """
    gc.collect()
    # What is loaded by now stays, and remains shared between processes.
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


async def _prepare_database(settings: Settings) -> None:
    client = create_client(settings.mongodb_uri.get_secret_value())
    try:
        await prepare_database(client[settings.mongodb_database])
    except DatabaseUnreachable:
        pass  # the application says it, and waits for MongoDB to come
    finally:
        await client.close()


def _run_workers(settings: Settings, timeouts: Timeouts, app: Starlette) -> int:
    if not hasattr(os, "fork"):
        raise SettingsError("WORKERS must be 1 here: this system can't fork processes")
    if (settings.media_store_url or "").startswith("memory:"):
        raise SettingsError("MEDIA_STORE_URL must be a folder or bucket that all WORKERS share")
    listeners = open_listeners(settings.host, settings.port)

    def run(slot: int, heartbeats: Heartbeats) -> int:
        return run_worker(
            settings, timeouts, app, listeners=listeners, slot=slot, heartbeats=heartbeats
        )

    supervisor = Supervisor(
        count=settings.workers,
        run_worker=run,
        close_listeners=lambda: _close(listeners),
        timeouts=timeouts,
    )
    logger.info("Serving on %s with %d workers", _describe(listeners), settings.workers)
    return supervisor.run()


def _describe(listeners: list[socket.socket]) -> str:
    names = [listener.getsockname() for listener in listeners]
    return ", ".join(
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port, *_ in names
    )


def _close(listeners: list[socket.socket]) -> None:
    for listener in listeners:
        listener.close()
