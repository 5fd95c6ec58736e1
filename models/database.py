"""The connection to MongoDB: its options, and the checks that the server starts with."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from beanie import init_beanie
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError

from models import DOCUMENTS
from models.base import collection
from models.cancellation import correct_wait_for
from models.outages import is_transient

logger = logging.getLogger(__name__)

# Whoever opens a database has tasks that use it, and must be able to end them.
correct_wait_for()

OPERATION_TIMEOUT_MS = 10_000
REACH_TIMEOUT_SECONDS = 3.0
# The live feed compares a document before and after each change.
WATCHED_COLLECTIONS = ("messages", "conversations", "contacts", "accounts")


class DatabaseUnusable(Exception):
    """MongoDB can't serve us; the message says in one line what to do."""


class DatabaseUnreachable(DatabaseUnusable):
    """Nobody answers at the address: it may be back later."""


def create_client(uri: str) -> AsyncMongoClient[dict[str, Any]]:
    """A client whose acknowledged writes survive a failover and whose calls always end.

    Raises:
        DatabaseUnusable: the URI is malformed.
    """
    try:
        return AsyncMongoClient(
            uri,
            tz_aware=True,
            tzinfo=UTC,  # writes a time four times as fast as pymongo's own
            w="majority",
            journal=True,
            retryWrites=True,
            retryReads=True,
            timeoutMS=OPERATION_TIMEOUT_MS,
            serverSelectionTimeoutMS=int(REACH_TIMEOUT_SECONDS * 1000),
            connectTimeoutMS=int(REACH_TIMEOUT_SECONDS * 1000),
            appname="wagraph",
        )
    except (InvalidURI, ConfigurationError, ValueError) as error:
        # The error's own text may quote the URI, and with it a part of the password.
        raise DatabaseUnusable(
            f"MONGODB_URI is malformed ({type(error).__name__}): it begins with mongodb:// or"
            " mongodb+srv://, and user and password must be percent-encoded (RFC 3986)."
        ) from None


async def prepare_database(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Checks the server, creates what is missing, and verifies every index.

    Raises:
        DatabaseUnreachable: nobody answered within REACH_TIMEOUT_SECONDS, or it went away.
        DatabaseUnusable: standalone server, or an index could not be made.
    """
    await check_server(database)
    try:
        await init_beanie(database=database, document_models=DOCUMENTS, skip_indexes=True)
        if not await has_all_indexes():
            await init_beanie(database=database, document_models=DOCUMENTS)
            await check_indexes()
        await enable_pre_images(database)
    except PyMongoError as error:
        if is_transient(error):
            # It answers already, or still, but has no primary now.
            name = type(error).__name__
            raise DatabaseUnreachable(f"MongoDB went away ({name}).") from error
        raise DatabaseUnusable(f"MongoDB could not be prepared: {error}") from error


async def check_server(database: AsyncDatabase[dict[str, Any]]) -> None:
    address = _describe_address(database)
    try:
        async with asyncio.timeout(REACH_TIMEOUT_SECONDS):
            hello = await database.client.admin.command("hello")
    except (PyMongoError, TimeoutError) as error:
        raise DatabaseUnreachable(
            f"MongoDB is unreachable at {address}: start it, or correct MONGODB_URI."
            f" ({type(error).__name__})"
        ) from None
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise DatabaseUnusable(
            f"MongoDB at {address} is a standalone server: wagraph needs a replica set for its live"
            " events. Start mongod with --replSet rs0 and run rs.initiate() once."
        )


def _describe_address(database: AsyncDatabase[dict[str, Any]]) -> str:
    """Host names only: a URI may hold a password."""
    seeds = database.client.topology_description.server_descriptions()
    return ", ".join(sorted(f"{host}:{port}" for host, port in seeds))


async def enable_pre_images(database: AsyncDatabase[dict[str, Any]]) -> None:
    existing = {
        spec["name"]: spec.get("options", {}) async for spec in await database.list_collections()
    }
    for name in WATCHED_COLLECTIONS:
        # Its indexes have just made each collection that was missing.
        if not existing.get(name, {}).get("changeStreamPreAndPostImages", {}).get("enabled"):
            await database.command("collMod", name, changeStreamPreAndPostImages={"enabled": True})


async def has_all_indexes() -> bool:
    """Whether each is there exactly as it is wanted: then none has to be made or refused."""
    for document_class in DOCUMENTS:
        try:
            present = await collection(document_class).index_information()
        except OperationFailure:
            return False  # no such collection yet
        for index in document_class.Settings.indexes:
            wanted: dict[str, Any] = {**index.document, "key": [*index.document["key"].items()]}
            found = present.get(wanted.pop("name"))
            if found is None or not _is_as(wanted, found):
                return False
    return True


def _is_as(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    options = {**found, "key": _read_key(found)}
    return all(options.get(name) == value for name, value in wanted.items())


def _read_key(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """As it was asked for: MongoDB shows the fields of a text index elsewhere."""
    texts = [(name, "text") for name in found.get("weights", {})]
    keys = [texts if name == "_fts" else [(name, kind)] for name, kind in found["key"]]
    return [pair for pairs in keys for pair in pairs if pair[0] != "_ftsx"]


async def check_indexes() -> None:
    """Without a unique index two processes could each make the same contact.

    Raises:
        DatabaseUnusable: an index is missing or isn't unique where it must be.
    """
    for document_class in DOCUMENTS:
        present = await collection(document_class).index_information()
        for index in document_class.Settings.indexes:
            wanted: Mapping[str, Any] = index.document
            found = present.get(wanted["name"])
            if found is None or bool(found.get("unique")) != bool(wanted.get("unique")):
                raise DatabaseUnusable(
                    f"The index {wanted['name']} of {document_class.Settings.name} is missing or"
                    " has other options: drop it, then start again to have it made."
                )
