"""Finds running processes of version 0.1, which can't share a database with this version."""

import asyncio
import re
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

# Application name of version 0.1; later versions use other names.
LEGACY_APP_NAME = "wagraph"
# A process of 0.1 waits at its change stream for up to a second at a time, with short gaps.
LOOKS = 5
LOOK_SECONDS = 0.1
# The last wait of a process may outlive it.
LAST_WAIT_SECONDS = 2.0


async def find_live_predecessor(database: AsyncDatabase[dict[str, Any]]) -> str | None:
    """Returns the address of a process of version 0.1 that uses this database, or None.

    An idle process of 0.1 writes nothing, so only its operations show it. Those of the connected
    user are visible without privileges.

    Raises:
        OperationFailure: MongoDB does not list operations.
    """
    if await _look(database) is None:
        return None
    await asyncio.sleep(LAST_WAIT_SECONDS)
    return await _look(database)


async def _look(database: AsyncDatabase[dict[str, Any]]) -> str | None:
    for look in range(LOOKS):
        if look:
            await asyncio.sleep(LOOK_SECONDS)
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
