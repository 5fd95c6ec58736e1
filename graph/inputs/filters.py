"""Arguments shared by several lists."""

from typing import Annotated, Any

import strawberry

from graph.core.context import Info, get_viewer
from graph.core.ids import parse_id

NodeId = Annotated[strawberry.ID, strawberry.argument(description="Global id.")]
AccountId = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Returns only items of this account; by default, of all accounts visible"
        " to the caller."
    ),
]
# Matches nothing: the account is unknown or not visible.
_NOTHING: dict[str, Any] = {"account_id": {"$in": []}}


def limit_to_account(info: Info, account_id: str | None) -> dict[str, Any]:
    """Returns a filter for one account, or for all accounts visible to the viewer."""
    viewer = get_viewer(info)
    if account_id is None:
        return viewer.limit_accounts()
    document_id = parse_id(account_id, "Account")
    if document_id is None or not viewer.can_see(document_id):
        return _NOTHING
    return {"account_id": document_id}
