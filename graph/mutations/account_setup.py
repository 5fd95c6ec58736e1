"""Mutations that talk with WhatsApp about an account: checking it, and where its webhooks go."""

import strawberry
from beanie import PydanticObjectId
from strawberry import ID

from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.enums import WebhookLevel
from graph.core.ids import require_id
from graph.core.user_errors import refusals_as_data
from graph.execution.extensions import run_without_deadline
from graph.mutations.accounts import AccountPayload
from graph.mutations.auditing import audited
from graph.types.account_checks import AccountCheck
from graph.types.accounts import Account
from models import AuditAction
from whatsapp.accounts import account_check, webhook_subscription


@strawberry.input(description="The account to check.")
class CheckAccountInput:
    account_id: ID = strawberry.field(description="The account.")


@strawberry.input(description="Where WhatsApp is to post an account's webhooks.")
class SubscribeWebhooksInput:
    account_id: ID = strawberry.field(description="The account.")
    callback_url: str | None = strawberry.field(
        default=None,
        description="The URL, https and at most 200 characters; without it, the account's"
        " `webhookUrl`.",
    )
    level: WebhookLevel = strawberry.field(
        default=WebhookLevel.BUSINESS_ACCOUNT, description="For what it is set."
    )


@strawberry.input(description="Where WhatsApp is to post no webhooks any more.")
class UnsubscribeWebhooksInput:
    account_id: ID = strawberry.field(description="The account.")
    level: WebhookLevel = strawberry.field(
        default=WebhookLevel.BUSINESS_ACCOUNT,
        description="For what: all webhooks of the business account end, or the number's own URL"
        " is taken away and the business account's holds again.",
    )


@strawberry.type(description="The account, and what its check found.")
class CheckAccountPayload(AccountPayload):
    checks: list[AccountCheck] = strawberry.field(
        default_factory=list, description="One for each thing that was looked at."
    )


@strawberry.type(description="The account whose webhooks were subscribed.")
class SubscribeWebhooksPayload(AccountPayload):
    callback_url: str | None = strawberry.field(
        default=None, description="Where WhatsApp posts them; null if it was refused."
    )


@strawberry.type(description="The account whose webhooks were ended.")
class UnsubscribeWebhooksPayload(AccountPayload):
    pass


@strawberry.type
class AccountSetupMutations:
    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Asks WhatsApp whether the account's credentials work and its webhooks come"
        " here, and stores what it says of the number. What is not well is a finding in `checks`. A"
        " refused token stops the account; one that works starts it again, if that was the reason."
        " Requires role ADMIN.",
    )
    @refusals_as_data(CheckAccountPayload)
    @audited(AuditAction.ACCOUNT_CHECKED)
    async def check_account(self, info: Info, input: CheckAccountInput) -> CheckAccountPayload:
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
        found = document.last_check.checks if document.last_check else []
        return CheckAccountPayload(
            account=Account.from_document(document),
            checks=[AccountCheck.from_document(check) for check in found],
        )

    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Has WhatsApp post the webhooks of messages here, whatever the Meta app says;"
        " those about templates and the account always go to the app's own. WhatsApp asks the URL"
        " for a challenge first. Requires role ADMIN.",
    )
    @refusals_as_data(SubscribeWebhooksPayload)
    @audited(AuditAction.WEBHOOKS_SUBSCRIBED)
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
        return SubscribeWebhooksPayload(account=Account.from_document(document), callback_url=url)

    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Ends the webhooks of the whole business account, other numbers of it included,"
        " or only takes the number's own URL away. Requires role ADMIN.",
    )
    @refusals_as_data(UnsubscribeWebhooksPayload)
    @audited(AuditAction.WEBHOOKS_UNSUBSCRIBED)
    async def unsubscribe_webhooks(
        self, info: Info, input: UnsubscribeWebhooksInput
    ) -> UnsubscribeWebhooksPayload:
        document = await run_without_deadline(
            webhook_subscription.unsubscribe_webhooks(
                info.context.services.account_api,
                get_viewer(info),
                _require(input.account_id),
                level=input.level,
            )
        )
        return UnsubscribeWebhooksPayload(account=Account.from_document(document))


def _require(account_id: str) -> PydanticObjectId:
    return require_id(account_id, "Account", "accountId")
