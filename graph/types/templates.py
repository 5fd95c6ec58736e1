"""Message templates in the graph."""

import re
from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from strawberry import relay

import models
from graph.core.context import Info, IsViewer
from graph.core.enums import DescribedEnum, describe_enum
from graph.core.pages import BY_TEMPLATE_NAME, NEWEST
from graph.core.searching import check_search
from graph.core.stored import reads, registers_type, stored
from graph.inputs.whatsapp_enums import QualityRating, TemplateCategory, TemplateStatus
from graph.types.accounts import HasAccount
from graph.types.connection_field import (
    DocumentList,
    connection_field,
    limit_to_account,
    list_cursor_field,
)
from graph.types.content.template_parts import (
    TemplateComponent,
    TemplateParameter,
    TemplateParameterFormat,
    read_components,
    read_format,
    read_parameters,
)
from graph.types.timestamped import Timestamped
from whatsapp.templates.definition import find_obstacle, match_sendable

# Read by `read_definition` and `find_obstacle`.
_DEFINITION_FIELDS = ("components", "parameter_format")
_OBSTACLE_FIELDS = ("status", "status_reason", "name", "language", *_DEFINITION_FIELDS)


class TemplateOrder(DescribedEnum):
    NEWEST = "NEWEST", "Most recently stored first."
    NAME = "NAME", "By name, then by language."


describe_enum(TemplateOrder, description="Sort order of templates.")
_ORDERS = {TemplateOrder.NEWEST: NEWEST, TemplateOrder.NAME: BY_TEMPLATE_NAME}


@registers_type(models.Template)
@strawberry.type(description="Message template of an account, as reported by WhatsApp.")
class Template(relay.Node, HasAccount, Timestamped):
    node_id: relay.NodeID[str]
    whatsapp_id: str = stored(
        "template_id",
        description="WhatsApp's id of the template; each language of a name has its own.",
    )
    name: str | None = stored("name", description="Name by which the template is sent.")
    language: str | None = stored("language", description="Language code, such as en_US.")
    category: TemplateCategory | None = stored(
        "category",
        convert=TemplateCategory.from_name,
        description="Category; null until WhatsApp reports it.",
    )
    category_name: str | None = stored("category", description="WhatsApp's name of the category.")
    sub_category: str | None = stored(
        "sub_category", description="WhatsApp's subcategory; null if there is none."
    )
    previous_category: TemplateCategory | None = stored(
        "previous_category",
        convert=TemplateCategory.from_name,
        description="Category before WhatsApp last changed it.",
    )
    previous_category_name: str | None = stored(
        "previous_category", description="WhatsApp's name of the previous category."
    )
    status: TemplateStatus | None = stored(
        "status",
        convert=TemplateStatus.from_name,
        description="Status; null until WhatsApp reports it.",
    )
    status_name: str | None = stored("status", description="WhatsApp's name of the status.")
    status_reason: str | None = stored(
        "status_reason",
        description="WhatsApp's reason for rejecting, pausing or disabling the template.",
    )
    recommendation: str | None = stored(
        "recommendation", description="WhatsApp's recommendation for changing a rejected template."
    )
    disabled_at: datetime | None = stored(
        "disabled_at", description="Time at which a disabled template stops working."
    )
    quality_score: QualityRating | None = stored(
        "quality_score",
        convert=QualityRating.from_name,
        description="WhatsApp's quality score; null until WhatsApp reports it.",
    )
    quality_score_name: str | None = stored(
        "quality_score", description="WhatsApp's name of the quality score."
    )
    previous_quality_score: QualityRating | None = stored(
        "previous_quality_score",
        convert=QualityRating.from_name,
        description="Quality score before the last change.",
    )
    previous_quality_score_name: str | None = stored(
        "previous_quality_score", description="WhatsApp's name of the previous quality score."
    )
    synced_at: datetime | None = stored(
        "synced_at",
        description="Time of the last synchronization with WhatsApp; null if the template is known"
        " from webhooks only.",
    )
    list_cursor: str = list_cursor_field("`templates`", _ORDERS)
    document: strawberry.Private[models.Template]

    @strawberry.field(
        description="Time at which WhatsApp last changed the status; null if no change was"
        " reported.",
        metadata=reads("changed_at"),
    )
    def status_changed_at(self) -> datetime | None:
        return self.document.changed_at.get("status")

    @strawberry.field(
        description="Components of the definition; empty until WhatsApp reports them.",
        metadata=reads("components"),
    )
    def components(self) -> list[TemplateComponent]:
        return read_components(self.document.components)

    @strawberry.field(
        description="Format of the variables: numbered or named.",
        metadata=reads(*_DEFINITION_FIELDS),
    )
    def parameter_format(self) -> TemplateParameterFormat:
        return read_format(self.document)

    @strawberry.field(
        description="Parameters needed to send the template, in reading order.",
        metadata=reads("category", *_DEFINITION_FIELDS),
    )
    def parameters(self) -> list[TemplateParameter]:
        return read_parameters(self.document)

    @strawberry.field(
        description="True if the template can be sent now.", metadata=reads(*_OBSTACLE_FIELDS)
    )
    def sendable(self) -> bool:
        return find_obstacle(self.document) is None

    @strawberry.field(
        description="Reason why the template can't be sent; null if it can.",
        metadata=reads(*_OBSTACLE_FIELDS),
    )
    def obstacle(self) -> str | None:
        return find_obstacle(self.document)

    @classmethod
    def from_document(cls, document: models.Template) -> Self:
        return cls(node_id=str(document.id), document=document)


