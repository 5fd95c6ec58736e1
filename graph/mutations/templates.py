"""Mutations of message templates."""

import strawberry

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.ids import require_id
from graph.core.user_errors import UserError, refusals_as_data, user_errors
from graph.execution.extensions import run_without_deadline
from graph.types.accounts import Account
from whatsapp.accounts.accounts import get_account


@strawberry.input(description="The account whose templates are read.")
class SyncTemplatesInput:
    account_id: strawberry.ID = strawberry.field(description="The account.")


@strawberry.type(description="What was found.")
class SyncTemplatesPayload:
    account: Account | None = strawberry.field(
        default=None, description="The account; null if it was refused."
    )
    created: int = strawberry.field(default=0, description="Templates that were not known before.")
    updated: int = strawberry.field(default=0, description="Templates that had changed.")
    removed: int = strawberry.field(
        default=0, description="Templates that WhatsApp has no more: their status is DELETED now."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class TemplateMutations:
    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Reads all message templates of an account from WhatsApp, at once; by itself"
        " that happens now and then. Requires role AGENT.",
    )
    @refusals_as_data(SyncTemplatesPayload)
    async def sync_templates(self, info: Info, input: SyncTemplatesInput) -> SyncTemplatesPayload:
        account_id = require_id(input.account_id, "Account", "accountId")
        viewer, services = get_viewer(info), info.context.services
        account = await get_account(viewer, account_id)
        result = await run_without_deadline(services.template_syncs.sync.run(account))
        return SyncTemplatesPayload(
            account=Account.from_document(await get_account(viewer, account_id)),
            created=result.created,
            updated=result.updated,
            removed=result.removed,
        )
