"""Account events in the graph: what WhatsApp told about an account besides messages."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry
from beanie import PydanticObjectId
from strawberry import relay

import models
from graph.core.context import Info
from graph.core.stored import load_account_event

if TYPE_CHECKING:
    from graph.types.accounts import Account


@strawberry.type(
    description="One thing that WhatsApp told about an account, its number, its templates, groups,"
    " calls and so on."
)
class AccountEvent(relay.Node):
    node_id: relay.NodeID[str]
    field: str = strawberry.field(
        description="The webhook field it came in: account_update and so on."
    )
    event: str | None = strawberry.field(
        description="WhatsApp's own name of what happened, where it gives one."
    )
    summary: str = strawberry.field(description="What happened, in one line.")
    at: datetime = strawberry.field(
        description="When it happened, as WhatsApp tells it; lists sort by it."
    )
    created_at: datetime = strawberry.field(description="When it was stored here.")
    account_id: strawberry.Private[PydanticObjectId]

    @strawberry.field(description="The account it is about.")
    async def account(
        self, info: Info
    ) -> Annotated["Account", strawberry.lazy("graph.types.accounts")]:
        from graph.types.accounts import require_account  # noqa: PLC0415 - accounts name their events

        return await require_account(info, self.account_id)

    @strawberry.field(description="All that WhatsApp told, as JSON text; it may be long.")
    async def raw(self, info: Info) -> str | None:
        document = await load_account_event(info, self.node_id)
        return document.raw if document else None

    @classmethod
    def from_document(cls, document: models.AccountEvent) -> Self:
        return cls(
            node_id=document.id,
            field=document.field,
            event=document.event,
            summary=document.summary,
            at=document.at,
            created_at=document.created_at,
            account_id=document.account_id,
        )


async def find_account_event(info: Info, event_id: str) -> AccountEvent | None:
    document = await load_account_event(info, event_id)
    return AccountEvent.from_document(document) if document else None
