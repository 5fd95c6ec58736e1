"""The accounts to which a new credential or agent is limited."""

import strawberry
from beanie import PydanticObjectId

import models
from graph.core.errors import forbidden
from graph.core.ids import require_id
from models.database.base import match_workspace
from whatsapp.auth.access import Viewer
from whatsapp.errors import InvalidInput, NotFound

MAX_ACCOUNTS = 100


def read_accounts(
    viewer: Viewer, global_ids: list[strawberry.ID] | None
) -> list[PydanticObjectId] | None:
    """Returns the accounts of a new key or agent; None for all.

    Raises:
        RequestError: FORBIDDEN, all accounts are more than the viewer's accounts.
        InvalidInput, NotFound: too many accounts, or a malformed id.
    """
    if global_ids is None:
        if viewer.account_ids is not None:
            raise forbidden("Your credential is limited to some accounts; give `accountIds`.")
        return None
    if not 0 < len(global_ids) <= MAX_ACCOUNTS:
        raise InvalidInput(f"Give 1 to {MAX_ACCOUNTS} accounts.", field=["accountIds"])
    return sorted({require_id(global_id, "Account", "accountIds") for global_id in global_ids})


async def require_accounts(viewer: Viewer, account_ids: list[PydanticObjectId] | None) -> None:
    """Raises NotFound if the viewer can't see one of the accounts."""
    if account_ids is None:
        return
    visible_ids = viewer.narrow(account_ids)
    kept = {"_id": {"$in": visible_ids}, "deleted_at": None}
    count = await models.Account.find(match_workspace(viewer.workspace_id) | kept).count()
    if count < len(account_ids):
        raise NotFound("An account", field=["accountIds"])
