"""The connection to MongoDB: its options, and the checks that the server starts with."""

import asyncio
import logging
from datetime import UTC
from typing import Any

from beanie import init_beanie
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError

from models import DOCUMENTS, Workspace, make_default_workspace
from models.database.base import Unmigrated, collection, server_clock, to_bson
from models.database.cancellation import correct_wait_for
from models.database.hello_replies import STARTING_SECONDS, HelloReplies, find_replies
from models.database.lease import Lease
from models.database.outages import is_transient
from models.database.predecessor import find_live_predecessor
from models.indexes import IndexConflict, list_missing_indexes
from models.migrations import MIGRATIONS
from models.migrations.migration import SchemaState, read_state
from models.migrations.runner import (
    SchemaTooNew,
    find_last_before_serving,
    list_pending,
    migrate,
    open_schema,
)
from models.migrations.workspaces import FOLLOW_INTO_WORKSPACE
from telemetry.command_spans import list_command_listeners
from telemetry.metrics.mongodb import MeasuredClient
from version import VERSION

logger = logging.getLogger(__name__)

# Tasks that use the database must end when they are cancelled.
correct_wait_for()

# Differs from the name of version 0.1, see `models.database.predecessor`.
APP_NAME = f"wagraph {VERSION.rpartition('.')[0]}"
UPGRADE_RETRY_SECONDS = 5.0
_AUTHENTICATION_FAILED = 18
_TOO_NEW = "The database belongs to a later version of wagraph: start that version."
# The change stream needs these documents before and after each change.
WATCHED_COLLECTIONS = (
    "messages",
    "notes",
    "conversations",
    "conversation_changes",
    "contacts",
    "accounts",
    "users",
    "templates",
    "agents",
)


class DatabaseUnusable(Exception):
    """MongoDB can't be used; the message has the remedy."""


class DatabaseUnreachable(DatabaseUnusable):
    """MongoDB does not answer; it may be back later."""


def create_client(
    uri: str, *, operation_seconds: float = 10.0, reach_seconds: float = 3.0
) -> AsyncMongoClient[dict[str, Any]]:
    """Returns a client with durable writes and calls that time out.

    Raises:
        DatabaseUnusable: the URI is malformed.
    """
    try:
        return MeasuredClient(
            uri,
            tz_aware=True,
            tzinfo=UTC,  # writes a time four times as fast as pymongo's own
            w="majority",
            journal=True,
            retryWrites=True,
            retryReads=True,
            timeoutMS=int(operation_seconds * 1000),
            serverSelectionTimeoutMS=int(reach_seconds * 1000),
            connectTimeoutMS=int(reach_seconds * 1000),
            appname=APP_NAME,
            event_listeners=[
                server_clock,
                HelloReplies(),
                *list_command_listeners(),
            ],
        )
    except (InvalidURI, ConfigurationError, ValueError) as error:
        # The error's text may quote the URI with the password.
        raise DatabaseUnusable(
            f"MONGODB_URI is malformed ({type(error).__name__}): it must begin with mongodb:// or"
            " mongodb+srv://, and user and password must be percent-encoded (RFC 3986)."
        ) from None


async def prepare_database(database: AsyncDatabase[dict[str, Any]]) -> bool:
    """Checks the server, and runs the migrations and index builds that serving requires.

    Returns True if `finish_upgrade` has more to do while serving.

    Raises:
        DatabaseUnreachable: no answer within `reach_seconds`, or it went away.
        DatabaseUnusable: a standalone server, version 0.1 still runs, a later version used it, or
            an index could not be made.
    """
    await check_server(database)
    try:
        await init_beanie(database=database, document_models=DOCUMENTS, skip_indexes=True)
        is_new = await _is_new(database)
        if not is_new and await read_state(database) is None:
            await _refuse_predecessor(database)
        state = await open_schema(database, is_new=is_new)
        Unmigrated.is_possible = state.version < FOLLOW_INTO_WORKSPACE.number
        await migrate(database, through=find_last_before_serving())
        is_index_left = await _build_first_indexes()
        await enable_pre_images(database)
        await _make_default_workspace()
    except SchemaTooNew:
        raise DatabaseUnusable(_TOO_NEW) from None
    except IndexConflict as error:
        raise DatabaseUnusable(str(error)) from None
    except PyMongoError as error:
        if is_transient(error):
            # The server answers, but has no primary now.
            name = type(error).__name__
            raise DatabaseUnreachable(f"MongoDB went away ({name}).") from error
        raise DatabaseUnusable(f"MongoDB could not be prepared: {error}") from error
    return is_index_left or any(not migration.before_serving for migration in list_pending(state))


