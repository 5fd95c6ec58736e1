"""What a document refers to and the graph promises to be there."""

from typing import TYPE_CHECKING

from beanie import PydanticObjectId

from graph.accounts import Account
from graph.errors import ErrorCode, RequestError
from graph.loaders import load_account

if TYPE_CHECKING:
    from graph.context import Info


def vanished(what: str) -> RequestError:
    """For what was deleted while an operation was reading what refers to it."""
    return RequestError(
        ErrorCode.SERVICE_UNAVAILABLE, f"The {what} has just been deleted: read again."
    )


async def require_account(info: "Info", account_id: PydanticObjectId) -> Account:
    document = await load_account(info, account_id)
    if document is None:
        raise vanished("account")
    return Account.from_document(document)
