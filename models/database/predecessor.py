"""Finds running processes of version 0.1, which can't share a database with this version."""

import asyncio
import re
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

# Application name of version 0.1; later versions use other names.
LEGACY_APP_NAME = "wagraph"
# A process of 0.1 reads its change stream in commands of up to a second, with short gaps between
# them. So its commands are looked for repeatedly.
ATTEMPTS = 5
ATTEMPT_SECONDS = 0.1
# The last command of a process may continue in MongoDB after the process has ended.
LAST_COMMAND_SECONDS = 2.0


async def find_live_predecessor(database: AsyncDatabase[dict[str, Any]]) -> str | None:
    """Returns the address of a process of version 0.1 that uses this database, or None.

    An idle process of 0.1 writes nothing, so it is detected by its running operations. MongoDB
    shows the operations of the connected user without extra privileges.

    Raises:
        OperationFailure: MongoDB does not list operations.
    """
    if await _find_client(database) is None:
        return None
    await asyncio.sleep(LAST_COMMAND_SECONDS)
    return await _find_client(database)


async def _find_client(database: AsyncDatabase[dict[str, Any]]) -> str | None:
    for attempt in range(ATTEMPTS):
        if attempt:
            await asyncio.sleep(ATTEMPT_SECONDS)
        for operation in await _list_operations(database):
            return str(operation.get("client") or operation.get("client_s") or "unknown address")
    return None


async def _list_operations(database: AsyncDatabase[dict[str, Any]]) -> list[dict[str, Any]]:
    query = {
        "appName": LEGACY_APP_NAME,
        "ns": {"$regex": f"^{re.escape(database.name)}\\."},
    }
    try:
        cursor = await database.client.admin.aggregate(
            [{"$currentOp": {"allUsers": True}}, {"$match": query}]
        )
    except OperationFailure as error:
        if error.code != 13:  # Unauthorized: needs a privilege on the whole cluster
            raise
        cursor = await database.client.admin.aggregate(
            [{"$currentOp": {"allUsers": False}}, {"$match": query}]
        )
    return await cursor.to_list()
