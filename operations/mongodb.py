"""Checks of MongoDB: its version, replica set, user, schema, oplog and clock."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from models.connection import DatabaseUnusable, check_server, describe_pending
from models.indexes import list_extra_indexes
from models.migrations.migration import read_state
from operations.findings import Finding, Outcome, failed, passed, warned
from operations.privileges import UNAUTHORIZED, check_privileges

Database = AsyncDatabase[dict[str, Any]]
OLDEST_VERSION = (7,)
OPLOG_HOURS = 24
CLOCK_SECONDS = 1.0


async def check_mongodb(database: Database) -> list[Finding]:
    """Checks until a failure, because each check depends on the checks before it."""
    try:
        await check_server(database)
    except DatabaseUnusable as error:
        return [failed("mongodb.connection", str(error))]
    findings = [passed("mongodb.connection", "MongoDB answers.")]
    for name, check in _CHECKS.items():
        finding = await _guard(f"mongodb.{name}", check(database))
        findings.append(finding)
        if finding.outcome is Outcome.FAILED:
            break
    return findings


async def _guard(name: str, check: Awaitable[Finding]) -> Finding:
    try:
        return await check
    except DatabaseUnusable as error:
        return failed(name, str(error))
    except PyMongoError as error:
        if isinstance(error, OperationFailure) and error.code == UNAUTHORIZED:
            return failed(name, "MongoDB's user may not do this.", "See mongodb.privileges.")
        return failed(name, f"MongoDB failed ({type(error).__name__}).", "See MongoDB's log.")


async def _check_version(database: Database) -> Finding:
    version = (await database.client.server_info())["version"]
    message = f"MongoDB {version}."
    if tuple(int(part) for part in version.split(".")[:1]) < OLDEST_VERSION:
        return warned("mongodb.version", message, "Upgrade MongoDB to version 7 or later.")
    return passed("mongodb.version", message)


async def _check_replica_set(database: Database) -> Finding:
    name = "mongodb.replica_set"
    hello = await database.client.admin.command("hello")
    if "setName" not in hello:
        return passed(name, "MongoDB is a sharded cluster.")
    members = len([*hello["hosts"], *hello.get("passives", [])])
    return passed(name, f"The replica set {hello['setName']} has {members} member(s) with data.")


async def _check_migrations(database: Database) -> Finding:
    if pending := await describe_pending(database):
        return warned(
            "mongodb.migrations",
            f"{len(pending)} step(s) are pending: {'; '.join(pending)}.",
            "Start the server, or run `manage.py migrate`.",
        )
    if await read_state(database) is None:
        return passed("mongodb.migrations", "The database is empty: the first start prepares it.")
    return passed("mongodb.migrations", "No migration is pending, and no index is missing.")


async def _check_indexes(_database: Database) -> Finding:
    """Follows the check of migrations, which binds the documents."""
    if extra := await list_extra_indexes():
        return warned(
            "mongodb.indexes",
            f"wagraph does not use {', '.join(extra)}.",
            "Drop them unless other programs need them: each slows down writes.",
        )
    return passed("mongodb.indexes", "All indexes belong to wagraph.")


async def _check_oplog(database: Database) -> Finding:
    name = "mongodb.oplog"
    if "setName" not in await database.client.admin.command("hello"):
        return warned(
            name,
            "The oplogs of a sharded cluster can't be read through mongos.",
            f"Check on each shard that rs.printReplicationInfo() shows at least {OPLOG_HOURS} h.",
        )
    oplog = database.client["local"]["oplog.rs"]
    fields = {"ts": 1, "o.msg": 1}
    try:
        first, last = [
            await oplog.find_one({}, fields, sort=[("$natural", order)]) for order in (1, -1)
        ]
    except OperationFailure as error:
        if error.code != UNAUTHORIZED:
            raise
        return warned(
            name,
            "MongoDB's user may not read the oplog, so its window is unknown.",
            "Grant it the role read on the database local.",
        )
    if first is None or last is None:
        return warned(name, "The oplog is empty.", "Check the replica set with rs.status().")
    hours = (last["ts"].time - first["ts"].time) / 3600
    if first.get("o", {}).get("msg") == "initiating set":
        return passed(name, f"The oplog has every change since the start {hours:.1f} h ago.")
    if hours < OPLOG_HOURS:
        return warned(
            name,
            f"The oplog covers {hours:.1f} h, less than {OPLOG_HOURS} h.",
            "Enlarge it with replSetResizeOplog: apps that are offline for longer can't resume.",
        )
    return passed(name, f"The oplog covers {hours:.1f} h.")


async def _check_clock(database: Database) -> Finding:
    before = time.time()  # noqa: TID251 - the clock that is checked
    hello = await database.client.admin.command("hello")
    after = time.time()  # noqa: TID251 - the clock that is checked
    offset = (before + after) / 2 - hello["localTime"].timestamp()
    message = f"This host's clock differs from MongoDB's by {offset:+.1f} s."
    if abs(offset) > CLOCK_SECONDS + (after - before) / 2:
        return warned("mongodb.clock", message, "Synchronise the clocks of both hosts with NTP.")
    return passed("mongodb.clock", message)


_CHECKS: dict[str, Callable[[Database], Awaitable[Finding]]] = {
    "privileges": check_privileges,
    "version": _check_version,
    "replica_set": _check_replica_set,
    "migrations": _check_migrations,
    "indexes": _check_indexes,
    "oplog": _check_oplog,
    "clock": _check_clock,
}
