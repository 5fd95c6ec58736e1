"""Message templates in the graph."""

import re
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Self

import strawberry
from strawberry import relay

import models
from graph.core.connections import (
    BY_TEMPLATE_NAME,
    NEWEST,
    After,
    Before,
    Connection,
    First,
    Last,
    connect,
    read_page,
)
from graph.core.context import Info, IsViewer
from graph.core.enums import describe_enum
from graph.core.searching import check_search
from graph.inputs.filters import limit_to_account
from graph.types.accounts import Account, require_account
from graph.types.content.template_parts import (
    TemplateComponent,
    TemplateParameter,
    TemplateParameterFormat,
    read_components,
    read_format,
    read_parameters,
)
from whatsapp.templates.definition import find_obstacle, match_sendable


@strawberry.type(
    description="A message template of an account, as far as WhatsApp has told about it."
)
class Template(relay.Node):
    node_id: relay.NodeID[str]
    template_id: str = strawberry.field(
        description="WhatsApp's id of it; a name has one for each language."
    )
    name: str | None = strawberry.field(description="The name by which it is sent.")
    language: str | None = strawberry.field(description="Its language: en_US and so on.")
    category: str | None = strawberry.field(
        description="WhatsApp's category: MARKETING, UTILITY or AUTHENTICATION."
    )
    sub_category: str | None = strawberry.field(
        description="WhatsApp's finer category, where it has one."
    )
    previous_category: str | None = strawberry.field(
        description="The category before WhatsApp last changed it."
    )
    status: str | None = strawberry.field(
        description="WhatsApp's word: APPROVED, PENDING, REJECTED, PAUSED, DISABLED, FLAGGED,"
        " DELETED and so on."
    )
    status_reason: str | None = strawberry.field(
        description="Why it is rejected, paused or disabled, as WhatsApp says it."
    )
    recommendation: str | None = strawberry.field(
        description="What WhatsApp advises to change of a rejected one."
    )
    disabled_at: datetime | None = strawberry.field(
        description="When a disabled one ceases to work."
    )
    quality_score: str | None = strawberry.field(
        description="WhatsApp's quality score: GREEN, YELLOW, RED or UNKNOWN."
    )
    previous_quality_score: str | None = strawberry.field(description="The score before that.")
    synced_at: datetime | None = strawberry.field(
        description="When it was last read from WhatsApp; null if only webhooks told about it."
    )
    created_at: datetime = strawberry.field(description="When it became known here.")
    updated_at: datetime = strawberry.field(description="When it was last changed here.")
    document: strawberry.Private[models.Template]

    @strawberry.field(description="The account that may send it.")
    async def account(self, info: Info) -> Account:
        return await require_account(info, self.document.account_id)

    @strawberry.field(
        description="When WhatsApp last changed its status, as far as that was told here."
    )
    def status_changed_at(self) -> datetime | None:
        return self.document.changed_at.get("status")

    @strawberry.field(description="Its parts; empty until WhatsApp has told them.")
    def components(self) -> list[TemplateComponent]:
        return read_components(self.document.components)

    @strawberry.field(description="Whether its variables have numbers or names.")
    def parameter_format(self) -> TemplateParameterFormat:
        return read_format(self.document)

    @strawberry.field(description="What is to be filled in to send it, in the customer's order.")
    def parameters(self) -> list[TemplateParameter]:
        return read_parameters(self.document)

    @strawberry.field(description="Whether it can be sent as it is now.")
    def sendable(self) -> bool:
        return find_obstacle(self.document) is None

    @strawberry.field(description="Why it can't be sent; null if it can.")
    def obstacle(self) -> str | None:
        return find_obstacle(self.document)

    @classmethod
    def from_document(cls, document: models.Template) -> Self:
        return cls(
            node_id=str(document.id),
            template_id=document.template_id,
            name=document.name,
            language=document.language,
            category=document.category,
            sub_category=document.sub_category,
            previous_category=document.previous_category,
            status=document.status,
            status_reason=document.status_reason,
            recommendation=document.recommendation,
            disabled_at=document.disabled_at,
            quality_score=document.quality_score,
            previous_quality_score=document.previous_quality_score,
            synced_at=document.synced_at,
            created_at=document.created_at,
            updated_at=document.updated_at,
            document=document,
        )


@strawberry.input(description="Which templates; all the given conditions must hold.")
class TemplateFilter:
    name: str | None = strawberry.field(default=None, description="They have this name.")
    language: str | None = strawberry.field(default=None, description="They are in this language.")
    category: str | None = strawberry.field(default=None, description="They are of this category.")
    statuses: list[str] | None = strawberry.field(
        default=None, description="They have one of these statuses."
    )
    search: str | None = strawberry.field(
        default=None, description="Their name has this in it, in any case."
    )
    sendable: bool | None = strawberry.field(
        default=None, description="They can be sent as they are now, or can't."
    )

    def list_conditions(self) -> list[dict[str, Any]]:
        equal = {"name": self.name, "language": self.language, "category": self.category}
        conditions: list[dict[str, Any]] = [
            {name: value} for name, value in equal.items() if value is not None
        ]
        if self.statuses is not None:
            conditions.append({"status": {"$in": self.statuses}})
        if self.search:
            conditions.append(
                {"name": {"$regex": re.escape(check_search(self.search)), "$options": "i"}}
            )
        if self.sendable is not None:
            conditions.append({"$and" if self.sendable else "$nor": [match_sendable()]})
        return conditions


class TemplateOrder(Enum):
    NEWEST = "NEWEST"
    NAME = "NAME"


describe_enum(
    TemplateOrder,
    name="TemplateOrder",
    description="How templates are sorted.",
    values={
        "NEWEST": "What became known here last comes first.",
        "NAME": "By name, then by language.",
    },
)
_ORDERS = {TemplateOrder.NEWEST: NEWEST, TemplateOrder.NAME: BY_TEMPLATE_NAME}


@strawberry.type
class TemplateQueries:
    @strawberry.field(
        permission_classes=[IsViewer],
        description="The message templates of an account. Requires role VIEWER.",
    )
    async def templates(
        self,
        info: Info,
        account_id: Annotated[strawberry.ID, strawberry.argument(description="The account.")],
        filter: Annotated[
            TemplateFilter | None, strawberry.argument(description="Only templates like these.")
        ] = None,
        order_by: Annotated[
            TemplateOrder,
            strawberry.argument(description="How they are sorted; cursors are of one order."),
        ] = TemplateOrder.NEWEST,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Template]:
        page = read_page(info, first=first, after=after, last=last, before=before)
        conditions = [limit_to_account(info, account_id)]
        conditions += filter.list_conditions() if filter else []
        return await connect(
            models.Template,
            {"$and": conditions},
            Template.from_document,
            order=_ORDERS[order_by],
            page=page,
        )
