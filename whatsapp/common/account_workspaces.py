"""The workspaces of accounts. An account never moves to another, so a process reads each once."""

from collections.abc import Collection, Iterable, Mapping

from beanie import PydanticObjectId

from models import Account
from models.database.base import DEFAULT_WORKSPACE_ID, WORKSPACE_FIELD, collection
from whatsapp.errors import NotFound

MAX_KNOWN = 100_000

_known: dict[PydanticObjectId, PydanticObjectId] = {}


async def get_workspace_id(account_id: PydanticObjectId) -> PydanticObjectId:
    """Returns the workspace of an account.

    Raises:
        NotFound: the account does not exist.
    """
    found = _known.get(account_id) or (await _read([account_id])).get(account_id)
    if found is None:
        raise NotFound("The account", field=["accountId"])
    return found


async def select_accounts(
    workspace_id: PydanticObjectId, account_ids: Collection[PydanticObjectId]
) -> list[PydanticObjectId]:
    """Returns the given accounts that the workspace has, in the same order."""
    found = {key: _known[key] for key in account_ids if key in _known}
    if unknown := [key for key in account_ids if key not in found]:
        found |= await _read(unknown)
    return [key for key in account_ids if found.get(key) == workspace_id]


def remember_workspaces(accounts: Iterable[Account]) -> None:
    """Keeps the workspaces of accounts that were read for another purpose."""
    _remember({account.id: account.workspace_id for account in accounts})


def _remember(workspaces: Mapping[PydanticObjectId, PydanticObjectId]) -> None:
    if len(_known) > MAX_KNOWN:
        _known.clear()
    _known.update(workspaces)


async def _read(
    account_ids: Collection[PydanticObjectId],
) -> dict[PydanticObjectId, PydanticObjectId]:
    query = {"_id": {"$in": list(account_ids)}}
    cursor = collection(Account).find(query, {WORKSPACE_FIELD: 1})
    found = {
        account["_id"]: PydanticObjectId(account.get(WORKSPACE_FIELD) or DEFAULT_WORKSPACE_ID)
        async for account in cursor
    }
    _remember(found)
    return found