@strawberry.input(description="Filter for templates; all given conditions must match.")
class TemplateFilter:
    name: str | None = strawberry.field(default=None, description="Templates with this name.")
    language: str | None = strawberry.field(default=None, description="Templates in this language.")
    category: TemplateCategory | None = strawberry.field(
        default=None, description="Templates of this category."
    )
    statuses: list[TemplateStatus] | None = strawberry.field(
        default=None, description="Templates with one of these statuses."
    )
    search: str | None = strawberry.field(
        default=None,
        description="Templates whose name contains this text, ignoring case; up to 200 characters.",
    )
    sendable: bool | None = strawberry.field(
        default=None, description="Returns templates that can be sent now if true, others if false."
    )

    def list_conditions(self) -> list[dict[str, Any]]:
        equal = {"name": self.name, "language": self.language}
        conditions: list[dict[str, Any]] = [
            {name: value} for name, value in equal.items() if value is not None
        ]
        if self.category is not None:
            conditions.append(TemplateCategory.match_names("category", [self.category]))
        if self.statuses:
            conditions.append(TemplateStatus.match_names("status", self.statuses))
        if self.search:
            conditions.append(
                {"name": {"$regex": re.escape(check_search(self.search)), "$options": "i"}}
            )
        if self.sendable is not None:
            conditions.append({"$and" if self.sendable else "$nor": [match_sendable()]})
        return conditions


@strawberry.type
class TemplateQueries:
    @connection_field(
        Template,
        permission_classes=[IsViewer],
        description="Lists the message templates of an account. Requires role VIEWER.",
    )
    async def templates(
        self,
        info: Info,
        account_id: Annotated[strawberry.ID, strawberry.argument(description="Id of the account.")],
        filter: Annotated[
            TemplateFilter | None,
            strawberry.argument(description="Returns only templates that match this filter."),
        ] = None,
        order_by: Annotated[
            TemplateOrder,
            strawberry.argument(description="Sort order; a cursor is valid for one order only."),
        ] = TemplateOrder.NEWEST,
    ) -> DocumentList:
        conditions = [await limit_to_account(info, account_id)]
        conditions += filter.list_conditions() if filter else []
        return DocumentList(models.Template, {"$and": conditions}, _ORDERS[order_by])
