"""The database, opened for a command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from models.connection import create_client, prepare_database
from models.restores import Database
from whatsapp.settings import Settings


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Opens a prepared database for commands that read or write documents.

    Raises:
        DatabaseUnusable: see `prepare_database`.
    """
    async with create_client(settings.mongodb_uri.get_secret_value()) as client:
        database = client[settings.mongodb_database]
        await prepare_database(database)
        yield database
