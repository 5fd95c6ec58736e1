"""Mutations that check an account or change its webhooks at WhatsApp."""

import strawberry
from beanie import PydanticObjectId
from strawberry import ID

from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.enums import WebhookLevel
from graph.core.ids import require_id
from graph.core.scalars import Url
from graph.execution.extensions import run_without_deadline
from graph.mutations.accounts import AccountIdInput, AccountPayload
from graph.mutations.mutation_field import mutation_field
from graph.types.accounts import Account, AccountCheck
from models import AuditAction
from whatsapp.accounts import account_check, webhook_subscription


@strawberry.input(description="Input of `subscribeWebhooks`.")
class SubscribeWebhooksInput:
    account_id: ID = strawberry.field(description="Id of the account.")
    callback_url: Url | None = strawberry.field(
        default=None,
        description="Webhook URL, https and up to 200 characters; defaults to the account's"
        " `webhookUrl`.",
    )
    level: WebhookLevel = strawberry.field(
        default=WebhookLevel.BUSINESS_ACCOUNT, description="Level at which the URL is set."
    )


@strawberry.input(description="Input of `unsubscribeWebhooks`.")
class UnsubscribeWebhooksInput:
    account_id: ID = strawberry.field(description="Id of the account.")
    level: WebhookLevel = strawberry.field(
        default=WebhookLevel.BUSINESS_ACCOUNT,
        description="BUSINESS_ACCOUNT ends all webhooks of the business account; PHONE_NUMBER"
        " removes the number's own URL, so that the business account's applies again.",
    )


@strawberry.type(description="Result of `checkAccount`.")
class CheckAccountPayload(AccountPayload):
    checks: list[AccountCheck] = strawberry.field(
        default_factory=list, description="Results, one for each check."
    )


@strawberry.type(description="Result of `subscribeWebhooks`.")
class SubscribeWebhooksPayload(AccountPayload):
    callback_url: Url | None = strawberry.field(
        default=None,
        description="URL to which WhatsApp sends the webhooks; null if the mutation was refused.",
    )


@strawberry.type
class AccountSetupMutations:
    @mutation_field(
        IsAdmin,
        audit=AuditAction.ACCOUNT_CHECKED,
        description="Checks the account's credentials and webhooks with WhatsApp, and stores what"
        " WhatsApp reports about the number. A refused token stops the account; a valid token"
        " restarts an account stopped for that reason. Requires role ADMIN.",
    )
    async def check_account(self, info: Info, input: AccountIdInput) -> CheckAccountPayload:
        services = info.context.services
        document = await run_without_deadline(
            account_check.check_account(
                services.account_api,
                get_viewer(info),
                _require(input.account_id),
                keyring=services.keyring,
                settings=services.settings,
            )
        )
        checks = document.last_check.checks if document.last_check else []
        return CheckAccountPayload(
            account=Account.from_document(document),
            checks=[AccountCheck.from_document(check) for check in checks],
        )

    @mutation_field(
        IsAdmin,
        audit=AuditAction.WEBHOOKS_SUBSCRIBED,
        description="Directs the account's message webhooks to this server, overriding the Meta"
        " app's URL; template and account webhooks always go to the app's URL. WhatsApp first"
        " verifies the URL with a challenge. Requires role ADMIN.",
    )
    async def subscribe_webhooks(
        self, info: Info, input: SubscribeWebhooksInput
    ) -> SubscribeWebhooksPayload:
        services = info.context.services
        document, url = await run_without_deadline(
            webhook_subscription.subscribe_webhooks(
                services.account_api,
                get_viewer(info),
                _require(input.account_id),
                keyring=services.keyring,
                settings=services.settings,
                callback_url=input.callback_url,
                level=input.level,
            )
        )
        return SubscribeWebhooksPayload(
            account=Account.from_document(document), callback_url=Url(url)
        )

    @mutation_field(
        IsAdmin,
        audit=AuditAction.WEBHOOKS_UNSUBSCRIBED,
        description="Ends the webhooks of the business account with all its numbers, or removes"
        " only the number's own URL. Requires role ADMIN.",
    )
    async def unsubscribe_webhooks(
        self, info: Info, input: UnsubscribeWebhooksInput
    ) -> AccountPayload:
        document = await run_without_deadline(
            webhook_subscription.unsubscribe_webhooks(
                info.context.services.account_api,
                get_viewer(info),
                _require(input.account_id),
                level=input.level,
            )
        )
        return AccountPayload(account=Account.from_document(document))


def _require(account_id: str) -> PydanticObjectId:
    return require_id(account_id, "Account", "accountId")
