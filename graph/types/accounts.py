"""Accounts in the graph: the connected numbers. Their credentials never come out."""

from datetime import datetime
from typing import Any, Self

import strawberry
from beanie import PydanticObjectId
from strawberry import relay

import models
from graph.core.connections import (
    NEWEST,
    NEWEST_REPORTED,
    After,
    Before,
    Connection,
    First,
    Last,
    connect,
    read_page,
)
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.enums import HealthState
from graph.core.errors import deleted_meanwhile
from graph.core.ids import parse_id
from graph.core.stored import ACCOUNTS, linked, load_account, registers_type
from graph.inputs.filters import NodeId
from graph.types.account_checks import CheckReport
from graph.types.account_events import AccountEvent
from models import TemplateSyncState
from whatsapp.accounts.webhook_subscription import make_webhook_url
from whatsapp.auth.access import Viewer


@strawberry.type(description="How an account stands at WhatsApp.")
class AccountHealth:
    state: HealthState = strawberry.field(description="Whether it can send.")
    reason: str | None = strawberry.field(description="Why it is stopped, and what to do.")
    quality_rating: str | None = strawberry.field(
        description="WhatsApp's quality rating: GREEN, YELLOW, RED or UNKNOWN."
    )
    throughput: str | None = strawberry.field(
        description="How fast it may send, in WhatsApp's words: STANDARD or HIGH."
    )
    messaging_limit: str | None = strawberry.field(
        description="How many customers it may write to first within 24 hours, in WhatsApp's words:"
        " TIER_250, TIER_1K and so on, TIER_UNLIMITED."
    )


@strawberry.type(description="When the templates of an account were and will be read.")
class TemplateSync:
    synced_at: datetime | None = strawberry.field(
        description="When they were last read from WhatsApp; null if never."
    )
    error: str | None = strawberry.field(
        description="Why the last try failed; null if it did not. It is tried again by itself."
    )
    due_at: datetime | None = strawberry.field(description="When they are read again.")

    @classmethod
    def from_document(cls, state: TemplateSyncState) -> Self:
        return cls(synced_at=state.synced_at, error=state.error, due_at=state.due_at)


@registers_type(models.Account)
@strawberry.type(description="A WhatsApp Business number that is connected here.")
class Account(relay.Node):
    node_id: relay.NodeID[str]
    name: str = strawberry.field(description="What your staff call it.")
    phone_number_id: str = strawberry.field(description="WhatsApp's id of the phone number.")
    business_account_id: str = strawberry.field(
        description="WhatsApp's id of the business account that the number belongs to."
    )
    display_phone_number: str | None = strawberry.field(
        description="The phone number as people write it."
    )
    verified_name: str | None = strawberry.field(description="The name that customers see.")
    enabled: bool = strawberry.field(description="Whether it sends and receives.")
    health: AccountHealth = strawberry.field(description="How it stands at WhatsApp.")
    template_sync: TemplateSync = strawberry.field(
        description="How its message templates are kept up to date."
    )
    graph_api_version: str | None = strawberry.field(
        description="Version of Meta's Graph API it uses; null follows the server's setting."
    )
    send_read_receipts: bool = strawberry.field(
        description="Whether customers see that staff have read their messages."
    )
    last_event_at: datetime | None = strawberry.field(
        description="When WhatsApp last told something about it: `events` says what."
    )
    created_at: datetime = strawberry.field(description="When it was connected.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    document: strawberry.Private[models.Account]

    @strawberry.field(
        description="What its last check found, see `checkAccount`; null before the first one, and"
        " for who is no ADMIN."
    )
    def last_check(self, info: Info) -> CheckReport | None:
        report = self.document.last_check
        if report is None or not get_viewer(info).has_role(models.Role.ADMIN):
            return None
        return CheckReport.from_document(report)

    @strawberry.field(
        description="Where WhatsApp must send this account's webhooks. It names the app secret, and"
        " changes with it; URLs that were shown before stay valid."
    )
    def webhook_url(self, info: Info) -> str:
        return make_webhook_url(info.context.services.settings, self.document)

    @strawberry.field(description="What WhatsApp told about it besides messages, newest first.")
    async def events(
        self,
        info: Info,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[AccountEvent]:
        page = read_page(info, first=first, after=after, last=last, before=before)
        return await connect(
            models.AccountEvent,
            {"account_id": PydanticObjectId(self.node_id)},
            AccountEvent.from_document,
            order=NEWEST_REPORTED,
            page=page,
            hidden=["raw"],
        )

    @classmethod
    def from_document(cls, document: models.Account) -> Self:
        health = document.health
        return cls(
            node_id=str(document.id),
            name=document.name,
            phone_number_id=document.phone_number_id,
            business_account_id=document.business_account_id,
            display_phone_number=document.display_phone_number,
            verified_name=document.verified_name,
            enabled=document.enabled,
            health=AccountHealth(
                state=health.state,
                reason=health.reason,
                quality_rating=health.quality_rating,
                throughput=health.throughput,
                messaging_limit=health.messaging_limit,
            ),
            send_read_receipts=document.send_read_receipts,
            template_sync=TemplateSync.from_document(document.template_sync),
            last_event_at=document.last_event_at,
            graph_api_version=document.graph_api_version,
            created_at=document.created_at,
            updated_at=document.updated_at,
            document=document,
        )


def linked_account(description: str) -> Any:
    """The account of a document that can't be without one."""
    return linked("account_id", ACCOUNTS, description=description, missing="account")


async def require_account(info: Info, account_id: PydanticObjectId) -> Account:
    document = await load_account(info, account_id)
    if document is None:
        raise deleted_meanwhile("account")
    return Account.from_document(document)


async def resolve_account(info: Info, global_id: str) -> Account | None:
    account_id = parse_id(global_id, "Account")
    document = await load_account(info, account_id) if account_id else None
    # While its data is being removed, only what still refers to it finds it.
    if document is None or document.deleted_at is not None:
        return None
    return Account.from_document(document)


@strawberry.type
class AccountQueries:
    @strawberry.field(
        permission_classes=[IsViewer],
        description="The account with this id, or null. Requires role VIEWER.",
    )
    async def account(self, info: Info, id: NodeId) -> Account | None:
        return await resolve_account(info, id)

    @strawberry.field(
        permission_classes=[IsViewer],
        description="The accounts you may see, newest first. Requires role VIEWER.",
    )
    async def accounts(
        self,
        info: Info,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Account]:
        page = read_page(info, first=first, after=after, last=last, before=before)
        visible = list_visible_accounts(get_viewer(info))
        return await connect(
            models.Account, visible, Account.from_document, order=NEWEST, page=page
        )


def list_visible_accounts(viewer: Viewer) -> dict[str, object]:
    """The filter of the accounts that a viewer may see."""
    return {"deleted_at": None, **viewer.limit_accounts("_id")}