async def finish_upgrade(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Builds the missing indexes and runs the online migrations, in a single process at a time.

    Returns when nothing is left to do.
    """
    lease = Lease(database, "indexes")
    while missing := await list_missing_indexes():
        if await lease.acquire():
            async with lease.held():
                for index in missing:
                    logger.info("Building the index %s.", index.name)
                    await index.build()
        else:
            await asyncio.sleep(UPGRADE_RETRY_SECONDS)
    await migrate(database, through=len(MIGRATIONS))


async def describe_pending(database: AsyncDatabase[dict[str, Any]]) -> list[str]:
    """Lists the steps that `prepare_database` and `finish_upgrade` would take.

    Raises:
        DatabaseUnusable: see `prepare_database`.
    """
    await check_server(database)
    await init_beanie(database=database, document_models=DOCUMENTS, skip_indexes=True)
    state = await read_state(database)
    if state is None and await _is_new(database):
        return []
    if state is not None and state.oldest_code > len(MIGRATIONS):
        raise DatabaseUnusable(_TOO_NEW)
    migrations = list_pending(state or SchemaState(version=0))
    try:
        indexes = await list_missing_indexes()
    except IndexConflict as error:
        raise DatabaseUnusable(str(error)) from None
    return [
        *[f"migration {migration.number}: {migration.name}" for migration in migrations],
        *[f"index {index.name}" for index in indexes],
    ]


async def _is_new(database: AsyncDatabase[dict[str, Any]]) -> bool:
    """Returns True if the database has none of the collections."""
    names = {collection(document_class).name for document_class in DOCUMENTS}
    return names.isdisjoint(await database.list_collection_names())


async def _refuse_predecessor(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Raises DatabaseUnusable if version 0.1 runs; after migration 1 it can't start any more."""
    try:
        address = await find_live_predecessor(database)
    except OperationFailure as error:
        if is_transient(error):
            raise
        logger.warning("Can't see whether version 0.1 still runs: MongoDB shows no operations.")
        return
    if address is not None:
        raise DatabaseUnusable(
            f"wagraph 0.1 still runs on this database, from {address}: stop all its processes,"
            " then start this version."
        )


async def _make_default_workspace() -> None:
    fields = to_bson(make_default_workspace())
    key = {"_id": fields.pop("_id")}
    await collection(Workspace).update_one(key, {"$setOnInsert": fields}, upsert=True)


async def _build_first_indexes() -> bool:
    """Builds the indexes that serving requires. Returns True if any are left."""
    is_left = False
    for index in await list_missing_indexes():
        if await index.is_needed_first():
            await index.build()
        else:
            is_left = True
    return is_left


async def check_server(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Checks that the replica set of the URI answers.

    Raises:
        DatabaseUnreachable: no server, or no primary, within `reach_seconds`.
        DatabaseUnusable: it answers, but is no replica set, or not this one, or refuses the user.
    """
    options, replies = database.client.options, find_replies(database.client)
    try:
        async with asyncio.timeout(options.server_selection_timeout):
            hello = await database.client.admin.command("hello")
    except (PyMongoError, TimeoutError) as error:
        raise _explain_failure(error, replies, options.replica_set_name) from None
    if "setName" in hello or hello.get("msg") == "isdbgrid":
        return
    # Connected directly to a single server.
    if replies.find_misconfiguration(options.replica_set_name) is None:
        await asyncio.sleep(STARTING_SECONDS)
        if "setName" in await database.client.admin.command("hello"):
            return
    raise DatabaseUnusable(replies.find_misconfiguration(options.replica_set_name))


def _explain_failure(
    error: Exception, replies: HelloReplies, set_name: str | None
) -> DatabaseUnusable:
    addresses = ", ".join(replies.addresses)
    if isinstance(error, OperationFailure) and error.code == _AUTHENTICATION_FAILED:
        return DatabaseUnusable(
            f"MongoDB at {addresses} refuses the user or password in MONGODB_URI: correct them, or"
            " add the authSource of the user."
        )
    if problem := replies.find_misconfiguration(set_name):
        return DatabaseUnusable(problem)
    if replies.is_any_member_running(set_name):
        return DatabaseUnreachable(
            f"MongoDB at {addresses} has no primary: start the majority of its members."
        )
    return DatabaseUnreachable(
        f"MongoDB is unreachable at {addresses}: start it, or correct MONGODB_URI."
        f" ({type(error).__name__})"
    )


async def enable_pre_images(database: AsyncDatabase[dict[str, Any]]) -> None:
    existing = {
        spec["name"]: spec.get("options", {}) async for spec in await database.list_collections()
    }
    for name in WATCHED_COLLECTIONS:
        # All collections exist, since their indexes were built.
        if not existing.get(name, {}).get("changeStreamPreAndPostImages", {}).get("enabled"):
            await database.command("collMod", name, changeStreamPreAndPostImages={"enabled": True})
