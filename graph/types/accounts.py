"""Accounts in the graph, with their events and checks. Credentials are never returned."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Self

import strawberry
from beanie import PydanticObjectId
from strawberry import relay

import models
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.enums import CheckName, HealthState
from graph.core.errors import deleted_meanwhile
from graph.core.large_texts import large_text
from graph.core.pages import NEWEST, NEWEST_REPORTED, write_cursor
from graph.core.scalars import Url
from graph.core.stored import (
    ACCOUNTS,
    linked,
    load_account,
    load_account_event,
    reads,
    registers_type,
    stored,
)
from graph.inputs.whatsapp_enums import MessagingLimit, QualityRating, Throughput
from graph.types.connection_field import (
    DocumentList,
    connection_field,
    describe_list_cursor,
    node_field,
)
from graph.types.id_arguments import load_kept_account
from graph.types.timestamped import Timestamped
from whatsapp.accounts.webhook_subscription import make_webhook_url
from whatsapp.auth.access import Viewer


@strawberry.type(description="Result of one check of an account.")
class AccountCheck:
    name: CheckName = strawberry.field(description="Name of the check.")
    ok: bool = strawberry.field(description="True if the check passed.")
    message: str = strawberry.field(description="Finding and, if the check failed, how to fix it.")

    @classmethod
    def from_document(cls, document: models.AccountCheck) -> Self:
        return cls(name=document.name, ok=document.ok, message=document.message)


@strawberry.type(description="Results of all checks of an account.")
class CheckReport:
    at: datetime = strawberry.field(description="Time of the checks.")
    checks: list[AccountCheck] = strawberry.field(description="Results, one for each check.")

    @classmethod
    def from_document(cls, document: models.CheckReport) -> Self:
        checks = [AccountCheck.from_document(check) for check in document.checks]
        return cls(at=document.at, checks=checks)


@strawberry.interface(description="Object that belongs to an account.")
class HasAccount:
    account: "Account" = linked(
        "account_id",
        ACCOUNTS,
        description="Account to which the object belongs.",
        missing="account",
    )


@registers_type(models.AccountEvent)
@strawberry.type(
    description="Event that WhatsApp reported for an account: a change to its number, templates,"
    " groups, calls and so on."
)
class AccountEvent(relay.Node, HasAccount):
    node_id: relay.NodeID[str]
    field: str = stored(
        "field", description="Webhook field that carried the event, such as account_update."
    )
    event: str | None = stored(
        "event", description="WhatsApp's name for the event; null if WhatsApp gives none."
    )
    summary: str = stored("summary", description="One-line summary of the event.")
    at: datetime = stored(
        "at", description="Time of the event according to WhatsApp; lists are sorted by it."
    )
    created_at: datetime = stored("created_at", description="Time at which the event was stored.")
    raw: str | None = large_text(
        models.AccountEvent,
        "raw",
        description="Complete event as JSON text; up to several megabytes.",
    )
    document: strawberry.Private[models.AccountEvent]

    @classmethod
    def from_document(cls, document: models.AccountEvent) -> Self:
        return cls(node_id=document.id, document=document)


@strawberry.type(description="Sending status and limits of an account at WhatsApp.")
class AccountHealth:
    state: HealthState = strawberry.field(description="Sending health of the account.")
    reason: str | None = strawberry.field(
        description="Reason why the account is stopped, and how to fix it; null if it can send."
    )
    whatsapp_code: int | None = strawberry.field(
        description="WhatsApp's error code that stopped the account; null without such an error."
    )
    quality_rating: QualityRating | None = strawberry.field(
        description="WhatsApp's quality rating; null until WhatsApp reports it."
    )
    quality_rating_name: str | None = strawberry.field(
        description="WhatsApp's name of the quality rating."
    )
    throughput: Throughput | None = strawberry.field(
        description="WhatsApp's throughput level; null until WhatsApp reports it."
    )
    throughput_name: str | None = strawberry.field(
        description="WhatsApp's name of the throughput level."
    )
    messaging_limit: MessagingLimit | None = strawberry.field(
        description="Number of customers the account may message first within 24 hours; null until"
        " WhatsApp reports it."
    )
    messaging_limit_name: str | None = strawberry.field(
        description="WhatsApp's name of the limit, such as TIER_1K."
    )

    @classmethod
    def from_document(cls, health: models.AccountHealth) -> Self:
        return cls(
            state=health.state,
            reason=health.reason,
            whatsapp_code=health.stop_code,
            quality_rating=QualityRating.from_name(health.quality_rating),
            quality_rating_name=health.quality_rating,
            throughput=Throughput.from_name(health.throughput),
            throughput_name=health.throughput,
            messaging_limit=MessagingLimit.from_name(health.messaging_limit),
            messaging_limit_name=health.messaging_limit,
        )


@strawberry.type(description="State of the synchronization of an account's templates.")
class TemplateSync:
    synced_at: datetime | None = strawberry.field(
        description="Time of the last successful synchronization; null if there was none."
    )
    error: str | None = strawberry.field(
        description="Error of the last attempt; null if it succeeded. Failed attempts are retried"
        " automatically."
    )
    due_at: datetime | None = strawberry.field(description="Time of the next synchronization.")

    @classmethod
    def from_document(cls, state: models.TemplateSyncState) -> Self:
        return cls(synced_at=state.synced_at, error=state.error, due_at=state.due_at)


@registers_type(models.Account)
@strawberry.type(description="WhatsApp Business number connected to this server.")
class Account(relay.Node, Timestamped):
    node_id: relay.NodeID[str]
    name: str = stored("name", description="Name used by your staff.")
    phone_number_id: str = stored(
        "phone_number_id", description="WhatsApp's id of the phone number."
    )
    business_account_id: str = stored(
        "business_account_id",
        description="WhatsApp's id of the business account that owns the number.",
    )
    display_phone_number: str | None = stored(
        "display_phone_number", description="Phone number formatted for display."
    )
    verified_name: str | None = stored("verified_name", description="Name that customers see.")
    enabled: bool = stored(
        "enabled", description="True if the account sends and receives messages."
    )
    health: AccountHealth = stored(
        "health",
        convert=AccountHealth.from_document,
        description="Sending status and limits at WhatsApp.",
    )
    template_sync: TemplateSync = stored(
        "template_sync",
        convert=TemplateSync.from_document,
        description="State of the synchronization of the account's templates.",
    )
    graph_api_version: str | None = stored(
        "graph_api_version",
        description="Version of Meta's Graph API used for this account; null if it follows the"
        " server's setting.",
    )
    send_read_receipts: bool = stored(
        "send_read_receipts",
        description="True if customers get read receipts when staff read their messages.",
    )
    last_event_at: datetime | None = stored(
        "last_event_at",
        description="Time of the newest entry in `events`; null if there is none.",
    )
    webhook_verified_at: datetime | None = stored(
        "webhook_verified_at",
        description="Time at which WhatsApp last verified a webhook URL with this account's verify"
        " token; null if it never did.",
    )
    document: strawberry.Private[models.Account]

    @strawberry.field(
        description="Results of the last check by `checkAccount` or in the background; null"
        " before the first check, and for callers without role ADMIN.",
        metadata=reads("last_check"),
    )
    def last_check(self, info: Info) -> CheckReport | None:
        report = self.document.last_check
        if report is None or not get_viewer(info).has_role(models.Role.ADMIN):
            return None
        return CheckReport.from_document(report)

    @strawberry.field(
        description="URL to which WhatsApp must send this account's webhooks. It changes with the"
        " app secret; earlier URLs remain valid.",
        metadata=reads("app_secret_digest"),
    )
    def webhook_url(self, info: Info) -> Url:
        return Url(make_webhook_url(info.context.services.settings, self.document))

    @connection_field(
        AccountEvent,
        description="Events that WhatsApp reported for the account, except messages; newest first.",
        needs=["id"],
    )
    def events(self) -> DocumentList:
        of_account = {"account_id": self.document.id}
        return DocumentList(models.AccountEvent, of_account, NEWEST_REPORTED, hidden=["raw"])

    @strawberry.field(
        description=describe_list_cursor("`accounts`"), metadata=reads("id", "created_at")
    )
    def list_cursor(self) -> str:
        return write_cursor(NEWEST, self.document)

    @classmethod
    def from_document(cls, document: models.Account) -> Self:
        return cls(node_id=str(document.id), document=document)


async def require_account(info: Info, account_id: PydanticObjectId) -> Account:
    """Raises RequestError SERVICE_UNAVAILABLE if the account was deleted meanwhile."""
    document = await load_account(info, account_id)
    if document is None:
        raise deleted_meanwhile("account")
    return Account.from_document(document)


async def list_accounts(info: Info, account_ids: Sequence[PydanticObjectId]) -> list[Account]:
    """Returns the accounts that exist and are visible."""
    loads = [load_account(info, account_id) for account_id in account_ids]
    return [
        Account.from_document(document)
        for document in await asyncio.gather(*loads)
        if document is not None and document.deleted_at is None
    ]


async def find_account_event(info: Info, event_id: str) -> AccountEvent | None:
    document = await load_account_event(info, event_id)
    return AccountEvent.from_document(document) if document else None


@strawberry.type
class AccountQueries:
    account = node_field(Account, load_kept_account)

    @connection_field(
        Account,
        permission_classes=[IsViewer],
        description="Lists the accounts visible to the caller, newest first. Requires role VIEWER.",
    )
    def accounts(self, info: Info) -> DocumentList:
        return DocumentList(models.Account, list_visible_accounts(get_viewer(info)))


def list_visible_accounts(viewer: Viewer) -> dict[str, object]:
    """Returns the filter of the accounts that a viewer may see."""
    return {"deleted_at": None, **viewer.limit_accounts("_id")}
