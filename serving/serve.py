"""`manage.py serve`: checks settings and database before the first connection is accepted."""

import asyncio
import gc
import logging
import os
import sys

from starlette.applications import Starlette

from app import create_app
from models.connection import (
    DatabaseUnreachable,
    create_client,
    prepare_database,
)
from serving.listening import close_listeners, format_addresses, open_all_listeners
from serving.server import run_server
from serving.supervisor import Supervisor
from serving.worker import Heartbeats, run_worker
from telemetry.metrics.shared_values import shared_memory
from whatsapp.common.timeouts import Timeouts
from whatsapp.media.media_store import open_objects
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

# New objects per collection of the youngest generation, and ratios for the older generations.
GC_THRESHOLDS = (5_000, 3, 1_200)


def serve(settings: Settings, *, timeouts: Timeouts = Timeouts()) -> None:
    """Runs the server until SIGTERM or Ctrl-C.

    Raises:
        SettingsError, DatabaseUnusable, ListenError: with a message of one line.
    """
    asyncio.run(_prepare_database(settings))
    if settings.media_store_url is not None:
        open_objects(settings.media_store_url)
    ErasureLog(settings.erasure_log_url)
    app = create_app(settings, timeouts=timeouts)
    tune_gc()
    if settings.workers == 1:
        listeners = open_all_listeners(settings)
        logger.info("Serving on %s", format_addresses(listeners))
        run_server(settings, timeouts, app, listeners=listeners)
    else:
        sys.exit(_run_workers(settings, timeouts, app))


def tune_gc() -> None:
    """Excludes loaded objects from garbage collection, and collects less often.

    A page of the inbox creates thousands of objects. By default they triggered full collections,
    which took a third of the page's time, 0.1 s each.
    """
    gc.collect()
    # Also keeps the memory of loaded objects shared between forked processes.
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _prepare_database(settings: Settings) -> None:
    client = create_client(settings.mongodb_uri.get_secret_value())
    try:
        await prepare_database(client[settings.mongodb_database])
    except DatabaseUnreachable:
        pass  # the application logs it and waits for MongoDB
    finally:
        await client.close()


def _run_workers(settings: Settings, timeouts: Timeouts, app: Starlette) -> int:
    if not hasattr(os, "fork"):
        raise SettingsError("WORKERS must be 1: this system can't fork processes")
    if (settings.media_store_url or "").startswith("memory:"):
        raise SettingsError("MEDIA_STORE_URL must be a folder or bucket that all WORKERS share")
    listeners = open_all_listeners(settings)
    shared_memory.share(settings.workers)

    def run(slot: int, heartbeats: Heartbeats) -> int:
        return run_worker(
            settings, timeouts, app, listeners=listeners, slot=slot, heartbeats=heartbeats
        )

    supervisor = Supervisor(
        count=settings.workers,
        run_worker=run,
        close_listeners=lambda: close_listeners(listeners),
        timeouts=timeouts,
    )
    logger.info("Serving on %s with %d workers", format_addresses(listeners), settings.workers)
    return supervisor.run()
