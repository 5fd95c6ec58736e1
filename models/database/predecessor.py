"""Finds processes of version 0.1, which can't run beside this one."""

import asyncio
import re
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

# As version 0.1 names its connections; later versions have other names.
LEGACY_APP_NAME = "wagraph"
# A live process of 0.1 always waits at its change stream, for at most a second at a time; between
# two waits there is a moment without an operation.
LOOKS = 5
LOOK_SECONDS = 0.1
# The last wait of a process that has just ended outlives it.
LAST_WAIT_SECONDS = 2.0


async def find_live_predecessor(database: AsyncDatabase[dict[str, Any]]) -> str | None:
    """The address of a process of version 0.1 that works in this database now, or None.

    Version 0.1 at rest writes nothing, so only its operations show that it lives. Those of the user
    that we are connected as are shown without any privilege.

    Raises:
        OperationFailure: MongoDB does not show operations here.
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
    own = {
        "appName": LEGACY_APP_NAME,
        "ns": {"$regex": f"^{re.escape(database.name)}\\."},
    }
    try:
        cursor = await database.client.admin.aggregate(
            [{"$currentOp": {"allUsers": True}}, {"$match": own}]
        )
    except OperationFailure as error:
        if error.code != 13:  # Unauthorized: a privilege on the whole cluster, which few have
            raise
        cursor = await database.client.admin.aggregate(
            [{"$currentOp": {"allUsers": False}}, {"$match": own}]
        )
    return await cursor.to_list()
