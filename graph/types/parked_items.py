"""Parked items in the graph: what WhatsApp sent and could not be applied."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from strawberry import relay

import models
from graph.core.connections import (
    NEWEST_TEXT_ID,
    After,
    Before,
    Connection,
    First,
    Last,
    connect,
    read_page,
)
from graph.core.context import Info, IsAdmin
from graph.core.enums import ParkedReason, ParkedState
from graph.core.ids import parse_text_id
from graph.core.stored import ACCOUNTS, linked, registers_type, stored
from graph.inputs.filters import AccountId, limit_to_account
from graph.types.accounts import Account
from whatsapp.auth.access import Viewer


@registers_type(models.ParkedItem)
@strawberry.type(
    description="An item of a webhook that couldn't be applied; nothing of it is lost."
)
class ParkedItem(relay.Node):
    node_id: relay.NodeID[str]
    phone_number_id: str | None = stored(
        "phone_number_id", description="WhatsApp's id of the number it is for."
    )
    business_account_id: str | None = stored(
        "business_account_id", description="WhatsApp's id of the business account it is for."
    )
    field: str | None = stored("field", description="The webhook field it came in.")
    pointer: str = stored(
        "pointer",
        description="Where in the webhook's body it stood (RFC 6901); empty for the whole body.",
    )
    item: str = stored("item", description="The item as WhatsApp sent it, mostly JSON text.")
    reason: ParkedReason = stored("reason", description="Why it couldn't be applied.")
    details: str | None = stored("details", description="What was wrong in particular.")
    state: ParkedState = stored("state", description="What became of it.")
    created_at: datetime = stored("created_at", description="When it was parked.")
    resolved_at: datetime | None = stored(
        "resolved_at", description="When it was applied or discarded."
    )
    account: Account | None = linked(
        "account_id", ACCOUNTS, description="The account it is for, where that is known."
    )
    document: strawberry.Private[models.ParkedItem]

    @classmethod
    def from_document(cls, document: models.ParkedItem) -> Self:
        return cls(node_id=document.id, document=document)


@strawberry.input(description="Which parked items; all the given conditions must hold.")
class ParkedItemFilter:
    state: ParkedState | None = strawberry.field(default=None, description="This became of them.")
    reason: ParkedReason | None = strawberry.field(
        default=None, description="They were parked for this reason."
    )

    def list_conditions(self) -> list[dict[str, Any]]:
        given = {"state": self.state, "reason": self.reason}
        return [{name: value.value} for name, value in given.items() if value is not None]


@strawberry.type
class ParkedItemQueries:
    @strawberry.field(
        permission_classes=[IsAdmin],
        description="Webhook items that could not be applied, newest first. Requires role ADMIN.",
    )
    async def parked_items(
        self,
        info: Info,
        account_id: AccountId = None,
        filter: Annotated[
            ParkedItemFilter | None, strawberry.argument(description="Only items like these.")
        ] = None,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ParkedItem]:
        page = read_page(info, first=first, after=after, last=last, before=before)
        conditions = [limit_to_account(info, account_id)]
        conditions += filter.list_conditions() if filter else []
        return await connect(
            models.ParkedItem,
            {"$and": conditions},
            ParkedItem.from_document,
            order=NEWEST_TEXT_ID,
            page=page,
            hidden=["entry"],
        )


async def find_parked_items(
    viewer: Viewer, global_ids: Iterable[str]
) -> list[models.ParkedItem | None]:
    """The item with each of these global ids, None for what the viewer may not see."""
    ids = [parse_text_id(global_id, "ParkedItem") for global_id in global_ids]
    query = {"_id": {"$in": ids}, **viewer.limit_accounts()}
    found = {item.id: item for item in await models.ParkedItem.find(query).to_list()}
    return [None if item_id is None else found.get(item_id) for item_id in ids]
