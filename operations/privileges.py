"""Privileges of MongoDB's user, compared with those that the server needs."""

from collections.abc import Iterable, Mapping
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from operations.findings import Finding, failed, passed, warned

NAME = "mongodb.privileges"
UNAUTHORIZED = 13
# Actions on all collections of the database.
NEEDED_ACTIONS = frozenset(
    {
        *("find", "insert", "update", "remove", "changeStream", "collMod"),
        *("createCollection", "createIndex", "dropIndex", "listCollections", "listIndexes"),
    }
)


async def check_privileges(database: AsyncDatabase[dict[str, Any]]) -> Finding:
    """Compares the user's privileges, which each user may read, with the needed actions."""
    status = await database.client.admin.command("connectionStatus", showPrivileges=True)
    info = status["authInfo"]
    if not info["authenticatedUsers"]:
        return await _check_anonymous(database)
    [user, *_] = info["authenticatedUsers"]
    granted = _list_actions(info["authenticatedUserPrivileges"], database.name)
    if missing := sorted(NEEDED_ACTIONS - granted):
        return failed(
            NAME,
            f"The user {user['user']} lacks {', '.join(missing)} on {database.name}.",
            f"Grant it the roles readWrite and dbAdmin on {database.name}.",
        )
    return passed(NAME, f"The user {user['user']} has all privileges on {database.name}.")


async def _check_anonymous(database: AsyncDatabase[dict[str, Any]]) -> Finding:
    try:
        await database.list_collection_names()
    except OperationFailure as error:
        if error.code != UNAUTHORIZED:
            raise
        return failed(
            NAME,
            "MongoDB requires a user, but MONGODB_URI has none.",
            "Put a user and its percent-encoded password into MONGODB_URI.",
        )
    return warned(
        NAME,
        "MongoDB requires no password.",
        "Enable authentication, unless only trusted hosts can connect to it.",
    )


def _list_actions(privileges: Iterable[Mapping[str, Any]], database_name: str) -> set[str]:
    """Returns the actions that the user may take on every collection of the database."""
    actions: set[str] = set()
    for privilege in privileges:
        resource = privilege["resource"]
        is_covering = resource.get("anyResource") or (
            resource.get("db") in ("", database_name) and resource.get("collection") == ""
        )
        if is_covering:
            actions.update(privilege["actions"])
    # A role with anyAction lists it instead of the others.
    return actions | NEEDED_ACTIONS if "anyAction" in actions else actions
