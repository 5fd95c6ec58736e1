"""Parked items in the graph: webhook items that could not be applied."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from strawberry import relay

import models
from graph.core.context import Info, IsAdmin, IsAdminOrOperator
from graph.core.enums import ParkedReason, ParkedState
from graph.core.ids import parse_text_id
from graph.core.large_texts import large_text
from graph.core.pages import NEWEST_TEXT_ID
from graph.core.stored import ACCOUNTS, linked, registers_type, stored
from graph.types.accounts import Account
from graph.types.connection_field import AccountId, DocumentList, connection_field, limit_to_account
from models.database.base import collection, from_bson
from whatsapp.auth.access import Viewer

_LARGE_FIELDS = ("item", "entry")


@registers_type(models.ParkedItem)
@strawberry.type(description="Webhook item that could not be applied, stored with its reason.")
class ParkedItem(relay.Node):
    node_id: relay.NodeID[str]
    phone_number_id: str | None = stored(
        "phone_number_id", description="WhatsApp's id of the phone number that the item is for."
    )
    business_account_id: str | None = stored(
        "business_account_id",
        description="WhatsApp's id of the business account that the item is for.",
    )
    field: str | None = stored("field", description="Webhook field that carried the item.")
    pointer: str = stored(
        "pointer",
        description="JSON pointer (RFC 6901) to the item in the webhook's body; empty for the"
        " whole body.",
    )
    item: str = large_text(
        models.ParkedItem,
        "item",
        description="Item as WhatsApp sent it, usually JSON text. Requires role ADMIN.",
        missing="parked item",
        permission_classes=[IsAdmin],
    )
    reason: ParkedReason = stored("reason", description="Reason why the item could not be applied.")
    details: str | None = stored("details", description="Details of the failure.")
    state: ParkedState = stored("state", description="Current state of the item.")
    created_at: datetime = stored("created_at", description="Time at which the item was parked.")
    resolved_at: datetime | None = stored(
        "resolved_at", description="Time at which the item was applied or discarded."
    )
    account: Account | None = linked(
        "account_id", ACCOUNTS, description="Account that the item is for; null if unknown."
    )
    document: strawberry.Private[models.ParkedItem]

    @classmethod
    def from_document(cls, document: models.ParkedItem) -> Self:
        return cls(node_id=document.id, document=document)


@strawberry.input(description="Filter for parked items; all given conditions must match.")
class ParkedItemFilter:
    state: ParkedState | None = strawberry.field(default=None, description="Items in this state.")
    reason: ParkedReason | None = strawberry.field(
        default=None, description="Items parked for this reason."
    )

    def list_conditions(self) -> list[dict[str, Any]]:
        conditions = {"state": self.state, "reason": self.reason}
        return [{name: value.value} for name, value in conditions.items() if value is not None]


@strawberry.type
class ParkedItemQueries:
    @connection_field(
        ParkedItem,
        permission_classes=[IsAdminOrOperator],
        description="Lists webhook items that could not be applied, newest first. An OPERATOR sees"
        " only items that belong to no workspace, without `item`. Requires role ADMIN or"
        " OPERATOR.",
    )
    async def parked_items(
        self,
        info: Info,
        account_id: AccountId = None,
        filter: Annotated[
            ParkedItemFilter | None,
            strawberry.argument(description="Returns only items that match this filter."),
        ] = None,
    ) -> DocumentList:
        conditions = [await limit_to_account(info, account_id)]
        conditions += filter.list_conditions() if filter else []
        return DocumentList(
            models.ParkedItem, {"$and": conditions}, NEWEST_TEXT_ID, hidden=_LARGE_FIELDS
        )


async def find_parked_items(
    viewer: Viewer, global_ids: Iterable[str]
) -> list[models.ParkedItem | None]:
    """Loads items by their global ids, with None for each item that is not visible.

    Their large fields are not loaded.
    """
    ids = [parse_text_id(global_id, "ParkedItem") for global_id in global_ids]
    items = await _read_items({"_id": {"$in": ids}, **viewer.limit_accounts()})
    return [None if item_id is None else items.get(item_id) for item_id in ids]


async def load_parked_items(ids: Sequence[str]) -> list[models.ParkedItem]:
    """Loads the items that still exist, whichever account they have.

    Their large fields are not loaded.
    """
    items = await _read_items({"_id": {"$in": ids}})
    return [items[item_id] for item_id in ids if item_id in items]


async def _read_items(query: Mapping[str, Any]) -> dict[str, models.ParkedItem]:
    cursor = collection(models.ParkedItem).find(query, dict.fromkeys(_LARGE_FIELDS, 0))
    return {
        fields["_id"]: from_bson(models.ParkedItem, fields, tolerant=True)
        async for fields in cursor
    }
